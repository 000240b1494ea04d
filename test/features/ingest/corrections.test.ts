/** Corrections and voids: whatever the order, each event counts exactly when nothing replaces it. */
import fc from "fast-check";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { sumUsd, usdFromDecimal, usdToDecimal } from "../../../src/domain/money.ts";
import { instant, timeZone } from "../../../src/domain/time.ts";
import { createIngestMemory } from "../../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../../src/features/ingest/flow/record-usage.ts";
import { parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import { listSpend } from "../../../src/features/showback/store.ts";
import { replaceGovernedMetering } from "../../../src/features/sources/index.ts";
import { inTransaction } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";
import { listWrongDays } from "../../support/spend-days.ts";

const db = useDatabase();
const now = instant("2026-11-23T12:00:00Z");
const memory = createIngestMemory();

type Raw = Readonly<Record<string, unknown>>;

async function record(events: readonly Raw[], { source = "default", pool = db.pool } = {}) {
  const [result] = await recordUsage(
    { database: pool, clock: () => now, log: pino({ level: "silent" }), ingestMemory: memory },
    [
      {
        source: { name: source, isTrusted: true },
        batch: events.map((raw, index) => parseNativeEvent(raw, { index, source, now })),
      },
    ],
  );
  return result ?? { accepted: -1, duplicates: -1, rejected: [] };
}

/** Dollars are the millions of output tokens times 25. */
function used(eventId: string, outputTokens: number, rest: Raw = {}): Raw {
  return {
    event_id: eventId,
    occurred_at: "2026-11-23T10:07:00Z",
    model: "claude-opus-4-5",
    usage: { input_tokens: 0, output_tokens: outputTokens },
    ...rest,
  };
}

function voided(eventId: string, voids: string): Raw {
  return { event_id: eventId, occurred_at: "2026-11-23T11:00:00Z", voids };
}

/** What charges, rollups and reports say; they must be one. */
async function totals() {
  const { rows } = await db.pool.query<Record<string, string>>(
    `select (select coalesce(sum(c.billed_cost_usd), 0)::text from charges c) as charged,
            (select coalesce(sum(c.consumed_quantity), 0)::text from charges c
              where split_part(c.sku_id, '/', 2) = 'output') as charged_output,
            (select coalesce(sum((c.charge_number = 0)::integer - (c.charge_number = -1)::integer), 0)::text
               from charges c) as charged_requests,
            coalesce(sum(r.billed_cost_usd), 0)::text as cost,
            coalesce(sum(r.output_tokens), 0)::text as output,
            coalesce(sum(r.request_count), 0)::text as requests,
            coalesce(min(least(r.request_count, r.output_tokens, r.billed_cost_usd)), 0)::text as least
       from spend_rollups r`,
  );
  const row = rows[0] ?? {};
  expect(Number(row["least"])).toBeGreaterThanOrEqual(0);
  expect(row["charged"]).toBe(row["cost"]);
  expect(await listWrongDays(db.pool)).toEqual([]);
  expect(row["charged_output"]).toBe(row["output"]);
  expect(row["charged_requests"]).toBe(row["requests"]);
  return {
    cost: usdToDecimal(usdFromDecimal(row["cost"] ?? "")),
    output: Number(row["output"]),
    requests: Number(row["requests"]),
  };
}

const TRUNCATE =
  "truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events";

beforeEach(async () => {
  await db.pool.query(TRUNCATE);
});

describe("a correction", () => {
  test("replaces what it corrects, in the corrected event's own quarter and dimension", async () => {
    await record([
      used("a", 1_000_000, {
        occurred_at: "2026-10-31T23:59:00Z",
        team: "ads",
        tags: { env: "prod" },
      }),
    ]);
    await db.pool.query(`truncate budget_checks`);

    const result = await record([
      used("b", 400_000, { corrects: "a", occurred_at: "2026-11-01T00:01:00Z", team: "search" }),
    ]);

    expect(result).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
    const { rows } = await db.pool.query(
      `select r.bucket_start, d.team_key, r.request_count::integer as requests,
              r.output_tokens::integer as output, r.billed_cost_usd::numeric(10, 2)::text as cost
         from spend_rollups r join spend_dimensions d using (spend_dimension_id)
        order by r.bucket_start`,
    );
    expect(rows).toEqual([
      {
        bucket_start: new Date("2026-10-31T23:45:00Z"),
        team_key: "ads",
        requests: 0,
        output: 0,
        cost: "0.00",
      },
      {
        bucket_start: new Date("2026-11-01T00:00:00Z"),
        team_key: "search",
        requests: 1,
        output: 400_000,
        cost: "10.00",
      },
    ]);
    const reversal = await db.pool.query(
      `select c.charge_number, c.charge_class, c.charge_period_start, c.consumed_quantity, e.event_id
         from charges c join usage_events e using (usage_event_id) where c.charge_number < 0`,
    );
    expect(reversal.rows).toEqual([
      {
        charge_number: -1,
        charge_class: "Correction",
        charge_period_start: new Date("2026-10-31T23:59:00Z"),
        consumed_quantity: "-1000000",
        event_id: "a",
      },
    ]);
  });

  test("makes budgets look at what it took away and at what it brought", async () => {
    await record([used("a", 1_000, { team: "ads", tags: { env: "prod" } })]);
    await db.pool.query(`truncate budget_checks`);

    await record([used("b", 10, { corrects: "a", team: "search" })]);

    const { rows } = await db.pool.query(
      `select d.team_key, b.tags, b.occurred_at
         from budget_checks b join spend_dimensions d using (spend_dimension_id) order by d.team_key`,
    );
    const at = new Date("2026-11-23T10:07:00Z");
    expect(rows).toEqual([
      { team_key: "ads", tags: { env: "prod" }, occurred_at: at },
      { team_key: "search", tags: null, occurred_at: at },
    ]);
  });

  test("may come before its event, which is then kept and not counted", async () => {
    await record([used("b", 400, { corrects: "a" })]);
    expect(await record([used("a", 1_000)])).toMatchObject({
      accepted: 1,
      notCounted: new Map([["corrected", 1]]),
    });
    expect(await record([used("a", 1_000)])).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await record([used("a", 2_000)])).toMatchObject({
      rejected: [{ code: "conflict", eventId: "a" }],
    });

    expect(await totals()).toMatchObject({ output: 400, requests: 1 });
    const { rows } = await db.pool.query(
      `select e.event_id, e.corrects, e.not_counted_because from usage_events e order by 1`,
    );
    expect(rows).toEqual([
      { event_id: "a", corrects: null, not_counted_because: "corrected" },
      { event_id: "b", corrects: "a", not_counted_because: null },
    ]);
  });

  test("can itself be corrected; the event that two want to correct is corrected once", async () => {
    await record([used("a", 1_000), used("b", 400, { corrects: "a" })]);

    expect(await record([used("c", 10, { corrects: "a" })])).toMatchObject({
      accepted: 0,
      rejected: [
        {
          code: "conflict",
          eventId: "c",
          message:
            "corrects: expected an event that nothing corrects yet; b has corrected it. Correct that one instead.",
        },
      ],
    });
    expect(await totals()).toMatchObject({ output: 400 });

    await record([used("c", 30, { corrects: "b" })]);
    expect(await totals()).toMatchObject({ output: 30, requests: 1 });
  });

  test("never reaches an event of another source", async () => {
    await record([used("a", 1_000)], { source: "gateway" });
    await record([used("b", 400, { corrects: "a" })]);

    expect(await totals()).toMatchObject({ output: 1_400, requests: 2 });
  });

  test("of an aborted request makes the floor true, though it names the same request", async () => {
    const request = { request_id: "req_1", message_id: "msg_1" };
    await record([used("floor", 100, { ...request, is_incomplete: true })]);
    await record([used("truth", 250, { ...request, corrects: "floor" })]);
    await record([used("truth-2", 300, { ...request, corrects: "truth" })]);
    await record([used("other", 777, request)], { source: "gateway" });

    expect(await totals()).toMatchObject({ output: 300, requests: 1 });
  });

  test("of a request that another source has reported is a duplicate", async () => {
    await record([used("other", 777, { request_id: "req_1" })], { source: "gateway" });
    await record([used("a", 100, { request_id: "req_1" })]);

    const correction = used("b", 200, { request_id: "req_1", corrects: "a" });
    expect(await record([correction])).toMatchObject({ accepted: 0, duplicates: 1 });
    // What it would have corrected is no longer expected.
    expect(await record([used("a", 100)])).toMatchObject({ accepted: 1 });
    expect(await totals()).toMatchObject({ output: 877, requests: 2 });
  });

  test("whose key another source is metered for counts where the request was claimed", async () => {
    await inTransaction(db.pool, async (sql) => {
      const metering = [{ match: { apiKeyId: "k" }, source: "gateway" }];
      await replaceGovernedMetering(sql, metering, instant("2026-11-01T00:00:00Z"));
    });
    memory.ownership = undefined;
    try {
      // The key was not known yet; the gateway came second and was told that it is a duplicate.
      await record([used("a", 100, { request_id: "req_1" }), used("x", 7)]);
      const again = [used("g", 100, { request_id: "req_1", api_key_id: "k" })];
      expect(await record(again, { source: "gateway" })).toMatchObject({ duplicates: 1 });

      const known = used("b", 90, { corrects: "a", api_key_id: "k" });
      expect(await record([known])).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
      expect(await totals()).toMatchObject({ output: 97, requests: 2 });

      // Without a request the gateway's event is its own, and counts.
      expect(await record([used("y", 7, { corrects: "x", api_key_id: "k" })])).toMatchObject({
        notCounted: new Map([["metered_elsewhere", 1]]),
      });
      expect(await totals()).toMatchObject({ output: 90, requests: 1 });
    } finally {
      await db.pool.query(`truncate metering_designations`);
      memory.ownership = undefined;
    }
  });

  test("of a request without any usage takes the request away", async () => {
    await record([used("a", 0)]);
    expect(await totals()).toMatchObject({ requests: 1 });
    await record([voided("v", "a")]);
    expect(await totals()).toMatchObject({ requests: 0, output: 0 });
  });

  test("takes away every run of a request that several models served", async () => {
    const usage = {
      input_tokens: 5,
      output_tokens: 1_000,
      server_tool_use: { web_search_requests: 3 },
    };
    const runs = [
      { type: "message", input_tokens: 5, output_tokens: 1_000 },
      { type: "advisor_message", model: "claude-haiku-4-5", input_tokens: 7, output_tokens: 9 },
    ];
    await record([used("a", 0, { usage: { ...usage, iterations: runs } })]);
    await record([voided("v", "a")]);

    const { rows } = await db.pool.query(
      `select 1 from spend_rollups r
        where (r.request_count, r.uncached_input_tokens, r.output_tokens, r.web_search_requests,
               r.list_cost_usd, r.billed_cost_usd) <> (0, 0, 0, 0, 0, 0)`,
    );
    expect(rows).toEqual([]);
    expect(await totals()).toMatchObject({ requests: 0 });
  });

  test("of an event that is no longer kept is refused", async () => {
    await record([used("a", 1_000, { occurred_at: "2026-01-05T00:00:00Z" })]);
    await db.pool.query(`select drop_usage_partitions('2026-02-10T00:00:00Z')`);

    expect(await record([used("b", 10, { corrects: "a" })])).toMatchObject({
      accepted: 0,
      rejected: [{ code: "too_old", message: expect.stringContaining("still kept") as string }],
    });
    expect(await record([used("b", 10)])).toMatchObject({ accepted: 1 });
  });

  test("shows in the report of an odd period, too", async () => {
    await record([
      used("a", 1_000_000),
      used("b", 200_000, { occurred_at: "2026-11-23T10:08:00Z" }),
    ]);
    await record([used("c", 500_000, { corrects: "a" }), voided("v", "b")]);

    const rows = await listSpend(db.pool, {
      scope: { kind: "org", key: "" },
      period: { start: instant("2026-11-23T10:06:00Z"), end: instant("2026-11-23T10:09:00Z") },
      zone: timeZone("UTC"),
      groupBy: [],
    });
    expect(
      rows.map(({ cost, requests, tokens }) => [usdToDecimal(cost), requests, tokens.output]),
    ).toEqual([["12.500000", 1, 500_000]]);
  });
});

