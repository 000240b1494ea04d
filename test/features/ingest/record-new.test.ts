import fc from "fast-check";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { instant } from "../../../src/domain/time.ts";
import { createIngestMemory } from "../../../src/features/ingest/flow/ingest-memory.ts";
import { recordNew } from "../../../src/features/ingest/flow/record-new.ts";
import { recordUsage } from "../../../src/features/ingest/flow/record-usage.ts";
import { createUsageWriter } from "../../../src/features/ingest/flow/usage-writer.ts";
import { parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import { useDatabase } from "../../support/database.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const now = instant("2026-11-23T12:00:00Z");

function someDeps() {
  return {
    database: db.pool,
    clock: () => now,
    log: pino({ level: "silent" }),
    ingestMemory: createIngestMemory(),
  };
}

/** Which governance is in force is known from one event that was recorded before. */
async function experiencedDeps() {
  const deps = someDeps();
  await recordUsage(deps, [aDelivery(aNativeEvent())]);
  await emptyUsage();
  return deps;
}

function aDelivery(...events: readonly unknown[]) {
  return {
    source: { name: "default", isTrusted: true },
    batch: events.map((raw, index) => parseNativeEvent(raw, { index, source: "default", now })),
  };
}

async function emptyUsage(): Promise<void> {
  await db.pool.query(
    `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events`,
  );
}

/** All that usage leaves behind, but for the ids that it was given. */
async function everythingStored() {
  const { rows } = await db.pool.query<Record<string, unknown>>(
    `select (select json_agg(to_jsonb(i) - 'usage_event_id' order by i.source, i.event_id)
               from usage_identities i) as identities,
            (select json_agg(to_jsonb(e) - 'usage_event_id' order by e.source, e.event_id)
               from usage_events e) as events,
            (select json_agg(to_jsonb(c) - 'usage_event_id' || jsonb_build_object('event', e.event_id)
                             order by e.event_id, c.charge_number)
               from charges c
               join usage_events e on e.usage_event_id = c.usage_event_id) as charges,
            (select json_agg(r order by r.spend_dimension_id, r.bucket_start)
               from spend_rollups r) as quarters,
            (select json_agg(d order by d.spend_dimension_id, d.day_start) from spend_days d) as days,
            (select coalesce(json_agg(distinct jsonb_build_array(b.spend_dimension_id, b.tags)), '[]')
               from budget_checks b) as checks`,
  );
  const [{ checks, ...rest } = {}] = rows;
  return { ...rest, checks: z.array(z.unknown()).parse(checks) };
}

beforeEach(async () => {
  await emptyUsage();
  await db.pool.query(
    `truncate governance_documents, allocation_rules, metering_designations;
     insert into teams (team_key, name) values ('search', 'Search') on conflict do nothing`,
  );
});

const id = fc.constantFrom("a", "b", "c", "d", "e", "f");
/** Few ids, so that events meet each other's; everything that ends in another row. */
const anyEvent = fc.record({
  event_id: id,
  occurred_at: fc.constantFrom("2026-11-23T10:00:00Z", "2026-11-22T23:59:59Z"),
  model: fc.constantFrom("claude-opus-5-5", "claude-haiku-4-5", "an-unknown-model"),
  request_id: fc.option(id),
  message_id: fc.option(id),
  team: fc.constantFrom(null, "search"),
  tags: fc.constantFrom({}, { env: "prod" }, { "a\\b": 'c"d,{e}' }),
  reported_cost_usd: fc.constantFrom(null, "0.5"),
  usage: fc.record({
    input_tokens: fc.constantFrom(0, 7),
    output_tokens: fc.constantFrom(0, 11),
    server_tool_use: fc.constantFrom(null, { web_search_requests: 3 }),
    iterations: fc.constantFrom(null, [
      { type: "message", input_tokens: 3, output_tokens: 5, model: "claude-haiku-4-5" },
    ]),
  }),
});

describe("recordNew", () => {
  test("with what it leaves to others, stores what they would have stored alone", async () => {
    const deps = await experiencedDeps();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyEvent, { minLength: 1, maxLength: 3 }), {
          minLength: 1,
          maxLength: 4,
        }),
        async (batches) => {
          await emptyUsage();
          const writer = createUsageWriter(deps);
          const results = [];
          for (const batch of batches) {
            // oxlint-disable-next-line no-await-in-loop -- in this order
            results.push(await writer.record(aDelivery(...batch)));
          }
          const { checks, ...stored } = await everythingStored();

          await emptyUsage();
          const expectedResults = [];
          for (const batch of batches) {
            // oxlint-disable-next-line no-await-in-loop -- in this order
            expectedResults.push(...(await recordUsage(deps, [aDelivery(...batch)])));
          }
          expect(results).toEqual(expectedResults);
          const { checks: expectedChecks, ...expectedStored } = await everythingStored();
          expect(stored).toEqual(expectedStored);
          expect(checks).toEqual(expect.arrayContaining(expectedChecks));
        },
      ),
      { numRuns: 25 },
    );
  });

  test("takes all that is new, in one transaction, and leaves what was there", async () => {
    const deps = await experiencedDeps();
    const known = aNativeEvent();
    expect(await recordNew(deps, [aDelivery(known)])).toMatchObject([
      { accepted: 1, left: { batch: [] } },
    ]);

    const results = await recordNew(deps, [
      aDelivery(aNativeEvent(), aNativeEvent()),
      aDelivery(known, aNativeEvent()),
    ]);

    expect(results).toMatchObject([
      { accepted: 2, left: { batch: [] } },
      { accepted: 1, left: { batch: [{ index: 0, event: { eventId: known["event_id"] } }] } },
    ]);
    const { rows } = await db.pool.query(
      `select count(*)::integer as events from usage_events e group by e.xmin::text order by 1`,
    );
    expect(rows).toEqual([{ events: 1 }, { events: 3 }]);
  });

  test("takes nothing by governance that is no longer in force", async () => {
    const deps = await experiencedDeps();
    await db.pool.query(
      `insert into allocation_rules (position, match, team_key) values (1, '{"apiKeyId":"k"}', 'search');
       insert into governance_documents values (1, 'x', 'x', now(), 'test')`,
    );
    const delivery = aDelivery(aNativeEvent({ api_key_id: "k" }));
    expect(await recordNew(deps, [delivery])).toMatchObject([{ accepted: 0, left: delivery }]);
    expect(await everythingStored()).toMatchObject({ identities: null, checks: [] });

    expect(await createUsageWriter(deps).record(delivery)).toMatchObject({ accepted: 1 });
    const { rows } = await db.pool.query(
      `select d.team_key from spend_rollups r
         join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id`,
    );
    expect(rows).toEqual([{ team_key: "search" }]);
  });

  test.each([
    ["before it knows which governance is in force", someDeps, [aNativeEvent()]],
    ["of what is no event", experiencedDeps, [aNativeEvent(), { event_id: "bad" }]],
    [
      "of corrections",
      experiencedDeps,
      [aNativeEvent({ event_id: "first" }), aNativeEvent({ corrects: "first" })],
    ],
    [
      "of a large batch, which others write as cheaply",
      experiencedDeps,
      Array.from({ length: 301 }, () => aNativeEvent()),
    ],
  ])("takes nothing %s", async (_case, deps, events) => {
    const delivery = aDelivery(...events);
    expect(await recordNew(await deps(), [delivery])).toEqual([{ accepted: 0, left: delivery }]);
    expect(await everythingStored()).toMatchObject({ identities: null });
  });

  test("leaves the request of what another source counts to that source", async () => {
    await db.pool.query(
      `insert into metering_designations (api_key_id, source, managed_by, valid_from)
       values ('k', 'litellm', 'command', '2026-11-01T00:00:00Z')`,
    );
    const deps = await experiencedDeps();
    const event = aNativeEvent({ api_key_id: "k", request_id: "req_1" });
    expect(await recordNew(deps, [aDelivery(event)])).toMatchObject([{ accepted: 0 }]);

    const result = await createUsageWriter(deps).record(aDelivery(event));
    expect([...(result.notCounted ?? [])]).toEqual([["metered_elsewhere", 1]]);
  });

  test("of eight that bring the same events, each is taken once, and no sum is lost", async () => {
    const deps = await experiencedDeps();
    const events = Array.from({ length: 40 }, () => aNativeEvent());
    const taken = await Promise.all(
      Array.from({ length: 8 }, async (_, caller) => {
        const own = caller % 2 === 0 ? events : events.toReversed();
        return (await recordNew(deps, [aDelivery(...own)]))[0]?.accepted ?? 0;
      }),
    );
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(events.length);
    const { rows } = await db.pool.query(
      `select sum(r.request_count)::integer as requests,
              sum(r.billed_cost_usd) = (select sum(c.billed_cost_usd) from charges c) as is_same_cost,
              sum(r.billed_cost_usd) = (select sum(d.billed_cost_usd) from spend_days d) as is_same_day
         from spend_rollups r`,
    );
    expect(rows).toEqual([{ requests: events.length, is_same_cost: true, is_same_day: true }]);
  });

  test("leaves a month that was dropped meanwhile to who makes it again", async () => {
    const deps = await experiencedDeps();
    deps.ingestMemory.months.add("2026-3");
    const late = aDelivery(aNativeEvent({ occurred_at: "2026-03-15T00:00:00Z" }));
    expect(await recordNew(deps, [late])).toMatchObject([{ accepted: 0, left: late }]);
    expect(await createUsageWriter(deps).record(late)).toMatchObject({ accepted: 1 });
  });
});
