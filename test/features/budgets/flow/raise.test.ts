import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../../src/domain/email.ts";
import { scopeFrom } from "../../../../src/domain/scope.ts";
import { addMs, DAY_MS, type Instant, instant } from "../../../../src/domain/time.ts";
import { approve } from "../../../../src/features/approvals/flow/decide-approval.ts";
import { listOpenApprovals } from "../../../../src/features/approvals/index.ts";
import { loadRaiseForm } from "../../../../src/features/budgets/flow/raise-form.ts";
import {
  type RaiseRequest,
  requestRaise,
} from "../../../../src/features/budgets/flow/request-raise.ts";
import {
  checkDueBudgets,
  endRaises,
  listBudgetStatus,
  raiseEffects,
  replaceGovernedBudgets,
} from "../../../../src/features/budgets/index.ts";
import {
  type ScopeReading,
  scopeReadings,
} from "../../../../src/features/budgets/rules/commands.ts";
import { listAudit } from "../../../../src/store/audit.ts";
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
import { manualClock } from "../../../support/clock.ts";
import { useDatabase } from "../../../support/database.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:00:00Z";
const time = manualClock(NOW);
const BO = emailFrom("bo@acme.test");
const ANA = emailFrom("ana@acme.test");
const DANA = emailFrom("dana@acme.test");
const deps = {
  get database() {
    return db.pool;
  },
  clock: time.clock,
};

beforeEach(async () => {
  time.set(NOW);
  await forgetEverything(db.pool);
  await acme(db.pool);
  await replaceGovernedBudgets(
    db.pool,
    [aGovernedBudget(), aGovernedBudget({ key: "per-person", scope: "each:user", limit: usd(40) })],
    instant("2026-10-01T00:00:00Z"),
  );
});

async function check(): Promise<void> {
  while ((await checkDueBudgets(deps)) > 0);
}

function typed(text: string): { readonly readings: readonly ScopeReading[] } {
  return { readings: scopeReadings(text) };
}

async function raise(overrides: Partial<RaiseRequest> = {}): ReturnType<typeof requestRaise> {
  return await requestRaise(deps, {
    requester: BO,
    target: typed("search"),
    amount: { kind: "amount", amount: usd(200) },
    untilText: undefined,
    reason: "Launch week",
    ...overrides,
  });
}

async function apply(
  overrides: Partial<Parameters<typeof raiseEffects.apply>[1]> = {},
): Promise<void> {
  await inTransaction(db.pool, async (sql) => {
    await raiseEffects.apply(sql, {
      requestId: "request-1",
      kind: "budget_raise",
      scope: scopeFrom("team:search"),
      subject: { budget_id: "search-monthly", member_key: "" },
      amount: usd(200),
      endsAt: instant("2026-12-01T00:00:00Z"),
      requester: BO,
      beneficiary: BO,
      approvers: [ANA, DANA],
      decidedBy: DANA,
      decidedAt: time.clock(),
      ...overrides,
    });
  });
}

async function limitOf(scope: string, now: Instant = time.clock()): Promise<bigint | undefined> {
  const [status] = await listBudgetStatus(db.pool, { scope: scopeFrom(scope), now });
  return status?.limit;
}

