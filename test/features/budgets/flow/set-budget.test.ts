/** `budget set` is an edit of the governance document: one truth, one history. */
import { beforeEach, describe, expect, test } from "vitest";
import { governanceAppliers } from "../../../../src/app/appliers.ts";
import { emailFrom } from "../../../../src/domain/email.ts";
import { instant, timeZone } from "../../../../src/domain/time.ts";
import { changeBudgets } from "../../../../src/features/budgets/flow/change-budgets.ts";
import { setBudget } from "../../../../src/features/budgets/flow/set-budget.ts";
import { checkDueBudgets } from "../../../../src/features/budgets/index.ts";
import { budgetFromGovernance } from "../../../../src/features/budgets/rules.ts";
import { insertGrant } from "../../../../src/features/budgets/store/grants.ts";
import {
  applyGovernance,
  listGovernanceVersions,
} from "../../../../src/features/governance/index.ts";
import { listAudit } from "../../../../src/store/audit.ts";
import {
  aGovernedBudget,
  forgetEverything,
  sentLines,
  spend,
} from "../../../support/budget-builders.ts";
import { usd } from "../../../support/builders.ts";
import { fixedClock } from "../../../support/clock.ts";
import { useDatabase } from "../../../support/database.ts";
import { applyAcme, budgetsInForce } from "../../../support/governance-builders.ts";

const db = useDatabase();
const NOW = instant("2026-11-23T10:00:00Z");
const clock = fixedClock("2026-11-23T10:00:00Z");
const DANA = emailFrom("dana@acme.test");
const ANA = emailFrom("ana@acme.test");
const BO = emailFrom("bo@acme.test");
const deps = () => ({ database: db.pool, clock, appliers: governanceAppliers });

const SEARCH = `budgets:
  # the whole team
  - { key: search-all, scope: "team:search", limit: "500", period: monthly, thresholds: [ 75 ] } # agreed
`;

beforeEach(async () => {
  await forgetEverything(db.pool);
  await applyAcme(deps());
});

async function set(actor = DANA, scopeText = "search", dollars = 500) {
  const command = { actor, scopeText, amount: usd(dollars), periodKind: "monthly" } as const;
  return await setBudget(deps(), command);
}

async function check(): Promise<void> {
  while ((await checkDueBudgets({ database: db.pool, clock })) > 0);
}

async function budgetRows(): Promise<readonly string[]> {
  const { rows } = await db.pool.query<{ readonly line: string }>(
    `select b.budget_id || ' ' || b.scope || ' ' || trim_scale(b.base_limit_usd) || ' ' || b.managed_by
            || case when b.archived_at is null then '' else ' archived' end as line
       from budgets b order by b.budget_id`,
  );
  return rows.map((row) => row.line);
}