describe("a void", () => {
  test("cancels its event and uses nothing itself, before or after", async () => {
    await record([used("a", 1_000), voided("v", "a"), voided("w", "b")]);
    await record([used("b", 1_000)]);

    expect(await totals()).toEqual({ cost: "0.000000", output: 0, requests: 0 });
    expect(await record([voided("v", "a")])).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await record([voided("x", "a")])).toMatchObject({
      rejected: [
        {
          code: "conflict",
          message: expect.stringMatching(/^voids: .* v has corrected it/) as string,
        },
      ],
    });
  });

  test.each([
    [
      { ...voided("v", "a"), usage: { input_tokens: 1, output_tokens: 1 } },
      /^usage: expected no usage beside voids/,
    ],
    [{ ...voided("v", "a"), corrects: "a" }, /^corrects: expected either corrects or voids/],
    [voided("v", "v"), /^voids: expected the event_id of another event/],
    [used("v", 1, { corrects: "v" }), /^corrects: expected the event_id of another event/],
    [{ event_id: "v", voids: "a" }, /^occurred_at: /],
  ])("is refused where it makes no sense: %j", async (raw, message) => {
    expect(await record([raw])).toMatchObject({
      rejected: [
        { code: "invalid", eventId: "v", message: expect.stringMatching(message) as string },
      ],
    });
  });
});