describe("requestRaise", () => {
  test("asks the approvers, with what they need to know", async () => {
    await spend(db.pool, { amount: usd(450), at: NOW, of: { projectKey: "checkout" } });

    const result = await raise();

    expect(result).toMatchObject({
      kind: "requested",
      endsAt: instant("2026-12-01T00:00:00Z"),
      approvers: [ANA, DANA],
    });
    const [open] = await listOpenApprovals(db.pool, {});
    expect(open?.request).toMatchObject({
      kind: "budget_raise",
      scope: { kind: "team", key: "search" },
      subject: { budget_id: "search-monthly", member_key: "" },
      title: "Search, monthly budget",
      details: [
        "Now: $450.00 of $500.00 (90%), 8 days left.",
        "With the raise: $450.00 of $700.00 (64%).",
        "Forecast: – (needs 7 more days of usage).",
        "Projects: checkout $450.00.",
        "People: no person $450.00.",
        "No earlier raises of this budget.",
        "Estimated from usage events, as of Mon, Nov 23, 10:00 AM (UTC).",
      ],
      requestedAmount: usd(200),
      reason: "Launch week",
    });
  });

  test("names the forecast against the limit with and without the raise", async () => {
    for (let day = 0; day < 21; day += 1) {
      const at = addMs(instant(NOW), -day * DAY_MS);
      // oxlint-disable-next-line no-await-in-loop -- builds on one connection
      await spend(db.pool, { amount: usd(20), at, of: { projectKey: "checkout" } });
    }

    await raise();

    const [open] = await listOpenApprovals(db.pool, {});
    expect(open?.request.details.find((line) => line.startsWith("Forecast"))).toBe(
      "Forecast: $563 by Nov 30, 112% of the limit, 80% with the raise.",
    );
  });

  test("approved, the new limit is in force and ends by itself", async () => {
    await raise({ untilText: "friday" });
    const [open] = await listOpenApprovals(db.pool, {});

    await approve(
      {
        ...deps,
        database: db.pool,
        appliers: { budget_raise: raiseEffects, anthropic_limit_increase: raiseEffects },
      },
      { requestId: open?.request.requestId ?? "", actorEmail: ANA },
    );

    expect(await limitOf("team:search")).toBe(usd(700));
    expect(await limitOf("team:search", instant("2026-11-27T23:59:59Z"))).toBe(usd(700));
    expect(await limitOf("team:search", instant("2026-11-28T00:00:00Z"))).toBe(usd(500));
    expect(await sentLines(db.pool)).toContainEqual(
      "#team-search: The monthly budget of Search is $700.00 through Nov 27: ana@acme.test approved $200.00 more.",
    );
  });

  test.each([
    [["daily", "monthly", "weekly"], "search", "monthly"],
    [["monthly", "quarterly"], "search", "quarterly"],
    [["yearly", "quarterly"], "search", "yearly"],
    [["daily", "monthly", "weekly"], "search daily", "daily"],
    [["daily", "monthly", "weekly"], "search week", "weekly"],
  ] as const)("of %j, %j is the %s one, whatever was spent", async (periods, text, period) => {
    await replaceGovernedBudgets(
      db.pool,
      periods.map((one) => aGovernedBudget({ key: one, period: one, limit: usd(100) })),
      instant("2026-10-01T00:00:00Z"),
    );
    await spend(db.pool, { amount: usd(90), at: NOW });
    await spend(db.pool, { amount: usd(30), at: "2026-11-02T00:00:00Z" });

    expect(await raise({ target: typed(text) })).toMatchObject({
      named: { status: { budgetId: period } },
    });
  });

  test("of two with one period takes the scope's own", async () => {
    await replaceGovernedBudgets(
      db.pool,
      [aGovernedBudget({ key: "a-each", scope: "each:team" }), aGovernedBudget()],
      instant("2026-10-01T00:00:00Z"),
    );

    expect(await raise()).toMatchObject({ named: { status: { budgetId: "search-monthly" } } });
  });

  test("names the periods there are for one that has no budget", async () => {
    expect(await raise({ target: typed("search daily") })).toEqual({
      kind: "no-budget-of-period",
      name: "Search",
      typed: "search",
      periodKind: "daily",
      periodKinds: ["monthly"],
    });
  });

  test("a team whose name ends like a period is still found", async () => {
    await db.pool.query("update teams set name = 'Black Week' where team_key = 'search'");

    expect(await raise({ target: typed("black week") })).toMatchObject({
      named: { status: { budgetId: "search-monthly" } },
    });
  });

  test.each([
    ["search soon", { kind: "unexpected-words", typed: "search", words: "soon" }],
    ["search launch week", { kind: "unexpected-words", typed: "search", words: "launch week" }],
    ["me dayly", { kind: "unexpected-words", typed: "me", words: "dayly" }],
    [
      "serach daily",
      { kind: "unknown-scope", text: "serach", nearest: [{ typed: "search" }], period: "daily" },
    ],
    ["nobody knows", { kind: "unknown-scope", text: "nobody knows", nearest: [] }],
    ["ads daily", { kind: "not-allowed", text: "ads", period: "daily" }],
    ["ads soon", { kind: "not-allowed", text: "ads" }],
  ])("answers %j with what is wrong", async (text, result) => {
    expect(await raise({ target: typed(text) })).toMatchObject(result);
  });

  test("of a person's own budget names the person", async () => {
    expect(await raise({ target: typed("me") })).toMatchObject({
      kind: "requested",
      named: { name: BO, status: { memberKey: BO, limit: usd(40) } },
    });
  });

  test.each([
    ["a name that nobody knows", { target: typed("serach") }, "unknown-scope"],
    ["another team", { target: typed("ads") }, "not-allowed"],
    ["another person", { target: typed("ana@acme.test") }, "not-allowed"],
    [
      "somebody else's part in a button",
      { target: { ref: { budgetId: "per-person", memberKey: ANA } } },
      "not-allowed",
    ],
    [
      "a budget that does not exist",
      { target: { ref: { budgetId: "nope", memberKey: "" } } },
      "unknown-scope",
    ],
    ["a scope without a budget", { target: typed("project:checkout") }, "no-budget"],
    ["a date that is over", { untilText: "2026-11-22" }, "bad-until"],
    ["a date that is none", { untilText: "whenever" }, "bad-until"],
    ["a date too far ahead", { untilText: "2028-01-01" }, "bad-until"],
  ] as const)("refuses %s", async (_, overrides, kind) => {
    expect(await raise(overrides)).toMatchObject({ kind });
    expect(await listOpenApprovals(db.pool, {})).toEqual([]);
  });

  test("passes on why approvals refuse", async () => {
    for (let i = 0; i < 3; i += 1) await raise();

    expect(await raise()).toMatchObject({
      kind: "refused",
      text: expect.stringContaining("open requests") as unknown,
    });
  });
});

