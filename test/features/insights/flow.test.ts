import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import {
  addMs,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  MINUTE_MS,
} from "../../../src/domain/time.ts";
import { actOnAlert } from "../../../src/features/alerts/flow/act.ts";
import { look } from "../../../src/features/insights/flow/look.ts";
import { adoptPast, lookForSilences } from "../../../src/features/insights/flow/silences.ts";
import { lookAround } from "../../../src/features/insights/index.ts";
import { recordPrices } from "../../../src/features/pricing/index.ts";
import { acme, forgetEverything, sentLines } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { manualClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { forgetInsights, insightLines, type Used, use } from "../../support/insight-builders.ts";

const db = useDatabase();
const NOON = "2026-11-23T12:30:00Z"; // A Monday.
const time = manualClock(NOON);
const BO = { userEmail: emailFrom("bo@acme.test") };
const DANA = { email: emailFrom("dana@acme.test"), slackUserId: "UDANA" };

beforeEach(async () => {
  time.set(NOON);
  await forgetEverything(db.pool);
  await forgetInsights(db.pool);
  await acme(db.pool);
});

async function lookNow(): Promise<void> {
  await lookAround({ database: db.pool, clock: time.clock });
}

async function lookAt(at: Instant | string): Promise<void> {
  time.set(instant(at).toISOString());
  await lookNow();
}

/** The same amount at 11, 12 and 13 o'clock on every day of four weeks. */
function fourWeeks(cost: number, of: Used["of"] = BO): Used[] {
  return Array.from({ length: 28 }, (_, index) => index + 1).flatMap((day) =>
    [-1, 0, 1].map((hour) => ({
      at: addMs(instant(NOON), -day * DAY_MS + hour * HOUR_MS),
      cost: usd(cost),
      of,
    })),
  );
}

async function giveFeedback(value: "real" | "false" | "planned"): Promise<void> {
  const { rows } = await db.pool.query<{ readonly thread_id: string }>(
    "select t.thread_id from alert_threads t order by t.opened_at desc limit 1",
  );
  const result = await actOnAlert(
    { database: db.pool, clock: time.clock },
    { threadId: rows[0]?.thread_id ?? "", actor: DANA, action: { kind: "feedback", what: value } },
  );
  expect(result.kind).toBe("done");
}

describe("spikes", () => {
  test("a person's spike is told once, and not again as that of the team and the model", async () => {
    await use(db.pool, ...fourWeeks(3), { at: NOON, cost: usd(60), of: BO });

    await lookNow();
    time.advance(MINUTE_MS);
    await lookNow();

    expect(await insightLines(db.pool)).toEqual([
      "spike user:bo@acme.test announced",
      "spike team:search part-of-another",
      "spike model:claude-opus-5-5 part-of-another",
    ]);
    expect((await sentLines(db.pool)).join("\n")).toContain(
      "email:bo@acme.test: You spent $60.00 this hour: $57.00 above what is normal, 20 times as much.",
    );
  });

  test("what drives a spike is of the hour that is told, not of the one before", async () => {
    await use(
      db.pool,
      ...fourWeeks(3),
      { at: addMs(instant(NOON), -HOUR_MS), cost: usd(3), of: BO },
      { at: NOON, cost: usd(60), of: BO },
    );

    await lookNow();

    const { rows } = await db.pool.query<{ readonly cost: string }>(
      `select a.content #>> '{drivers,top,0,cost}' as cost from alerts a where a.scope like 'user:%'`,
    );
    expect(rows.map(({ cost }) => Number(cost))).toEqual([60]);
  });

  test("a spike of a team that nobody alone explains goes to the team, without names", async () => {
    const people = ["p1@acme.test", "p2@acme.test", "p3@acme.test"].map((email) => ({
      userEmail: emailFrom(email),
    }));
    await use(
      db.pool,
      ...people.flatMap((of) => fourWeeks(1, of)),
      ...people.map((of) => ({ at: NOON, cost: usd(5.5), of })),
    );

    await lookNow();

    expect(await insightLines(db.pool)).toEqual([
      "spike team:search announced",
      "spike model:claude-opus-5-5 part-of-another",
    ]);
    const [sent = ""] = await sentLines(db.pool);
    expect(sent).toContain("#team-search: Search spent $16.50 this hour");
    expect(sent).not.toContain("p1@");
  });

  test("what is as always, or happens for the first time, is no news", async () => {
    await use(
      db.pool,
      ...fourWeeks(60),
      { at: NOON, cost: usd(60), of: BO },
      { at: NOON, cost: usd(9_000), of: { teamKey: "ads", modelId: "claude-new" } },
    );

    await lookNow();

    expect(await insightLines(db.pool)).toEqual([]);
  });

  test("it is told again when it is four times as much, and ends when spend is normal", async () => {
    await use(db.pool, ...fourWeeks(3), { at: NOON, cost: usd(30), of: BO });
    await lookNow();
    await use(db.pool, { at: NOON, cost: usd(60), of: BO });
    await lookAt(addMs(instant(NOON), MINUTE_MS));
    expect(await insightLines(db.pool)).toHaveLength(3);
    await use(db.pool, { at: NOON, cost: usd(60), of: BO });
    await lookAt(addMs(instant(NOON), 2 * MINUTE_MS));
    expect(await insightLines(db.pool)).toHaveLength(4);

    await lookAt("2026-11-24T00:10:00Z");
    await lookAt("2026-11-24T01:20:00Z");

    const lines = await sentLines(db.pool);
    expect(lines.at(-1)).toContain(
      "No longer the case: spend is normal again. At its highest it was $147.00 above that.",
    );
    const { rows } = await db.pool.query("select from insight_episodes where ended_at is null");
    expect(rows).toHaveLength(0);
  });

  test("spend of a whole day that is far above normal is found, though no hour is", async () => {
    const dayOf = (day: number, costAt: (hour: number) => number): Used[] =>
      Array.from({ length: 12 }, (_, hour) => ({
        at: addMs(instant("2026-11-23T00:30:00Z"), -day * DAY_MS + hour * HOUR_MS),
        cost: usd(costAt(hour)),
        of: BO,
      }));
    // One hour of each day is dear, another one every day.
    const past = Array.from({ length: 28 }, (_, index) => index + 1).flatMap((day) =>
      dayOf(day, (hour) => (hour === day % 12 ? 12 : 0.5)),
    );
    await use(db.pool, ...past, ...dayOf(0, () => 8));

    await lookAt("2026-11-23T11:50:00Z");

    expect((await sentLines(db.pool))[0]).toContain("$96.00 today so far");
  });

  test("an announced launch mutes the part that it is expected to cost", async () => {
    await db.pool.query(
      `insert into planned_events values ('p', 'user:bo@acme.test', 'Load test', $1, $2, 100,
                                          'bo@acme.test', $1)`,
      ["2026-11-23T08:00:00Z", "2026-11-23T20:00:00Z"],
    );
    await use(db.pool, ...fourWeeks(3), { at: NOON, cost: usd(60), of: BO });
    await lookNow();
    expect((await insightLines(db.pool))[0]).toBe("spike user:bo@acme.test planned");

    await use(db.pool, { at: NOON, cost: usd(260), of: BO });
    await lookAt(addMs(instant(NOON), MINUTE_MS));

    expect((await insightLines(db.pool)).at(-1)).toBe("spike user:bo@acme.test announced");
  });

  test("a false alarm doubles what must be exceeded, for a month", async () => {
    await use(db.pool, ...fourWeeks(3), { at: NOON, cost: usd(12), of: BO });
    await lookNow();
    await giveFeedback("false");
    await lookAt("2026-11-23T15:00:00Z");
    const tomorrow = "2026-11-24T12:30:00Z";
    await use(db.pool, { at: tomorrow, cost: usd(12), of: BO });
    await lookAt(tomorrow);
    const before = await insightLines(db.pool);

    await use(db.pool, { at: tomorrow, cost: usd(12), of: BO });
    await lookAt(addMs(instant(tomorrow), MINUTE_MS));

    const told = (lines: readonly string[]) =>
      lines.filter((line) => line === "spike user:bo@acme.test announced").length;
    expect(told(before)).toBe(1);
    expect(told(await insightLines(db.pool))).toBe(2);
  });

  test("replicas that look at the same moment tell it once", async () => {
    await use(db.pool, ...fourWeeks(3), { at: NOON, cost: usd(60), of: BO });

    await Promise.all([lookNow(), lookNow(), lookNow()]);

    expect(await insightLines(db.pool)).toHaveLength(3);
  });
});

describe("sessions", () => {
  const session = (id: string, at: string | Instant, cost: number): Used => ({
    at,
    cost: usd(cost),
    of: { ...BO, teamKey: "search" },
    sessionId: id,
  });

  test("a session that costs far more than others of the same person is told", async () => {
    await lookAt("2026-11-23T06:01:00Z");
    for (const index of Array.from({ length: 14 }, (_, number) => number)) {
      const at = addMs(instant("2026-11-23T06:02:00Z"), index * 5 * MINUTE_MS);
      await use(db.pool, session(`s${String(index)}`, at, 1));
      await lookAt(addMs(at, 5 * MINUTE_MS));
    }
    await use(db.pool, session("dear", "2026-11-23T07:16:00Z", 40));
    await lookAt("2026-11-23T07:21:30Z");

    const lines = await sentLines(db.pool);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("You spent $40.00 in one session: $39.00 above");
  });

  test("no event is added twice, whoever looks", async () => {
    await use(db.pool, session("s", "2026-11-23T12:22:00Z", 4));
    await Promise.all([lookNow(), lookNow()]);
    await lookNow();

    const { rows } = await db.pool.query("select cost_usd::float as cost from insight_sessions");
    expect(rows).toEqual([{ cost: 4 }]);
  });
});

describe("loops", () => {
  const burst = (count: number, of: Partial<Used>, from = "2026-11-23T12:22:00Z"): Used[] =>
    Array.from({ length: count }, (_, index) => ({
      at: addMs(instant(from), index * 2_000),
      cost: usd(1),
      of: BO,
      ...of,
    }));

  test("the same prompt again and again is told once, with what it wastes and how fast", async () => {
    await use(db.pool, ...burst(20, { promptHash: "sha256:p", operationId: "op", sessionId: "s" }));
    await lookNow();
    await lookAt(addMs(instant(NOON), MINUTE_MS));

    expect(await insightLines(db.pool)).toEqual(["duplicates user:bo@acme.test announced"]);
    expect((await sentLines(db.pool))[0]).toContain(
      "You sent the same prompt 20 times in 10 minutes: $19.00 wasted so far. Going on like this wastes $114.00 an hour, until what sends it is stopped.",
    );
  });

  test("what goes on is added up, also beyond the window, and the end is told", async () => {
    await use(db.pool, ...burst(40, { promptHash: "p" }, "2026-11-23T12:28:00Z"));
    await lookNow();
    await use(db.pool, ...burst(40, { promptHash: "p" }, "2026-11-23T12:36:00Z"));
    await lookAt("2026-11-23T12:38:00Z");
    await use(db.pool, ...burst(120, { promptHash: "p" }, "2026-11-23T12:42:00Z"));
    await lookAt("2026-11-23T12:47:00Z");
    expect((await insightLines(db.pool)).length).toBe(2);

    await lookAt("2026-11-23T13:10:00Z");

    const { rows } = await db.pool.query<{ readonly amount: number }>(
      "select amount_usd::float as amount from insight_episodes where ended_at is not null",
    );
    // 39 at first, then (nearly) all of the 160 that followed.
    expect(rows[0]?.amount).toBeGreaterThan(190);
    expect(rows[0]?.amount).toBeLessThan(200);
    expect((await sentLines(db.pool)).at(-1)).toContain("it has stopped. About $19");
  });

  test("attempts that are cut off again and again are a storm of retries", async () => {
    await use(db.pool, ...burst(6, { operationId: "op", isCutOff: true }));
    await lookNow();

    expect((await sentLines(db.pool))[0]).toContain(
      "tried one operation 6 times in 10 minutes, 6 answers were cut off: $6.00 wasted so far.",
    );
  });

  test("what repeats as often at this time every day is normal", async () => {
    const prompt = { promptHash: "nightly" };
    await use(db.pool, ...burst(30, prompt), ...burst(20, prompt, "2026-11-22T12:22:00Z"));
    await lookNow();

    expect(await insightLines(db.pool)).toEqual([]);
  });

  test("the same prompt of many people is not a loop of anybody", async () => {
    const people = Array.from({ length: 12 }, (_, index) => ({
      userEmail: emailFrom(`p${String(index)}@acme.test`),
    }));
    await use(
      db.pool,
      ...people.map((of): Used => ({ at: "2026-11-23T12:25:00Z", promptHash: "p", of })),
    );
    await lookNow();

    expect(await insightLines(db.pool)).toEqual([]);
  });
});

describe("keys", () => {
  const key = { apiKeyId: "key01Rag7", userEmail: undefined, teamKey: undefined };

  /** Text, for notifications, and blocks of what was told. */
  async function told(): Promise<{ readonly text: string; readonly blocks: string }> {
    const { rows } = await db.pool.query<{ readonly text: string; readonly blocks: string }>(
      "select o.text, o.blocks::text as blocks from outbox_messages o",
    );
    expect(rows).toHaveLength(1);
    return rows[0] ?? { text: "", blocks: "" };
  }

  async function listKey(): Promise<void> {
    await db.pool.query(
      `insert into synced_api_keys (api_key_id, name, status, seen_at)
       values ($1, 'search-rag', 'active', $2)`,
      [key.apiKeyId, time.clock()],
    );
  }

  beforeEach(async () => {
    await db.pool.query("truncate synced_api_keys");
  });

  const spike = async (): Promise<void> =>
    await use(db.pool, ...fourWeeks(3, key), { at: NOON, cost: usd(60), of: key });
  const loop = async (): Promise<void> =>
    await use(
      db.pool,
      ...Array.from({ length: 6 }, (_, index) => ({
        at: addMs(instant("2026-11-23T12:22:00Z"), index * 2_000),
        cost: usd(1),
        of: key,
        operationId: "op",
        isCutOff: true,
      })),
    );

  test.each([
    ["spends far more than usual", spike, "spent"],
    ["is tried over and over", loop, "tried one operation"],
  ])(
    "one that %s is called as people know it, in text and notification",
    async (_, happen, what) => {
      await listKey();
      await happen();

      await lookNow();

      const { text, blocks } = await told();
      expect(text).toContain(`Key search-rag (…Rag7) ${what}`);
      expect(blocks).toContain(`*Key search-rag (…Rag7)* ${what}`);
      expect(text + blocks).not.toContain(key.apiKeyId);
    },
  );

  test("one whose name nobody listed is called by its id", async () => {
    await spike();

    await lookNow();

    expect((await told()).text).toContain("Key key01Rag7 spent");
  });
});

describe("unknown models", () => {
  const of = { modelId: "claude-saga-preview" };

  test("admins hear of each once, and that its price is known", async () => {
    await use(db.pool, { at: "2026-09-01T10:00:00Z", cost: usd(7), of, pricingBasis: "estimated" });
    await lookNow();
    await use(db.pool, { at: NOON, cost: usd(90), of, pricingBasis: "estimated" });
    await lookAt(addMs(instant(NOON), MINUTE_MS));
    expect(await sentLines(db.pool)).toEqual([
      expect.stringContaining(
        "#finops: No price is known for the model claude-saga-preview. What it was used for counts at an assumed price: $7.00 so far. Record its price with `claude-spend prices`",
      ),
    ]);

    await recordPriceOf("claude-saga-preview");
    await lookAt(addMs(instant(NOON), 2 * MINUTE_MS));

    expect((await sentLines(db.pool)).at(-1)).toContain(
      "No longer the case: a price of claude-saga-preview is known.",
    );
  });

  test("a model whose costs its source reports needs no price", async () => {
    await use(db.pool, { at: NOON, cost: usd(7), of });
    await lookNow();

    expect(await insightLines(db.pool)).toEqual([]);
  });
});

describe("silence", () => {
  test("a source that stopped is told once, and that it is back", async () => {
    const start = instant("2026-11-15T00:20:00Z");
    const hours = Array.from({ length: 8 * 24 + 11 }, (_, hour) => addMs(start, hour * HOUR_MS));
    const stopped = instant("2026-11-23T09:00:00Z");
    const before = hours.filter((at) => at < stopped);
    await use(db.pool, ...before.map((at): Used => ({ at, cost: usd(0.01) })));
    for (const at of hours) {
      time.set(at.toISOString());
      await look({ database: db.pool, clock: time.clock }, "silences", lookForSilences);
    }
    await lookAt("2026-11-23T11:20:00Z");
    await lookAt("2026-11-23T12:20:00Z");
    expect(await sentLines(db.pool)).toEqual([
      expect.stringContaining(
        "The source default has reported nothing since Mon, Nov 23, 9:00 AM (UTC), though it normally does",
      ),
    ]);

    await use(db.pool, { at: "2026-11-23T12:21:00Z", cost: usd(0.01) });
    await lookAt("2026-11-23T12:22:00Z");

    expect((await sentLines(db.pool)).at(-1)).toContain("default reports again.");
  });

  test("an import of old usage is no sign of life, and its end no silence", async () => {
    await use(db.pool, ...fourWeeks(1));
    await lookNow();
    const { rows } = await db.pool.query("select source from insight_reporting_hours");

    expect(rows).toEqual([{ source: "" }]);
  });

  test("a past that is known to be recorded as it happened counts, and what stopped in it is told at once", async () => {
    await use(db.pool, ...fourWeeks(1));
    time.set("2026-11-26T12:05:00Z");
    await adoptPast({ database: db.pool, clock: time.clock });
    await look({ database: db.pool, clock: time.clock }, "silences", lookForSilences);

    expect(await sentLines(db.pool)).toEqual([
      expect.stringContaining("The source default has reported nothing since"),
    ]);
  });
});

async function recordPriceOf(modelId: string): Promise<void> {
  const proposal = {
    modelId,
    aliases: [],
    residencyPremium: "none" as const,
    from: undefined,
    terms: {
      tiers: [
        {
          abovePromptTokens: 0,
          rates: {
            uncached_input: "1",
            cache_write_5m: "1.25",
            cache_write_1h: "2",
            cache_read: "0.10",
            output: "5",
          },
        },
      ] as const,
    },
    source: "price page",
  };
  const result = await recordPrices(
    { database: db.pool, clock: time.clock },
    { proposals: [proposal], isConfirmed: true, actor: "dana@acme.test" },
  );
  expect(result).toMatchObject({ isRecorded: true });
}
