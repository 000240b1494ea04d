import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../../src/domain/email.ts";
import { ORG_SCOPE, scopeFrom } from "../../../../src/domain/scope.ts";
import { instant, timeZone } from "../../../../src/domain/time.ts";
import { changeBudgets } from "../../../../src/features/budgets/flow/change-budgets.ts";
import { listBudgetStatus } from "../../../../src/features/budgets/flow/status.ts";
import { checkDueBudgets, replaceGovernedBudgets } from "../../../../src/features/budgets/index.ts";
import {
  budgetFromGovernance,
  type GovernedBudget,
} from "../../../../src/features/budgets/rules.ts";
import { inTransaction } from "../../../../src/store/database.ts";
import {
  acme,
  aGovernedBudget,
  alertLines,
  forgetEverything,
  sentLines,
  spend,
} from "../../../support/budget-builders.ts";
import { usd } from "../../../support/builders.ts";
import { fixedClock } from "../../../support/clock.ts";
import { useDatabase } from "../../../support/database.ts";

const db = useDatabase();
const NOW = instant("2026-11-23T10:00:00Z");
const clock = fixedClock("2026-11-23T10:00:00Z");
const DANA = emailFrom("dana@acme.test");
const ANA = emailFrom("ana@acme.test");
const BO = emailFrom("bo@acme.test");

beforeEach(async () => {
  await forgetEverything(db.pool);
  await acme(db.pool);
});

async function govern(...budgets: readonly GovernedBudget[]): Promise<void> {
  await inTransaction(db.pool, async (sql) => {
    await replaceGovernedBudgets(sql, budgets, NOW);
  });
}

async function check(): Promise<void> {
  while ((await checkDueBudgets({ database: db.pool, clock })) > 0);
}

async function budgetRows(): Promise<unknown[]> {
  const { rows } = await db.pool.query<{ readonly line: string }>(
    `select b.budget_id || ' ' || b.scope || ' ' || trim_scale(b.base_limit_usd)
            || case when b.archived_at is null then '' else ' archived' end as line
       from budgets b order by b.budget_id`,
  );
  return rows.map((row) => row.line);
}

describe("replaceGovernedBudgets", () => {
  test("adds, changes and archives by key", async () => {
    await govern(aGovernedBudget(), aGovernedBudget({ key: "old", scope: "org" }));

    await govern(
      aGovernedBudget({ limit: usd(600) }),
      aGovernedBudget({ key: "new", scope: "each:user" }),
    );

    expect(await budgetRows()).toEqual([
      "new each:user 500",
      "old org 500 archived",
      "search-monthly team:search 600",
    ]);
  });

  test("applied again changes nothing and says nothing", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(260), at: NOW });

    await govern(aGovernedBudget());

    expect(await alertLines(db.pool)).toEqual([]);
    expect(await budgetRows()).toEqual(["search-monthly team:search 500"]);
  });

  test("announces once what a new budget finds reached", async () => {
    await spend(db.pool, { amount: usd(450), at: NOW });

    await govern(aGovernedBudget());
    await govern(aGovernedBudget());
    await check();

    expect(await sentLines(db.pool)).toEqual([
      expect.stringContaining("Search passed 80% of its monthly budget: $450.00 of $500.00 (90%)"),
    ]);
  });

  test("records silently what a changed limit finds reached, then announces growth", async () => {
    await govern(aGovernedBudget({ limit: usd(1_000) }));
    await spend(db.pool, { amount: usd(450), at: NOW });
    await check();

    await govern(aGovernedBudget({ limit: usd(500) }));
    await check();
    expect(await sentLines(db.pool)).toEqual([]);
    await spend(db.pool, { amount: usd(50), at: NOW });
    await check();

    expect(await alertLines(db.pool)).toEqual([
      "search-monthly 50% of 500 limit-changed",
      "search-monthly 80% of 500 limit-changed",
      "search-monthly 100% of 500 announced",
    ]);
  });

  test("announces under the old limit what was not seen before the change", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(450), at: NOW });

    await govern(aGovernedBudget({ limit: usd(510) }));
    await check();

    expect(await alertLines(db.pool)).toEqual([
      "search-monthly 50% of 500 higher-threshold",
      "search-monthly 80% of 500 announced",
      "search-monthly 50% of 510 limit-changed",
      "search-monthly 80% of 510 limit-changed",
    ]);
  });

  test("says nothing again when a limit goes back to where it was", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(450), at: NOW });
    await check();
    await govern(aGovernedBudget({ limit: usd(1_000) }));

    await govern(aGovernedBudget());
    await check();

    expect((await sentLines(db.pool)).slice(1)).toEqual([
      "#team-search: No longer the case: Spend is at $450.00 of $1,000.00 (45%).",
    ]);
  });

  test("records a changed limit for each member of a budget for each person", async () => {
    const each = { key: "per-person", scope: "each:user" } as const;
    await govern(aGovernedBudget({ ...each, limit: usd(1_000) }));
    await spend(db.pool, { amount: usd(60), at: NOW, of: { userEmail: ANA } });
    await spend(db.pool, { amount: usd(20), at: NOW, of: { userEmail: BO } });
    await check();

    await govern(aGovernedBudget({ ...each, limit: usd(100) }));
    await check();

    expect(await alertLines(db.pool)).toEqual([
      "per-person ana@acme.test 50% of 100 limit-changed",
    ]);
  });

  test("treats a budget with another scope as new", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(450), at: NOW });
    await spend(db.pool, { amount: usd(300), at: NOW, of: { teamKey: "ads" } });
    await check();

    await govern(aGovernedBudget({ scope: "team:ads" }));
    await govern(aGovernedBudget());

    expect(await alertLines(db.pool)).toEqual([
      "search-monthly 50% of 500 higher-threshold",
      "search-monthly 50% of 500 announced",
      "search-monthly 80% of 500 announced",
    ]);
    expect(await sentLines(db.pool)).toHaveLength(2);
  });

  test("an archived budget alerts nobody until it is back, and then says nothing twice", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(260), at: NOW });
    await check();
    await govern();
    await spend(db.pool, { amount: usd(150), at: NOW });
    await check();
    expect(await sentLines(db.pool)).toHaveLength(1);

    await govern(aGovernedBudget());
    await check();

    expect((await sentLines(db.pool)).slice(1)).toEqual([expect.stringContaining("passed 80%")]);
    await spend(db.pool, { amount: usd(90), at: NOW });
    await check();
    expect((await sentLines(db.pool)).slice(2)).toEqual([expect.stringContaining("has used up")]);
  });

  test("leaves budgets alone that stand beside the document", async () => {
    const one = aGovernedBudget({
      key: "slack:team:search:daily",
      limit: usd(50),
      period: "daily",
    });
    const after = { ...budgetFromGovernance(one), managedBy: "slack" as const };
    const by = { at: NOW, by: DANA, reason: "budget set" };
    await changeBudgets(db.pool, [{ before: undefined, after, isNewLimit: true }], by);

    await govern();

    expect(await budgetRows()).toEqual(["slack:team:search:daily team:search 50"]);
  });
});

