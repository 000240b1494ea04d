/** Re-rating: whatever happened before and in between, the past ends as if today's prices had counted. */
import fc from "fast-check";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { addMs, type Instant, instant, timeZone } from "../../../src/domain/time.ts";
import { createIngestMemory } from "../../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../../src/features/ingest/flow/record-usage.ts";
import {
  advanceRerate,
  advanceRerates,
  advanceSettledRerate,
  previewRerate,
  type RerateRange,
  requestRerate,
} from "../../../src/features/ingest/index.ts";
import { parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import { recordPrices } from "../../../src/features/pricing/index.ts";
import { listSpend } from "../../../src/features/showback/store.ts";
import { inTransaction } from "../../../src/store/database.ts";
import { acme } from "../../support/budget-builders.ts";
import { useDatabase } from "../../support/database.ts";
import { listWrongDays } from "../../support/spend-days.ts";

const db = useDatabase();
const now = instant("2026-11-23T12:00:00Z");
const clock = (): Instant => now;
const log = pino({ level: "silent" });

const NOVEMBER: RerateRange = {
  period: { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-12-01T00:00:00Z") },
  onlyEstimated: false,
  includesAllocation: false,
};

/** As a replica that has just started; one that remembers is tested where it matters. */
function deps(pool = db.pool) {
  return { database: pool, clock, log, ingestMemory: createIngestMemory() };
}

type Raw = Readonly<Record<string, unknown>>;

/** 10,000 output tokens of a model that nobody has a price for: 25 cents by the assumption. */
function used(eventId: string, over: Raw = {}): Raw {
  return {
    event_id: eventId,
    occurred_at: "2026-11-10T10:07:00Z",
    model: "claude-opus-6",
    usage: { input_tokens: 0, output_tokens: 10_000 },
    team: "search",
    ...over,
  };
}

async function record(events: readonly Raw[]) {
  const [result] = await recordUsage(deps(), [
    {
      source: { name: "default", isTrusted: true },
      batch: events.map((raw, index) => parseNativeEvent(raw, { index, source: "default", now })),
    },
  ]);
  expect(result?.rejected).toEqual([]);
}

/** Records what a million output tokens of the model cost since ever. */
async function price(output: string, model = "claude-opus-6") {
  const rates = {
    uncached_input: "1",
    cache_write_5m: "2",
    cache_write_1h: "3",
    cache_read: "0.1",
  };
  await recordPrices(
    { database: db.pool, clock },
    {
      proposals: [
        {
          modelId: model,
          aliases: [],
          residencyPremium: "none",
          from: "2026-01-01",
          terms: { tiers: [{ abovePromptTokens: 0, rates: { ...rates, output } }] },
          source: "test",
        },
      ],
      isConfirmed: true,
      actor: "dana",
    },
  );
}

async function rerate(range = NOVEMBER) {
  await inTransaction(db.pool, async (sql) => {
    await requestRerate(sql, { clock }, { range, requestedBy: "dana" });
  });
  return await advanceRerates(deps());
}

/** Cost by team in reports, after checking that charges, rollups and reports say the same. */
async function costs() {
  const { rows } = await db.pool.query<Record<string, string>>(
    `select (select coalesce(sum(c.billed_cost_usd), 0) from charges c) = coalesce(sum(r.billed_cost_usd), 0)
        and (select coalesce(sum(request_count_of(c.charge_number)), 0) from charges c) = coalesce(sum(r.request_count), 0)
            as is_equal,
            coalesce(min(least(r.request_count, r.output_tokens, r.billed_cost_usd)), 0) >= 0 as is_sound
       from spend_rollups r`,
  );
  expect(rows[0]).toEqual({ is_equal: true, is_sound: true });
  expect(await listWrongDays(db.pool)).toEqual([]);
  const spend = await listSpend(db.pool, {
    scope: { kind: "org", key: "" },
    // Not whole quarters of an hour, so that charges themselves are read at both ends.
    period: { start: instant("2026-11-10T10:05:00Z"), end: instant("2026-11-20T10:08:00Z") },
    zone: timeZone("UTC"),
    groupBy: ["team"],
  });
  return Object.fromEntries(
    spend
      .filter(({ cost, requests }) => cost !== 0n || requests !== 0)
      .map(({ group, cost, requests }) => [
        group.team ?? "none",
        `${String(Number(cost) / 1e12)} for ${String(requests)}`,
      ]),
  );
}

/** Charges and rollups count the same requests under the same dimensions, none less than nothing. */
async function expectRequestsWhereCharged() {
  const { rows } = await db.pool.query(
    `select spend_dimension_id, coalesce(c.requests, 0)::integer as charged,
            coalesce(r.requests, 0)::integer as summed
       from (select c.spend_dimension_id, sum(request_count_of(c.charge_number)) as requests
               from charges c group by 1) c
       full join (select r.spend_dimension_id, sum(r.request_count) as requests
                    from spend_rollups r group by 1) r using (spend_dimension_id)
      where coalesce(c.requests, 0) <> coalesce(r.requests, 0) or coalesce(c.requests, 0) < 0`,
  );
  expect(rows).toEqual([]);
}

beforeEach(async () => {
  await db.pool.query(
    "truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events, prices, rerates",
  );
});

describe("re-rating", () => {
  test("charges usage of a model that was unknown by its price, and says so before", async () => {
    await record([
      used("a"),
      used("b", { team: "billing" }),
      used("c", { model: "claude-opus-4-5" }),
    ]);
    expect(await costs()).toEqual({ search: "0.5 for 2", billing: "0.25 for 1" });
    await price("10");

    const preview = await previewRerate(deps(), NOVEMBER);

    expect(preview).toMatchObject({ eventsExamined: 3, eventsChanged: 2 });
    expect(preview.teams.map(({ teamKey, before, after }) => [teamKey, before, after])).toEqual(
      expect.arrayContaining([
        ["search", 250_000_000_000n, 100_000_000_000n],
        ["billing", 250_000_000_000n, 100_000_000_000n],
      ]),
    );
    expect(await costs()).toEqual({ search: "0.5 for 2", billing: "0.25 for 1" });

    expect(await rerate()).toBe(2);
    expect(await costs()).toEqual({ search: "0.35 for 2", billing: "0.1 for 1" });
  });

  test("twice is as once, and again after another price is another generation", async () => {
    await record([used("a")]);
    await price("10");
    expect(await rerate()).toBe(1);
    expect(await rerate()).toBe(0);
    await price("12");
    expect(await rerate()).toBe(1);
    await price("10");
    expect(await rerate()).toBe(1);

    expect(await costs()).toEqual({ search: "0.1 for 1" });
    const { rows } = await db.pool.query(
      `select array_agg(c.charge_number order by c.charge_number) as numbers from charges c`,
    );
    expect(rows).toEqual([{ numbers: [-20001, -10001, -1, 0, 10000, 20000, 30000] }]);
  });

  test("tells budgets of what it changed", async () => {
    await record([used("a", { tags: { env: "prod" } })]);
    await db.pool.query("truncate budget_checks");
    await price("10");
    await rerate();

    const { rows } = await db.pool.query(
      `select distinct c.occurred_at, c.tags from budget_checks c`,
    );
    expect(rows).toEqual([
      { occurred_at: new Date("2026-11-10T10:07:00Z"), tags: { env: "prod" } },
    ]);
  });

  test("goes on where it was interrupted, and two at once do each event once", async () => {
    const events = Array.from({ length: 1_203 }, (_, index) =>
      used(`e${String(index)}`, { occurred_at: `2026-11-1${String(index % 8)}T10:07:00Z` }),
    );
    await record(events);
    await price("10");
    await inTransaction(db.pool, async (sql) => {
      await requestRerate(sql, { clock }, { range: NOVEMBER, requestedBy: "dana" });
    });

    const first = await advanceRerate(deps());
    expect(first).toMatchObject({ eventsExamined: 500, eventsChanged: 500, isFinished: false });
    // A portion that fails leaves no trace.
    const failing = {
      ...deps(),
      clock: (): Instant => {
        throw new Error("killed");
      },
    };
    await expect(advanceRerate(failing)).rejects.toThrow("killed");
    const other = db.openPool();
    await Promise.all([
      advanceRerates(deps()),
      advanceRerates(deps(other)),
      advanceRerates(deps()),
    ]);

    expect(await advanceRerate(deps())).toBeUndefined();
    expect(await costs()).toEqual({ search: "120.3 for 1203" });
  });

  test("by the worker waits until what was priced before is written", async () => {
    await price("10");
    await record([used("a")]);
    await inTransaction(db.pool, async (sql) => {
      await requestRerate(sql, { clock }, { range: NOVEMBER, requestedBy: "dana" });
    });
    const later = (ms: number) => ({ ...deps(), clock: (): Instant => addMs(now, ms) });

    expect(await advanceSettledRerate(later(10_000))).toBe(0);
    expect(await advanceSettledRerate(later(31_000))).toBe(1);
    expect(await advanceSettledRerate(later(31_000))).toBe(1);
    expect(await advanceSettledRerate(later(31_000))).toBe(0);
  });

  test("of what only another model ran leaves the request with the one that was asked for", async () => {
    const served = {
      input_tokens: 0,
      output_tokens: 10_000,
      iterations: [
        { type: "message", model: "claude-sonnet-4-5", input_tokens: 0, output_tokens: 10_000 },
      ],
    };
    await record([used("a", { usage: served })]);
    await price("10");
    await rerate();
    expect(await costs()).toEqual({ search: "0.15 for 1" });
    await expectRequestsWhereCharged();

    await record([{ event_id: "v", occurred_at: "2026-11-11T00:00:00Z", voids: "a" }]);
    expect(await costs()).toEqual({});
    await expectRequestsWhereCharged();
  });

  test("counts one request however many charges it has", async () => {
    const quantities = { input_tokens: 1, output_tokens: 1, cache_read_input_tokens: 1 };
    const iterations = Array.from({ length: 1_000 }, () => ({ type: "message", ...quantities }));
    await record([used("a", { usage: { ...quantities, iterations } })]);
    await expectRequestsWhereCharged();
    await price("10");
    await rerate();
    await expectRequestsWhereCharged();

    await record([{ event_id: "v", occurred_at: "2026-11-11T00:00:00Z", voids: "a" }]);
    expect(await costs()).toEqual({});
    await expectRequestsWhereCharged();
  });

  test("leaves alone what counts nothing, and a later void takes back the new charges", async () => {
    await record(
      [used("a"), used("b"), { ...used("v"), model: undefined, usage: undefined, voids: "a" }].map(
        (raw) => JSON.parse(JSON.stringify(raw)) as Raw,
      ),
    );
    await price("10");
    expect(await rerate()).toBe(1);
    expect(await costs()).toEqual({ search: "0.1 for 1" });

    await record([{ event_id: "w", occurred_at: "2026-11-11T00:00:00Z", voids: "b" }]);
    expect(await costs()).toEqual({});
  });

  test("of estimated usage alone leaves other charges as they are", async () => {
    await record([used("a"), used("b", { model: "claude-opus-4-5" })]);
    await price("10");
    await price("20", "claude-opus-4-5");

    expect(await rerate({ ...NOVEMBER, onlyEstimated: true })).toBe(1);
    expect(await costs()).toEqual({ search: "0.35 for 2" });
  });

  test("leaves usage with its owner, unless owners are asked for", async () => {
    await record([used("a", { team: undefined, user_email: "bo@acme.test" })]);
    expect(await costs()).toEqual({ none: "0.25 for 1" });
    await acme(db.pool); // Now bo belongs to a team.
    await price("10");

    await rerate();
    expect(await costs()).toEqual({ none: "0.1 for 1" });
    expect(await rerate({ ...NOVEMBER, includesAllocation: true })).toBe(1);
    expect(await costs()).toEqual({ search: "0.1 for 1" });
  });

  test("ends, after any order of usage, prices, voids and re-rating, as if it had been so from the start", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("use" as const), id: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ kind: fc.constant("void" as const), id: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ kind: fc.constant("price" as const), output: fc.integer({ min: 5, max: 9 }) }),
      fc.record({ kind: fc.constant("rerate" as const) }),
      fc.record({ kind: fc.constant("both" as const), id: fc.integer({ min: 0, max: 5 }) }),
    );
    const voiding = (id: number): Raw => ({
      event_id: `void-${String(id)}`,
      occurred_at: "2026-11-12T00:00:00Z",
      voids: `e${String(id)}`,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        await db.pool.query(
          "truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events, prices, rerates",
        );
        const usedIds = new Set<number>();
        const voided = new Set<number>();
        let output = 25;
        for (const one of steps) {
          if (one.kind === "use") {
            await record([used(`e${String(one.id)}`)]);
            usedIds.add(one.id);
          } else if (one.kind === "void") {
            await record([voiding(one.id)]);
            voided.add(one.id);
          } else if (one.kind === "price") {
            await price(String(one.output));
            output = one.output;
          } else if (one.kind === "rerate") {
            await rerate();
          } else {
            await Promise.all([rerate(), record([voiding(one.id)])]);
            voided.add(one.id);
          }
        }
        await rerate();
        const left = [...usedIds].filter((id) => !voided.has(id)).length;
        const cost = (left * output * 10_000) / 1_000_000;
        expect(await costs()).toEqual(
          left === 0 ? {} : { search: `${String(cost)} for ${String(left)}` },
        );
      }),
      { numRuns: 25 },
    );
  });
});
