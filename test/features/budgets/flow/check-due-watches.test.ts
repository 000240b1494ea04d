import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../../src/domain/email.ts";
import { addMs, DAY_MS, HOUR_MS, instant, timeZone } from "../../../../src/domain/time.ts";
import { forecastFor } from "../../../../src/features/budgets/flow/forecast.ts";
import {
  checkDueBudgets,
  checkDueWatches,
  listBudgetStatus,
  replaceGovernedBudgets,
} from "../../../../src/features/budgets/index.ts";
import { forecastAnswer } from "../../../../src/features/budgets/messages/outlook.ts";
import type { GovernedBudget } from "../../../../src/features/budgets/rules.ts";
import { listUsageParts } from "../../../../src/features/budgets/store/spend.ts";
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
const NOW = "2026-11-16T00:00:00Z";
const time = manualClock(NOW);
const deps = {
  get database() {
    return db.pool;
  },
  clock: time.clock,
};
const DANA = emailFrom("dana@acme.test");
const BO = { userEmail: emailFrom("bo@acme.test") };

beforeEach(async () => {
  time.set(NOW);
  await forgetEverything(db.pool);
  await acme(db.pool);
});

async function govern(...budgets: readonly GovernedBudget[]): Promise<void> {
  await replaceGovernedBudgets(db.pool, budgets, instant("2026-09-01T00:00:00Z"));
}

/** The same amount at noon of each day before `until`. */
async function spendDaily(
  dollars: number,
  { days, of = {} }: { readonly days: number; readonly of?: object },
): Promise<void> {
  for (let day = 1; day <= days; day += 1) {
    const at = addMs(instant(time.clock()), -day * DAY_MS + 12 * HOUR_MS);
    await spend(db.pool, { amount: usd(dollars), at, of });
  }
}

async function work(): Promise<void> {
  while ((await checkDueBudgets(deps)) > 0);
  await checkDueWatches(deps);
}

/** Hours pass, and the worker looks now and then. */
async function pass(hours: number): Promise<void> {
  for (let passed = 0; passed < hours; passed += 6) {
    time.set(addMs(time.clock(), 6 * HOUR_MS).toISOString());
    await work();
  }
}

const status = async () => (await listBudgetStatus(db.pool, { now: time.clock() }))[0];