describe("whoever comes first", () => {
  test("of two that correct the same event at once, one counts", async () => {
    const pool = db.openPool({ max: 8 });
    for (let round = 0; round < 8; round += 1) {
      const id = `r${String(round)}`;
      await record([used(id, 1_000)]);
      const results = await Promise.all([
        record([used(`${id}-b`, 10, { corrects: id })], { pool }),
        record([used(`${id}-c`, 20, { corrects: id })], { pool }),
      ]);
      expect(results.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(1);
    }
    expect(await totals()).toMatchObject({ requests: 8 });
  });

  test("of two that correct the same event one counts, also when one of them was expected", async () => {
    const pool = db.openPool({ max: 8 });
    for (let round = 0; round < 15; round += 1) {
      const id = `x${String(round)}`;
      // oxlint-disable-next-line no-await-in-loop -- one race after the other
      await record([used(id, 1_000), used(`${id}-c`, 30, { corrects: `${id}-b` })]);
      // oxlint-disable-next-line no-await-in-loop -- see above
      const results = await Promise.all([
        record([used(`${id}-b`, 10, { corrects: id })], { pool }),
        record([used(`${id}-d`, 20, { corrects: id })], { pool }),
      ]);
      expect(results.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(1);
      expect(results.flatMap(({ rejected }) => rejected.map(({ code }) => code))).toEqual([
        "conflict",
      ]);
    }
    const { output, requests } = await totals();
    // 30 of each chain, and 20 more of each that the other won.
    expect(output).toBe(15 * 30 + (requests - 15) * 20);
  });

  test("of two that correct the same event with names that were expected one counts", async () => {
    const pool = db.openPool({ max: 8 });
    await record([used("other", 1, { request_id: "req_1" })], { source: "gateway" });
    await record([used("p2", 30, { corrects: "p" }), used("q2", 40, { corrects: "q" })]);
    // The event itself is a duplicate, so that there is no row of it to wait for.
    const target = used("a", 1_000, { request_id: "req_1" });
    const gate = await pool.connect();
    await gate.query("begin");
    await gate.query(`select from usage_identities i where i.event_id in ('p', 'q') for update`);
    const both = ["p", "q"].map(
      async (id) => await record([target, used(id, 10, { corrects: "a" })], { pool }),
    );
    const countWaiting = async () => {
      const { rows } = await db.pool.query<{ waiting: number }>(
        `select count(*)::integer as waiting
           from pg_stat_activity a
          where a.datname = current_database() and a.wait_event_type = 'Lock'`,
      );
      return rows[0]?.waiting;
    };
    await expect.poll(countWaiting).toBe(2);
    await gate.query("commit");
    gate.release();

    const results = await Promise.all(both);
    expect(results.flatMap(({ rejected }) => rejected.map(({ code }) => code))).toEqual([
      "conflict",
    ]);
    // Each of the two was replaced before it came.
    expect(await totals()).toMatchObject({ output: 71, requests: 3 });
  });

  test("event and correction at once end in the correction", async () => {
    const pool = db.openPool({ max: 8 });
    for (let round = 0; round < 12; round += 1) {
      const id = `r${String(round)}`;
      await Promise.all([
        record([used(id, 1_000)], { pool }),
        record([used(`${id}-b`, 10, { corrects: id })], { pool }),
        record([used(id, 1_000)], { pool }),
      ]);
    }
    expect(await totals()).toMatchObject({ requests: 12, output: 120 });
  });
});

/** A forest: each event may be corrected or voided by one later in the list, which may be, too. */
const history = fc
  .array(
    fc.record({
      target: fc.nat({ max: 20 }),
      tokens: fc.nat({ max: 5_000 }),
      kind: fc.constantFrom("used", "used", "corrects", "voids"),
      quarter: fc.nat({ max: 3 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((specs) => {
    const taken = new Set<number>();
    return specs.map(({ target, tokens, kind, quarter }, position): Raw => {
      const at = `2026-11-23T10:${String(quarter * 15 + 3).padStart(2, "0")}:00Z`;
      const request = { request_id: `req-${String(position)}` };
      const free = target < position && !taken.has(target) && kind !== "used";
      if (!free) return used(`e${String(position)}`, tokens, { occurred_at: at, ...request });
      taken.add(target);
      if (kind === "voids") return voided(`e${String(position)}`, `e${String(target)}`);
      return used(`e${String(position)}`, tokens, {
        occurred_at: at,
        corrects: `e${String(target)}`,
      });
    });
  });

/** The rule itself: an event counts unless one of the same source corrects or voids it. */
function oracle(events: readonly Raw[]): { output: number; requests: number; cost: string } {
  const replaced = new Set(events.map((event) => event["corrects"] ?? event["voids"]));
  const counted = events.filter(
    (event) => event["voids"] === undefined && !replaced.has(event["event_id"]),
  );
  const output = counted.reduce((sum, event) => {
    const usage = event["usage"];
    const tokens =
      typeof usage === "object" && usage !== null && "output_tokens" in usage
        ? Number(usage.output_tokens)
        : 0;
    return sum + tokens;
  }, 0);
  // $25 a million output tokens.
  const cost = usdToDecimal(sumUsd([usdFromDecimal(((output * 25) / 1_000_000).toFixed(6))]));
  return { output, requests: counted.length, cost };
}

describe("any history of events, corrections and voids", () => {
  test("ends in the same totals in any order, with repetition, in any batches, at once or not", async () => {
    const pool = db.openPool({ max: 6 });
    const deliveries = history.chain((events) =>
      fc.record({
        events: fc.constant(events),
        order: fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 }),
        size: fc.integer({ min: 1, max: 8 }),
        isConcurrent: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ events, order, size, isConcurrent }) => {
        await db.pool.query(TRUNCATE);
        const batches = Array.from({ length: Math.ceil(order.length / size) }, (_, index) =>
          order.slice(index * size, (index + 1) * size),
        );
        if (isConcurrent) await Promise.all(batches.map((batch) => record(batch, { pool })));
        else for (const batch of batches) await record(batch);

        expect(await totals()).toEqual(oracle(events));
        const { rows } = await db.pool.query<{
          events: string;
          expected: string;
          rejected: string;
        }>(
          `select (select count(*) from usage_events)::text as events,
                  (select count(*) from usage_identities i where i.content_sha256 is null)::text as expected,
                  (select count(*) from rejected_events)::text as rejected`,
        );
        expect(rows).toEqual([{ events: String(events.length), expected: "0", rejected: "0" }]);
      }),
      { numRuns: 40 },
    );
  });
});
