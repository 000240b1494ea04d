import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../../src/domain/email.ts";
import { instant, timeZone } from "../../../../src/domain/time.ts";
import { checkDueBudgets, replaceGovernedBudgets } from "../../../../src/features/budgets/index.ts";
import type { GovernedBudget } from "../../../../src/features/budgets/rules.ts";
import {
  acme,
  aGovernedBudget,
  alertLines,
  forgetEverything,
  sentLines,
  spend,
} from "../../../support/budget-builders.ts";
import { usd } from "../../../support/builders.ts";
import { fixedClock, manualClock } from "../../../support/clock.ts";
import { useDatabase } from "../../../support/database.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:00:00Z";

beforeEach(async () => {
  await forgetEverything(db.pool);
  await acme(db.pool);
});

async function govern(...budgets: readonly GovernedBudget[]): Promise<void> {
  await replaceGovernedBudgets(db.pool, budgets, instant("2026-10-01T00:00:00Z"));
}

async function check(now = NOW): Promise<number> {
  return await checkDueBudgets({ database: db.pool, clock: fixedClock(now) });
}

/** Until that many transactions wait for a lock of another. */
async function untilWaiting(transactions: number): Promise<void> {
  const countWaiting = async (): Promise<number> => {
    const { rows } = await db.pool.query(
      `select from pg_stat_activity a
        where a.datname = current_database() and a.wait_event_type = 'Lock'`,
    );
    return rows.length;
  };
  await expect.poll(countWaiting).toBe(transactions);
}

async function waiting(): Promise<number> {
  const { rows } = await db.pool.query("select from budget_checks");
  return rows.length;
}