describe("forecasts", () => {
  test("say once that the limit will be exceeded, and that it is over", async () => {
    // 150 of November's first half; 10 a day makes 300 of 320 …
    await govern(
      aGovernedBudget({
        limit: usd(320),
        thresholdPercents: [90],
        forecastThresholdPercents: [100],
      }),
    );
    await spendDaily(10, { days: 40 });
    await work();
    await pass(2);
    expect(await sentLines(db.pool)).toEqual([]);

    // … until a day of 60.
    await spend(db.pool, { amount: usd(60), at: time.clock() });
    await work();
    await pass(30);
    expect(await sentLines(db.pool)).toEqual([
      expect.stringMatching(
        /^#team-search: Search will likely exceed its monthly budget: \$\d+ \(\$\d+ to .* of \$320 by Nov 30\. \$210\.00 so far\. At this rate the limit is reached today around \d+:00 [AP]M\.$/,
      ),
    ]);

    // A quiet week: the forecast falls clearly back, which is said once.
    await pass(24 * 9);
    const lines = (await sentLines(db.pool)).slice(1);
    expect(lines).toEqual([
      expect.stringMatching(/^#team-search: The forecast of Search is back: /),
    ]);
  });

  test("stand in lists, with band and accuracy, and are a dash before", async () => {
    await govern(aGovernedBudget());
    await spendDaily(10, { days: 3 });
    await work();
    expect((await status())?.forecast).toBeUndefined();

    await forgetEverything(db.pool);
    await govern(aGovernedBudget());
    await spendDaily(10, { days: 80 });
    await work();

    expect((await status())?.forecast).toMatchObject({
      asOf: instant(NOW),
      accuracy: { periods: 2, withinPercent: 1 },
    });
    expect((await status())?.forecast?.expected).toBe(usd(300));
  });

  test("of a person come from what that person spent, to that person", async () => {
    await govern(
      aGovernedBudget({
        key: "each",
        scope: "each:user",
        limit: usd(200),
        thresholdPercents: [],
        forecastThresholdPercents: [80],
      }),
    );
    await spendDaily(8, { days: 30, of: BO });
    await spendDaily(1, { days: 30, of: { userEmail: emailFrom("ana@acme.test") } });
    await work();
    await pass(25);

    expect(await sentLines(db.pool)).toEqual([
      expect.stringMatching(/^email:bo@acme\.test: You will likely exceed your monthly budget/),
    ]);
  });
});

describe("pace", () => {
  test("ahead of plan by the set number of days is said once", async () => {
    await govern(aGovernedBudget({ limit: usd(300), thresholdPercents: [], paceDays: 4 }));
    await spendDaily(10, { days: 20 });
    await work();
    await pass(2);
    expect(await sentLines(db.pool)).toEqual([]);

    await spend(db.pool, { amount: usd(50), at: time.clock() });
    await work();
    await pass(26);

    expect(await sentLines(db.pool)).toEqual([
      expect.stringMatching(
        /^#team-search: Search is 4 days ahead of plan: \$200\.00 of \$300\.00 \(66%\) of its monthly budget\. Forecast: /,
      ),
    ]);
  });
});

describe("the beginning of a period", () => {
  test("is said once where people want to know, with what was carried over", async () => {
    await govern(
      aGovernedBudget({ notifyReset: true, rollOverMaxPercent: 50 }),
      aGovernedBudget({ key: "quiet" }),
    );
    await spendDaily(10, { days: 15 });
    await work();
    time.set("2026-12-01T00:00:30Z");
    await work();
    await pass(30);

    expect(await sentLines(db.pool)).toEqual([
      "#team-search: The monthly budget of Search begins anew: $750.00 through Dec 31, $250.00 of it left over from the last one.",
    ]);
  });

  test("is not said of a budget that was made in it", async () => {
    await govern(aGovernedBudget({ notifyReset: true }));

    await work();
    await pass(3);

    expect(await sentLines(db.pool)).toEqual([]);
  });
});

describe("what is carried over", () => {
  const rolling = aGovernedBudget({ limit: usd(100), rollOverMaxPercent: 100 });

  test("is in force at once and follows late events and corrections of the former period", async () => {
    await govern(rolling);
    await spend(db.pool, { amount: usd(40), at: "2026-10-20T12:00:00Z" });
    expect(await status()).toMatchObject({ carriedOver: usd(60), limit: usd(160) });

    await spend(db.pool, { amount: usd(25), at: "2026-10-31T23:00:00Z" });
    expect(await status()).toMatchObject({ carriedOver: usd(35), limit: usd(135) });
    await spend(db.pool, { amount: usd(-40), at: "2026-10-20T12:00:00Z" });
    expect(await status()).toMatchObject({ carriedOver: usd(75), limit: usd(175) });
  });

  test("is a share of the whole limit for thresholds, whose facts it does not repeat", async () => {
    await govern(rolling);
    await spend(db.pool, { amount: usd(40), at: "2026-10-20T12:00:00Z" });
    await spend(db.pool, { amount: usd(80), at: time.clock() });
    await work(); // 50 % of 160
    for (const cents of [10, 20, 30]) {
      await spend(db.pool, { amount: usd(cents / 100), at: "2026-10-20T12:00:00Z" });
      await spend(db.pool, { amount: usd(0.01), at: time.clock() });
      await work();
    }

    expect(await sentLines(db.pool)).toEqual([
      expect.stringContaining("passed 50% of its monthly budget: $80.00 of $160.00 (50%)"),
    ]);
  });

  test("is each member's own", async () => {
    const each = { ...rolling, key: "each", scope: { kind: "each", key: "user" } } as const;
    const october = "2026-10-20T12:00:00Z";
    await govern(each);
    await spend(db.pool, { amount: usd(40), at: october, of: BO });
    await spend(db.pool, { amount: usd(90), at: october, of: { userEmail: DANA } });
    for (const userEmail of [BO.userEmail, DANA]) {
      await spend(db.pool, { amount: usd(1), at: time.clock(), of: { userEmail } });
    }

    const statuses = await listBudgetStatus(db.pool, { now: time.clock() });
    expect(statuses.map((one) => [one.memberKey, one.carriedOver])).toEqual([
      [BO.userEmail, usd(60)],
      [DANA, usd(10)],
    ]);
  });

  test("is nothing once the budget measures something else", async () => {
    await govern(rolling);
    await spend(db.pool, { amount: usd(1), at: "2026-11-10T00:00:00Z" });
    await replaceGovernedBudgets(db.pool, [{ ...rolling, period: "weekly" }], time.clock());

    expect(await status()).toMatchObject({ carriedOver: usd(0), limit: usd(100) });
  });
});

describe("limits over time", () => {
  test("are on record, half-open, with who set them and why", async () => {
    await govern(aGovernedBudget());
    await replaceGovernedBudgets(
      db.pool,
      [aGovernedBudget({ limit: usd(600) })],
      instant("2026-11-05T00:00:00Z"),
      "dana@acme.test",
    );
    await replaceGovernedBudgets(
      db.pool,
      [aGovernedBudget({ limit: usd(600) })],
      instant("2026-11-06T00:00:00Z"),
    );

    const { rows } = await db.pool.query(
      `select trim_scale(v.limit_usd)::text as "limit", v.valid_from, v.valid_until, v.changed_by
         from budget_limit_validity v order by v.valid_from`,
    );
    expect(rows).toEqual([
      {
        limit: "500",
        valid_from: instant("2026-09-01T00:00:00Z"),
        valid_until: instant("2026-11-05T00:00:00Z"),
        changed_by: "governance",
      },
      {
        limit: "600",
        valid_from: instant("2026-11-05T00:00:00Z"),
        valid_until: null,
        changed_by: "dana@acme.test",
      },
    ]);
  });

  test("a clock that was set back does not put a later decision before an earlier one", async () => {
    await govern(aGovernedBudget());
    await replaceGovernedBudgets(
      db.pool,
      [aGovernedBudget({ limit: usd(600) })],
      instant("2026-08-01T00:00:00Z"),
    );

    const { rows } = await db.pool.query(
      "select trim_scale(v.limit_usd)::text as l from budget_limit_validity v",
    );
    expect(rows).toEqual([{ l: "600" }]);
  });

  test("one set below what is spent says so once, as one message", async () => {
    await govern(aGovernedBudget({ limit: usd(1_000) }));
    await spend(db.pool, { amount: usd(450), at: time.clock() });
    await work();

    await govern(aGovernedBudget({ limit: usd(300) }));
    await work();
    await pass(2);

    expect(await sentLines(db.pool)).toEqual([
      expect.stringMatching(
        /^#team-search: Search is over its monthly budget: \$450\.00 of \$300\.00 \(150%\)/,
      ),
    ]);
    expect(await alertLines(db.pool)).toEqual([
      "search-monthly 50% of 300 higher-threshold",
      "search-monthly 80% of 300 higher-threshold",
      "search-monthly 100% of 300 announced",
    ]);
  });
});

test("days are those of the budget's zone", async () => {
  // 16:00 UTC is the next day in Tokyo: what is spent on Fridays there is spent on Thursdays here.
  const zone = timeZone("Asia/Tokyo");
  const period = { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-11-16T00:00:00Z") };
  await spend(db.pool, { amount: usd(5), at: "2026-11-12T16:00:00Z" });

  const parts = await listUsageParts(
    db.pool,
    { coverage: { kind: "one", scope: { kind: "team", key: "search" } }, memberKeys: [""] },
    { period, zone, partHours: 3 },
  );

  expect([...parts]).toEqual([["", [{ date: "2026-11-13", part: 0, spend: usd(5) }]]]);
});

describe("replicas", () => {
  test("that look at the same time say everything once", async () => {
    await govern(
      aGovernedBudget({ limit: usd(150), thresholdPercents: [], forecastThresholdPercents: [100] }),
    );
    await spendDaily(10, { days: 40 });
    while ((await checkDueBudgets(deps)) > 0);
    await checkDueWatches(deps);
    time.set("2026-11-16T13:00:00Z");
    const other = { ...deps, database: db.openPool() };

    await Promise.all([checkDueWatches(deps), checkDueWatches(other), checkDueWatches(deps)]);

    expect((await sentLines(db.pool)).length).toBeLessThanOrEqual(1);
    expect((await alertLines(db.pool)).length).toBeLessThanOrEqual(1);
  });
});

describe("/claude-spend forecast", () => {
  const answer = async (scopeText: string): Promise<string> => {
    const result = await forecastFor(deps, DANA, scopeText);
    return result.kind === "forecast" ? JSON.stringify(forecastAnswer(result)) : result.kind;
  };

  test("says where each budget ends, how sure that is and when the limit is reached", async () => {
    await govern(aGovernedBudget({ limit: usd(250) }));
    await spendDaily(10, { days: 80 });

    const text = await answer("search");

    expect(text).toContain("$150.00 of $250.00 so far");
    expect(text).toContain("Forecast: $300 by Nov 30 (likely $");
    expect(text).toContain("The limit is reached around Nov 25");
    expect(text).toContain("The last 2 forecasts were within 1% of what was spent.");
  });

  test("is a dash with what is missing, and knows scopes without a budget", async () => {
    await spendDaily(10, { days: 5 });

    expect(await answer("search")).toContain("Forecast: – (needs 7 days of usage, 2 days more)");
    expect(await answer("search")).toContain("no budget");
    expect(await answer("serach")).toBe("unknown-scope");
  });
});
