import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { createIngestMemory } from "../../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../../src/features/ingest/flow/record-usage.ts";
import { parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import type { Database } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const now = instant("2026-11-23T12:00:00Z");

async function record(
  events: readonly unknown[],
  { source = "default", database = db.pool, memory = createIngestMemory() } = {},
) {
  const [result] = await recordUsage(
    { database, clock: () => now, log: pino({ level: "silent" }), ingestMemory: memory },
    [aDelivery(events, source)],
  );
  return result ?? { accepted: -1, duplicates: -1, rejected: [] };
}

function aDelivery(events: readonly unknown[], source = "default") {
  return {
    source: { name: source, isTrusted: source === "default" },
    batch: events.map((raw, index) => parseNativeEvent(raw, { index, source, now })),
  };
}

async function totals(database: Database = db.pool) {
  const { rows } = await database.query<Record<string, string>>(
    `select (select count(*) from usage_events)::text as events,
            (select coalesce(sum(c.billed_cost_usd), 0)::text from charges c) as charged,
            (select coalesce(sum(r.billed_cost_usd), 0)::text from spend_rollups r) as rolled_up,
            (select coalesce(sum(r.request_count), 0)::text from spend_rollups r) as requests,
            (select count(*) from rejected_events)::text as rejected`,
  );
  return rows[0];
}

beforeEach(async () => {
  await db.pool.query(
    `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events;
     insert into teams (team_key, name) values ('search', 'Search') on conflict do nothing`,
  );
});

describe("recordUsage", () => {
  test("budgets need not wait for an event that a wrong clock dated ahead", async () => {
    const due = aNativeEvent({ occurred_at: "2026-11-23T11:59:00Z" });
    const ahead = aNativeEvent({ occurred_at: "2026-11-23T21:00:00Z" });

    await record([due, ahead]);

    const { rows } = await db.pool.query(
      `select b.occurred_at from budget_checks b order by b.occurred_at`,
    );
    expect(rows).toEqual([
      { occurred_at: new Date("2026-11-23T11:59:00Z") },
      { occurred_at: new Date("2026-11-23T21:00:00Z") },
    ]);
  });

  test("stores event, charges, sums and the note to budgets together", async () => {
    expect(await record([aNativeEvent({ team: "search", tags: { env: "prod" } })])).toEqual({
      accepted: 1,
      duplicates: 0,
      rejected: [],
    });

    expect(await totals()).toEqual({
      events: "1",
      charged: "0.040000000000",
      rolled_up: "0.040000000000",
      requests: "1",
      rejected: "0",
    });
    const { rows } = await db.pool.query(
      `select b.tags, d.team_key, d.model_id
         from budget_checks b
         join spend_dimensions d on d.spend_dimension_id = b.spend_dimension_id`,
    );
    expect(rows).toEqual([
      { tags: { env: "prod" }, team_key: "search", model_id: "claude-opus-5-5" },
    ]);
  });

  test("counts a repeated event once, within a batch and across batches", async () => {
    const event = aNativeEvent();

    expect(await record([event, event])).toMatchObject({ accepted: 1, duplicates: 1 });
    expect(await record([event])).toMatchObject({ accepted: 0, duplicates: 1, rejected: [] });
    expect(await totals()).toMatchObject({ events: "1", charged: "0.040000000000", requests: "1" });
  });

  test("rejects other content under the same id and keeps the first", async () => {
    const event = aNativeEvent();
    await record([event]);

    const result = await record([{ ...event, model: "claude-haiku-4-5" }]);

    expect(result).toMatchObject({ accepted: 0, duplicates: 0 });
    expect(result.rejected).toMatchObject([
      { index: 0, code: "conflict", eventId: event["event_id"] },
    ]);
    expect(await totals()).toMatchObject({ charged: "0.040000000000", rejected: "1" });
  });

  test("counts a request of Claude once, though two sources report it under different ids", async () => {
    await record([aNativeEvent({ request_id: "req_1" })]);

    const other = aNativeEvent({ request_id: "req_1", user_email: "bo@acme.test" });
    expect(await record([other], { source: "gateway" })).toMatchObject({
      accepted: 0,
      duplicates: 1,
    });
    expect(await totals()).toMatchObject({ events: "1", requests: "1" });
  });

  test("counts it once as well when they share only the message", async () => {
    await record([aNativeEvent({ request_id: "req_2", message_id: "msg_2" })]);

    const other = aNativeEvent({ message_id: "msg_2" });
    expect(await record([other], { source: "spans" })).toMatchObject({
      accepted: 0,
      duplicates: 1,
    });
  });

  test("the same id of another source is another event", async () => {
    const event = aNativeEvent();
    await record([event]);
    expect(await record([event], { source: "gateway" })).toMatchObject({ accepted: 1 });
  });

  test("stores the valid events of a batch though others are rejected", async () => {
    const result = await record([aNativeEvent(), { event_id: "bad" }, aNativeEvent()]);

    expect(result).toMatchObject({
      accepted: 2,
      duplicates: 0,
      rejected: [{ index: 1, eventId: "bad" }],
    });
    expect(await totals()).toMatchObject({ events: "2", rejected: "1" });
  });

  test("an untrusted source's word about the team does not count", async () => {
    await record([aNativeEvent({ team: "search" })], { source: "gateway" });
    const { rows } = await db.pool.query(
      `select d.team_key from charges c
         join spend_dimensions d on d.spend_dimension_id = c.spend_dimension_id limit 1`,
    );
    expect(rows).toEqual([{ team_key: null }]);
  });

  test("iterations are charged under their own models, the request counts once", async () => {
    const quantities = { input_tokens: 1_000_000, output_tokens: 0 };
    await record([
      aNativeEvent({
        usage: {
          ...quantities,
          iterations: [
            { type: "message", ...quantities },
            { type: "advisor_message", model: "claude-haiku-4-5", ...quantities },
          ],
        },
      }),
    ]);
    const { rows } = await db.pool.query(
      `select d.model_id, r.request_count::int as requests, r.billed_cost_usd::text as cost
         from spend_rollups r
         join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
        order by d.model_id`,
    );
    expect(rows).toEqual([
      { model_id: "claude-haiku-4-5", requests: 0, cost: "1.000000000000" },
      { model_id: "claude-opus-5-5", requests: 1, cost: "4.000000000000" },
    ]);
  });

  test("the first charge of a request is under its own model, whichever model ran first", async () => {
    const quantities = { input_tokens: 1_000_000, output_tokens: 0 };
    await record([
      aNativeEvent({
        usage: {
          ...quantities,
          iterations: [
            { type: "advisor_message", model: "claude-haiku-4-5", ...quantities },
            { type: "message", ...quantities },
          ],
        },
      }),
    ]);
    const { rows } = await db.pool.query(
      `select c.sku_id from charges c where c.charge_number = 0`,
    );
    expect(rows).toEqual([{ sku_id: "claude-opus-5-5/uncached_input" }]);
  });

  test("eight writers over the same rows lose and repeat nothing", async () => {
    const events = Array.from({ length: 60 }, (_, index) =>
      aNativeEvent({
        user_email: `p${String(index % 7)}@acme.test`,
        request_id: `req_c${String(index)}`,
      }),
    );
    const pool = db.openPool({ max: 8 });
    const results = await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        const shuffled = events
          .toSorted(() => (writer % 2 === 0 ? 1 : -1))
          .slice(writer, writer + 50);
        return await record(shuffled, { database: pool });
      }),
    );
    await record(events);

    const accepted = results.reduce((sum, result) => sum + result.accepted, 0);
    const stored = await totals();
    expect(accepted).toBeLessThanOrEqual(60);
    expect(stored).toMatchObject({
      events: "60",
      requests: "60",
      charged: "2.400000000000",
      rolled_up: "2.400000000000",
      rejected: "0",
    });
  });

  test("new governance takes effect with the next batch", async () => {
    const memory = createIngestMemory();
    await record([aNativeEvent({ api_key_id: "apikey_1" })], { memory });
    await db.pool.query(
      `insert into allocation_rules (position, match, team_key) values (1, '{"apiKeyId":"apikey_1"}', 'search');
       insert into governance_documents values (1, 'x', 'x', now(), 'test')`,
    );
    await record([aNativeEvent({ api_key_id: "apikey_1" })], { memory });
    const { rows } = await db.pool.query(
      `select d.team_key, sum(r.request_count)::int as requests
         from spend_rollups r
         join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
        group by d.team_key order by d.team_key`,
    );
    expect(rows).toEqual([
      { team_key: "search", requests: 1 },
      { team_key: null, requests: 1 },
    ]);
  });

  test("a batch that fails in the middle leaves nothing behind", async () => {
    await db.pool.query(`alter table budget_checks add constraint refuse_all check (false)`);
    await expect(record([aNativeEvent()])).rejects.toThrow(/refuse_all/);
    await db.pool.query(`alter table budget_checks drop constraint refuse_all`);
    expect(await totals()).toMatchObject({ events: "0", charged: "0", rolled_up: "0" });
  });
});

describe("the database", () => {
  test.each([
    ["usage_events", "model = 'free'"],
    ["charges", "billed_cost_usd = 0"],
  ])("refuses to change or delete %s", async (table, assignment) => {
    await record([aNativeEvent()]);
    await expect(db.pool.query(`delete from ${table}`)).rejects.toThrow(/append-only/);
    await expect(db.pool.query(`update ${table} set ${assignment}`)).rejects.toThrow(/append-only/);
  });
});