describe("setBudget", () => {
  test("adds a budget to the document, with a version of who did what", async () => {
    await spend(db.pool, { amount: usd(100), at: NOW });

    const result = await set(ANA, "project:checkout");

    expect(result).toMatchObject({
      kind: "set",
      before: undefined,
      named: { name: "project checkout", status: { limit: usd(500) } },
    });
    expect(await budgetsInForce(db.pool)).toBe(
      `budgets:\n  - key: checkout-monthly\n    scope: project:checkout\n    limit: "500.00"\n    period: monthly\n`,
    );
    const { versions } = await listGovernanceVersions(deps(), { limit: 1 });
    expect(versions[0]).toMatchObject({
      version: 2,
      appliedBy: ANA,
      changes: ["budget checkout-monthly: added"],
    });
    expect((await listAudit(db.pool, "governance")).at(-1)).toMatchObject({
      actor: ANA,
      action: "governance.applied",
      after: { version: 2, changes: ["budget checkout-monthly: added"] },
    });
  });

  test("changes the limit of a budget of the document and nothing else there", async () => {
    await applyAcme(deps(), SEARCH);

    expect(await set(DANA, "Search", 900)).toMatchObject({ kind: "set", before: usd(500) });

    expect(await budgetsInForce(db.pool)).toBe(SEARCH.replace('"500"', '"900.00"'));
    expect(await budgetRows()).toEqual(["search-all team:search 900 governance"]);
    const { rows } = await db.pool.query(
      `select l.limit_usd::float as limit, l.changed_by from budget_limits l order by l.budget_limit_id`,
    );
    expect(rows).toEqual([
      { limit: 500, changed_by: DANA },
      { limit: 900, changed_by: DANA },
    ]);
  });

  test("a document applied later decides about it as about every other", async () => {
    await set();

    await applyGovernance(deps(), {
      text: "organization: { name: Acme, admins: [dana@acme.test] }\n",
      appliedBy: "api",
    });

    expect(await budgetRows()).toEqual(["search-monthly team:search 500 governance archived"]);
  });

  test("set to what it is leaves no trace, however the document writes the amount", async () => {
    await applyAcme(deps(), SEARCH);

    expect(await set()).toMatchObject({ kind: "unchanged" });

    expect(await budgetsInForce(db.pool)).toBe(SEARCH);
    expect((await listGovernanceVersions(deps(), { limit: 9 })).versions).toHaveLength(1);
  });

  test("says nothing of what a higher limit finds reached", async () => {
    await set();
    await spend(db.pool, { amount: usd(90), at: NOW });
    await check();

    expect(await set(DANA, "search", 100)).toMatchObject({ kind: "set", before: usd(500) });
    await check();

    expect(await sentLines(db.pool)).toEqual([]);
  });

  test("two people who set it at once make one budget", async () => {
    const results = await Promise.all([set(), set()]);

    expect(results.map(({ kind }) => kind)).toContain("set");
    expect(await budgetRows()).toEqual(["search-monthly team:search 500 governance"]);
  });

  test("two limits of one period are not told apart by a guess", async () => {
    await applyAcme(
      deps(),
      `${SEARCH}  - { key: search-too, scope: "team:search", limit: "5", period: monthly }\n`,
    );

    expect(await set(DANA, "search", 900)).toMatchObject({
      kind: "several",
      keys: ["search-all", "search-too"],
    });
    expect((await budgetRows()).join()).not.toContain("900");
  });

  test("a budget that stood beside the document moves into it, with its raises", async () => {
    const budgetId = "slack:team:search:monthly";
    const beside = budgetFromGovernance(
      aGovernedBudget({ key: budgetId, scope: "team:search", limit: usd(300) }),
    );
    const after = { ...beside, managedBy: "slack" as const, timeZone: timeZone("UTC") };
    const by = { at: NOW, by: DANA, reason: "budget set" };
    await changeBudgets(db.pool, [{ before: undefined, after, isNewLimit: true }], by);
    await insertGrant(db.pool, {
      grantId: "g1",
      budgetId,
      memberKey: "",
      amount: usd(50),
      validFrom: instant("2026-11-01T00:00:00Z"),
      validUntil: instant("2026-12-01T00:00:00Z"),
      approvalRequestId: "r1",
    });

    expect(await set(DANA, "search", 400)).toMatchObject({
      kind: "set",
      before: usd(300),
      named: { status: { limit: usd(450), grants: usd(50) } },
    });

    expect(await budgetRows()).toEqual([`${budgetId} team:search 400 governance`]);
    expect(await budgetsInForce(db.pool)).toContain(`key: ${budgetId}`);
    expect(await set(DANA, "search", 410)).toMatchObject({ kind: "set", before: usd(400) });
    expect(await budgetRows()).toEqual([`${budgetId} team:search 410 governance`]);
  });

  test("where only the file decides, nothing is made beside it", async () => {
    const command = {
      actor: DANA,
      scopeText: "search",
      amount: usd(5),
      periodKind: "daily",
    } as const;

    expect(await setBudget({ ...deps(), isFileOnly: true }, command)).toMatchObject({
      kind: "file-only",
    });
    expect(await budgetRows()).toEqual([]);
  });

  test.each([
    [BO, "search", "may-not-set"],
    [ANA, "search", "may-not-set"],
    [BO, "project:checkout", "may-not-set"],
    [ANA, "project:checkout", "set"],
    [ANA, "bo@acme.test", "set"],
    [ANA, "me", "may-not-set"],
    [ANA, "ads", "not-allowed"],
    [BO, "org", "not-allowed"],
    [DANA, "org", "set"],
    [DANA, "serach", "unknown-scope"],
  ])("of %s for %s: %s", async (actor, scopeText, kind) => {
    expect(await set(actor, scopeText)).toMatchObject({ kind });
    expect(await budgetRows()).toHaveLength(kind === "set" ? 1 : 0);
  });
});