describe("applyRaise", () => {
  test("is recorded once, however often the decision is applied", async () => {
    await apply();
    await apply();

    expect(await limitOf("team:search")).toBe(usd(700));
    expect(await listAudit(db.pool, "budget:search-monthly")).toEqual([
      expect.objectContaining({ actor: DANA, action: "budget.raised" }),
    ]);
  });

  test("only growth into a step of the new limit alerts again", async () => {
    await spend(db.pool, { amount: usd(450), at: NOW });
    await check();
    await apply();
    await spend(db.pool, { amount: usd(50), at: NOW });
    await check();
    expect(await sentLines(db.pool)).toHaveLength(3); // the alert, that it is over, and the news of the raise
    await spend(db.pool, { amount: usd(60), at: NOW });
    await check();

    expect(await alertLines(db.pool)).toEqual([
      "search-monthly 50% of 500 higher-threshold",
      "search-monthly 80% of 500 announced",
      "search-monthly 50% of 700 limit-changed",
      "search-monthly 80% of 700 announced",
    ]);
  });

  test("raises one member and leaves the others", async () => {
    await apply({
      subject: { budget_id: "per-person", member_key: BO },
      scope: scopeFrom("user:bo@acme.test"),
    });

    expect(await limitOf("user:bo@acme.test")).toBe(usd(240));
    expect(await limitOf("user:ana@acme.test")).toBe(usd(40));
  });

  test("announces after its end what the lower limit finds newly reached", async () => {
    await apply({ endsAt: instant("2026-11-25T00:00:00Z") });
    await spend(db.pool, { amount: usd(520), at: NOW });
    await check();
    time.set("2026-11-25T08:00:00Z");
    await spend(db.pool, { amount: usd(1), at: "2026-11-25T08:00:00Z" });

    await check();

    expect((await sentLines(db.pool)).at(-1)).toContain(
      "Search is over its monthly budget: $521.00 of $500.00 (104%)",
    );
  });

  test.each([
    ["a budget that was removed", { subject: { budget_id: "gone", member_key: "" } }],
    ["a time that is over", { endsAt: instant("2026-11-23T10:00:00Z") }],
  ])("refuses %s", async (_, overrides) => {
    await expect(apply(overrides)).rejects.toMatchObject({ code: "conflict" });
    expect(await limitOf("team:search")).toBe(usd(500));
  });

  test("a raise and a check at once leave no threshold announced twice", async () => {
    await spend(db.pool, { amount: usd(450), at: NOW });

    await Promise.all([checkDueBudgets(deps), apply(), checkDueBudgets(deps)]);
    await check();

    const announced = (await alertLines(db.pool)).filter((line) => line.endsWith("announced"));
    expect(announced).toEqual(["search-monthly 80% of 500 announced"]);
  });
});

const load = async (overrides: Partial<Parameters<typeof loadRaiseForm>[1]> = {}) =>
  await loadRaiseForm(deps, {
    email: BO,
    target: undefined,
    untilText: undefined,
    amount: "",
    reason: "",
    ...overrides,
  });