describe("checkDueBudgets", () => {
  test("announces a threshold once and empties the queue", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(410), at: NOW });

    expect(await check()).toBe(1);
    await spend(db.pool, { amount: usd(1), at: NOW });
    await check();

    expect(await alertLines(db.pool)).toEqual([
      "search-monthly 50% of 500 higher-threshold",
      "search-monthly 80% of 500 announced",
    ]);
    expect(await sentLines(db.pool)).toEqual([
      "#team-search: Search passed 80% of its monthly budget: $410.00 of $500.00 (82%). 8 days left, through Nov 30. At this pace $549 by then, $49 over the limit.",
    ]);
    expect(await check()).toBe(0);
  });

  test("says nothing again after a correction down and growth up", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(410), at: NOW });
    await check();
    await spend(db.pool, { amount: usd(-300), at: NOW });
    await check();
    await spend(db.pool, { amount: usd(300), at: NOW });

    await check();

    expect(await sentLines(db.pool)).toEqual([
      expect.stringContaining("Search passed 80%"),
      "#team-search: No longer the case: Spend is at $110.00 of $500.00 (22%).",
    ]);
  });

  test("keeps the budgets of each person apart and tells that person", async () => {
    await govern(aGovernedBudget({ key: "per-person", scope: "each:user", limit: usd(40) }));
    await spend(db.pool, { amount: usd(40), at: NOW, of: aUser("bo@acme.test") });
    await spend(db.pool, { amount: usd(10), at: NOW, of: aUser("ana@acme.test") });
    await spend(db.pool, { amount: usd(1_000), at: NOW });

    await check();

    expect(await alertLines(db.pool)).toEqual([
      "per-person bo@acme.test 50% of 40 higher-threshold",
      "per-person bo@acme.test 80% of 40 higher-threshold",
      "per-person bo@acme.test 100% of 40 announced",
    ]);
    expect(await sentLines(db.pool)).toEqual([
      expect.stringMatching(
        /^email:bo@acme\.test: You have used up your monthly budget: \$40\.00 of/,
      ),
    ]);
  });

  test("counts for a person what lies in the period and nothing beside it", async () => {
    await govern(aGovernedBudget({ key: "per-person", scope: "each:user", limit: usd(100) }));
    const of = aUser("bo@acme.test");
    await spend(db.pool, { amount: usd(40), at: "2026-10-31T23:59:59Z", of });
    await spend(db.pool, { amount: usd(25), at: "2026-11-01T00:00:00Z", of });
    await spend(db.pool, { amount: usd(25), at: "2026-11-30T23:59:59Z", of });
    await spend(db.pool, { amount: usd(40), at: "2026-12-01T00:00:00Z", of });

    await check("2026-11-30T23:59:59Z");

    expect(await sentLines(db.pool)).toEqual([expect.stringContaining("$50.00 of $100.00 (50%)")]);
  });

  test("sums what carries a tag, of whatever team", async () => {
    await govern(aGovernedBudget({ key: "prod", scope: "tag:env=prod", limit: usd(100) }));
    const prod = { env: "prod", feature: "a=b" };
    await spend(db.pool, { amount: usd(30), at: NOW, tags: prod });
    await spend(db.pool, { amount: usd(30), at: NOW, tags: prod, of: { teamKey: "ads" } });
    await spend(db.pool, { amount: usd(500), at: NOW, tags: { env: "test" } });

    await check();

    expect(await alertLines(db.pool)).toEqual(["prod 50% of 100 announced"]);
    expect(await sentLines(db.pool)).toEqual([
      expect.stringMatching(/^#finops: Tag env=prod passed/),
    ]);
  });

  test("alerts several budgets that the same spend counts towards", async () => {
    await govern(
      aGovernedBudget(),
      aGovernedBudget({ key: "org-daily", scope: "org", period: "daily", limit: usd(300) }),
      aGovernedBudget({ key: "ads", scope: "team:ads", limit: usd(1) }),
    );
    await spend(db.pool, { amount: usd(300), at: NOW });

    await check();

    expect((await alertLines(db.pool)).filter((line) => line.endsWith("announced"))).toEqual([
      "org-daily 100% of 300 announced",
      "search-monthly 50% of 500 announced",
    ]);
  });

  test("changes nothing for a period that is over", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(600), at: "2026-10-31T23:59:59Z" });

    expect(await check()).toBe(1);

    expect(await alertLines(db.pool)).toEqual([]);
  });

  test("counts late spend of the current period", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(600), at: "2026-11-01T00:00:00Z" });

    await check();

    expect(await sentLines(db.pool)).toHaveLength(1);
  });

  test("begins anew with the next period", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(600), at: NOW });
    await check();
    await spend(db.pool, { amount: usd(600), at: "2026-12-01T08:00:00Z" });

    await check("2026-12-01T09:00:00Z");

    expect(await sentLines(db.pool)).toHaveLength(2);
  });

  test("leaves spend that is dated ahead until its time has come", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(600), at: "2026-12-01T00:10:00Z" });

    expect(await check("2026-11-30T23:50:00Z")).toBe(0);
    expect(await check("2026-12-01T00:10:00Z")).toBe(1);

    expect(await sentLines(db.pool)).toHaveLength(1);
  });

  test("a month of a zone with daylight saving ends at that zone's midnight", async () => {
    const berlin = timeZone("Europe/Berlin");
    await govern(aGovernedBudget({ timeZone: berlin, limit: usd(100) }));
    // October 2026 in Berlin: from Sep 30, 22:00 UTC (summer time) to Oct 31, 23:00 UTC.
    await spend(db.pool, { amount: usd(40), at: "2026-09-30T21:59:59Z" });
    await spend(db.pool, { amount: usd(25), at: "2026-09-30T22:00:00Z" });
    await spend(db.pool, { amount: usd(25), at: "2026-10-31T22:59:59Z" });
    await spend(db.pool, { amount: usd(40), at: "2026-10-31T23:00:00Z" });

    await check("2026-10-31T22:59:59Z");
    await check("2026-10-31T23:00:00Z");

    expect(await sentLines(db.pool)).toEqual([
      expect.stringContaining(
        "Search passed 50% of its monthly budget: $50.00 of $100.00 (50%). Ends today. At this pace $50 by then",
      ),
    ]);
  });

  test("two replicas that found the same threshold announce it once", async () => {
    await govern(aGovernedBudget());
    const other = db.openPool();
    const clock = fixedClock(NOW);
    const blocker = await db.pool.connect();
    await blocker.query("begin");
    await blocker.query("select from budgets for update");

    // Each takes one check out of the queue and waits for the budget.
    await spend(db.pool, { amount: usd(260), at: NOW });
    const first = checkDueBudgets({ database: db.pool, clock });
    await untilWaiting(1);
    await spend(db.pool, { amount: usd(1), at: NOW });
    const second = checkDueBudgets({ database: other, clock });
    await untilWaiting(2);
    await blocker.query("commit");
    blocker.release();

    expect(await Promise.all([first, second])).toEqual([1, 1]);
    expect(await alertLines(db.pool)).toEqual(["search-monthly 50% of 500 announced"]);
    expect(await sentLines(db.pool)).toHaveLength(1);
  });

  test("replicas that interleave with ingest announce each threshold at most once and miss none", async () => {
    await govern(aGovernedBudget({ thresholdPercents: [20, 40, 60, 80, 100] }));
    const other = db.openPool();
    const clock = fixedClock(NOW);
    const ingest = async (): Promise<void> => {
      for (let i = 0; i < 25; i += 1) await spend(db.pool, { amount: usd(20), at: NOW });
    };
    const ingesting = { isOver: false };
    const work = async (database: typeof db.pool): Promise<void> => {
      while (!ingesting.isOver) await checkDueBudgets({ database, clock });
    };
    const workers = Promise.all([work(db.pool), work(other)]);
    await ingest().finally(() => {
      ingesting.isOver = true;
    });
    await workers;

    await check();

    const lines = await alertLines(db.pool);
    expect(new Set(lines.map((line) => line.split(" ")[1]))).toEqual(
      new Set(["100%", "20%", "40%", "60%", "80%"]),
    );
    expect(lines).toHaveLength(5);
    expect(await sentLines(db.pool)).toHaveLength(
      lines.filter((line) => line.endsWith("announced")).length,
    );
  });

  test("a failure leaves alert, message and queue as they were", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(600), at: NOW });
    await db.pool.query(
      `alter table outbox_messages add constraint refuse_all check (kind <> 'alert')`,
    );

    await expect(check()).rejects.toThrow("refuse_all");

    await db.pool.query(`alter table outbox_messages drop constraint refuse_all`);
    expect(await alertLines(db.pool)).toEqual([]);
    expect(await waiting()).toBe(1);
    await check();
    expect(await sentLines(db.pool)).toHaveLength(1);
  });

  test("works off more than one batch holds in several calls", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(300), at: NOW });
    await db.pool.query(
      `insert into budget_checks (spend_dimension_id, occurred_at)
       select c.spend_dimension_id, c.occurred_at from budget_checks c, generate_series(1, 700)`,
    );

    expect([await check(), await check(), await check()]).toEqual([500, 201, 0]);

    expect(await sentLines(db.pool)).toHaveLength(1);
  });

  test("tells the admins where there is no channel at all", async () => {
    await db.pool.query("update organization_settings set finops_channel = null");
    await db.pool.query("insert into admins (email) values ('eve@acme.test')");
    await govern(aGovernedBudget({ key: "org", scope: "org" }));
    await spend(db.pool, { amount: usd(300), at: NOW });

    await check();

    expect((await sentLines(db.pool)).map((line) => line.split(": ")[0])).toEqual([
      "email:dana@acme.test",
      "email:eve@acme.test",
    ]);
  });

  test("a team's channel never reads what a person spent", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(600), at: NOW, of: aUser("bo@acme.test") });

    await check();

    const { rows } = await db.pool.query<{ readonly blocks: unknown }>(
      "select m.blocks from outbox_messages m",
    );
    expect(JSON.stringify(rows)).toContain("Top project: no project $600.00");
    expect(JSON.stringify(rows)).not.toContain("bo@acme.test");
  });

  test("logs one summary of its work", async () => {
    await govern(aGovernedBudget());
    await spend(db.pool, { amount: usd(600), at: NOW });
    const lines: unknown[] = [];
    const { clock } = manualClock(NOW);

    await checkDueBudgets({
      database: db.pool,
      clock,
      log: { info: (fields) => lines.push(fields) },
    });
    await checkDueBudgets({
      database: db.pool,
      clock,
      log: { info: (fields) => lines.push(fields) },
    });

    expect(lines).toEqual([
      { work: "budget_check", outcome: "done", checks: 1, budgets: 1, alerts: 1, duration_ms: 0 },
    ]);
  });
});

function aUser(email: string): { readonly userEmail: ReturnType<typeof emailFrom> } {
  return { userEmail: emailFrom(email) };
}