const lines = async (query: Omit<Parameters<typeof listBudgetStatus>[1], "now">) =>
  (await listBudgetStatus(db.pool, { ...query, now: NOW })).map(
    (status) => `${status.budgetId} ${status.memberKey} ${String(status.percent)}%`,
  );

describe("listBudgetStatus", () => {
  beforeEach(async () => {
    await govern(
      aGovernedBudget(),
      aGovernedBudget({ key: "org", scope: "org", limit: usd(10_000) }),
      aGovernedBudget({ key: "person", scope: "each:user", limit: usd(40), period: "weekly" }),
      aGovernedBudget({ key: "ads", scope: "team:ads" }),
      aGovernedBudget({ key: "opus", scope: "model:claude-opus-5-5" }),
    );
    await spend(db.pool, { amount: usd(50), at: NOW, of: { userEmail: BO } });
    await spend(db.pool, { amount: usd(-9), at: NOW, of: { teamKey: "ads" } });
  });
  test("of everything lists members who spent something, nearest the limit first", async () => {
    expect(await lines({})).toEqual([
      "person bo@acme.test 125%",
      "search-monthly  10%",
      "opus  8%",
      "ads  0%",
      "org  0%",
    ]);
  });

  test("of a scope lists its own and its part of a budget for each", async () => {
    expect(await lines({ scope: scopeFrom("user:ana@acme.test") })).toEqual([
      "person ana@acme.test 0%",
    ]);
    expect(await lines({ scope: ORG_SCOPE })).toEqual(["org  0%"]);
  });

  test("of a person lists what concerns them, of an admin everything but other people", async () => {
    const bo = { email: BO, isAdmin: false, ownedTeams: [], memberTeams: ["search"] };
    const dana = { email: DANA, isAdmin: true, ownedTeams: [], memberTeams: [] };

    expect(await lines({ person: bo })).toEqual([
      "person bo@acme.test 125%",
      "search-monthly  10%",
    ]);
    expect(await lines({ person: dana })).toEqual([
      "search-monthly  10%",
      "opus  8%",
      "ads  0%",
      "org  0%",
      "person dana@acme.test 0%",
    ]);
  });

  test("knows the period in the budget's zone", async () => {
    await govern(aGovernedBudget({ timeZone: timeZone("America/New_York"), period: "daily" }));

    const [status] = await listBudgetStatus(db.pool, { now: NOW });

    expect(status?.period).toEqual({
      start: instant("2026-11-23T05:00:00Z"),
      end: instant("2026-11-24T05:00:00Z"),
    });
  });
});