describe("loadRaiseForm", () => {
  test("offers the person's budgets", async () => {
    const result = await load();

    expect(result).toMatchObject({ kind: "form", form: { selected: undefined } });
    expect(result.kind === "form" ? result.form.statuses.map(({ name }) => name) : []).toEqual([
      BO,
      "Search",
    ]);
  });

  test("chooses the budget that was named, with reason and date", async () => {
    const result = await load({
      target: typed("search month"),
      untilText: "friday",
      reason: "launch week",
    });

    expect(result).toMatchObject({
      kind: "form",
      form: {
        selected: { budgetId: "search-monthly", memberKey: "" },
        untilDate: "2026-11-27",
        reason: "launch week",
      },
    });
  });

  test("lists all budgets of the scope, the chosen one first and none twice", async () => {
    await replaceGovernedBudgets(
      db.pool,
      (["daily", "monthly", "weekly"] as const).map((period) =>
        aGovernedBudget({ key: period, period }),
      ),
      instant("2026-10-01T00:00:00Z"),
    );

    const result = await load({ target: typed("search weekly"), email: ANA });

    const statuses = result.kind === "form" ? result.form.statuses : [];
    expect(statuses.map(({ status }) => status.budgetId)).toEqual(["weekly", "monthly", "daily"]);
  });

  test("says what is wrong, with the nearest budget chosen", async () => {
    expect(await load({ target: typed("serach") })).toMatchObject({
      kind: "form",
      form: {
        selected: { budgetId: "search-monthly" },
        note: "I don't know “serach”. Did you mean Search?",
      },
    });
  });

  test("suggests only what the person may see, and offers their own", async () => {
    for (const scopeText of ["adss", "user:anna", "ads"]) {
      const result = await load({ target: typed(scopeText) });
      expect(result).toMatchObject({ kind: "form", form: { selected: undefined } });
      const { note = "", statuses = [] } = result.kind === "form" ? result.form : {};
      expect(note).toContain(`“${scopeText}”`);
      expect(note).not.toMatch(/Ads|ana@/);
      expect(statuses.map(({ name }) => name)).not.toContain("Ads");
    }
  });

  test("has nothing to offer where there is no budget", async () => {
    await replaceGovernedBudgets(db.pool, [], time.clock());

    expect(await load()).toEqual({ kind: "none" });
  });
});

describe("the end of a raise", () => {
  const revoked = {
    requestId: "request-1",
    scope: scopeFrom("team:search"),
    subject: { budget_id: "search-monthly", member_key: "" },
    revokedBy: DANA,
    reason: "Launch is off",
  };

  test("taken back, the former limit is in force at once; the grant stays as it was", async () => {
    await apply();
    time.set("2026-11-24T10:00:00Z");

    for (let again = 0; again < 2; again += 1) {
      await inTransaction(db.pool, async (sql) => {
        await raiseEffects.revoke(sql, { ...revoked, revokedAt: time.clock() });
      });
    }

    expect(await limitOf("team:search", instant("2026-11-24T09:59:59Z"))).toBe(usd(700));
    expect(await limitOf("team:search")).toBe(usd(500));
    const { rows } = await db.pool.query(`select g.valid_until from budget_grants g`);
    expect(rows).toEqual([{ valid_until: new Date("2026-12-01T00:00:00Z") }]);
    expect((await listAudit(db.pool, "budget:search-monthly")).map(({ action }) => action)).toEqual(
      ["budget.raised", "budget.raise_revoked"],
    );
    time.set("2026-12-02T00:00:00Z");
    expect(await endRaises(deps)).toBe(0);
  });

  test("by itself, is said once, by whichever replica comes first, also long after", async () => {
    await apply();
    time.set("2026-11-30T23:59:59Z");
    expect(await endRaises(deps)).toBe(0);
    time.set("2027-01-15T00:00:00Z");

    const counts = await Promise.all([1, 2, 3].map(async () => await endRaises(deps)));

    expect(counts.reduce((sum, count) => sum + count)).toBe(1);
    const ended = (await sentLines(db.pool)).filter((line) => line.includes("has ended"));
    expect(ended).toEqual([
      "#team-search: The raise of $200.00 in the monthly budget of Search has ended. The limit is $500.00 now: $0.00 of $500.00 (0%).",
    ]);
  });
});
