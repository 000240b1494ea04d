import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { type Instant, instant } from "../../../src/domain/time.ts";
import { createIngestMemory } from "../../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../../src/features/ingest/flow/record-usage.ts";
import { tendPartitions } from "../../../src/features/ingest/flow/tend-partitions.ts";
import { contentSha256, parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import { monthsToPrepare, retentionStart } from "../../../src/features/ingest/rules.ts";
import type { Database } from "../../../src/store/database.ts";
import { MIGRATIONS_DIRECTORY, migrate } from "../../../src/store/migrate.ts";
import { PATIENT, useDatabase, useEmptyDatabase } from "../../support/database.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const now = instant("2026-11-23T12:00:00Z");
const log = pino({ level: "silent" });

function parse(event: unknown, index = 0, at: Instant = now) {
  return parseNativeEvent(event, { index, source: "default", now: at });
}

function recorderOf(database: () => Database) {
  const ingestMemory = createIngestMemory();
  return async (events: readonly unknown[], memory = ingestMemory) => {
    const [result] = await recordUsage(
      { database: database(), clock: () => now, log, ingestMemory: memory },
      [
        {
          source: { name: "default", isTrusted: true },
          batch: events.map((event, index) => parse(event, index)),
        },
      ],
    );
    return result;
  };
}

async function monthsOf(database: Database, table = "usage_events"): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `select i.inhrelid::regclass::text as name from pg_inherits i
      where i.inhparent = $1::regclass order by 1`,
    [table],
  );
  return rows.map(({ name }) => name.slice(table.length + 1));
}

describe("a database from before usage was stored by month", () => {
  const db = useEmptyDatabase();
  const record = recorderOf(() => db.pool);

  test("keeps every event, charge and identity, each in its month", async () => {
    const directory = await mkdtemp(join(tmpdir(), "claude-spend-migrations-"));
    for (const name of (await readdir(MIGRATIONS_DIRECTORY)).filter((file) => file < "0004")) {
      await cp(join(MIGRATIONS_DIRECTORY, name), join(directory, name));
    }
    await migrate(db.pool, { directory });
    await rm(directory, { recursive: true });
    const events = ["2025-12-31T23:59:59.999Z", "2026-01-01T00:00:00Z", "2026-11-20T10:00:00Z"].map(
      (at, index) =>
        aNativeEvent({
          occurred_at: at,
          request_id: `req_${String(index)}`,
          message_id: `msg_${String(index)}`,
          tags: { env: "prod" },
        }),
    );
    for (const [index, event] of events.entries()) await insertAsBefore(db.pool, event, index);

    await migrate(db.pool);

    expect(await monthsOf(db.pool)).toEqual(["2025_12", "2026_01", "2026_11"]);
    const { rows } = await db.pool.query(
      `select e.event_id, e.tags, e.tableoid::regclass::text as month, c.billed_cost_usd::text as cost,
              c.tableoid::regclass::text as charge_month, i.occurred_at = e.occurred_at as agrees
         from usage_events e
         join charges c on c.usage_event_id = e.usage_event_id and c.charge_period_start = e.occurred_at
         join usage_identities i on i.usage_event_id = e.usage_event_id
        order by e.occurred_at`,
    );
    expect(rows).toEqual(
      ["2025_12", "2026_01", "2026_11"].map((month, index) => ({
        event_id: events[index]?.["event_id"],
        tags: { env: "prod" },
        month: `usage_events_${month}`,
        cost: `0.${String(index + 1)}00000000000`,
        charge_month: `charges_${month}`,
        agrees: true,
      })),
    );
    const last = events.slice(1);
    expect(await record(last)).toMatchObject({ accepted: 0, duplicates: 2, rejected: [] });
    expect(await record([{ ...last[0], model: "claude-haiku-4-5" }])).toMatchObject({
      rejected: [{ code: "conflict" }],
    });
    expect(await record([aNativeEvent({ request_id: "req_1" })])).toMatchObject({ duplicates: 1 });
    expect(await record([aNativeEvent({ message_id: "msg_0" })])).toMatchObject({ duplicates: 1 });
    await expect(db.pool.query(`delete from usage_events`)).rejects.toThrow(/append-only/);
    await expect(db.pool.query(`delete from usage_identities`)).rejects.toThrow(/append-only/);
  });
});

/** As the program did before: one row of each, in tables without partitions. */
async function insertAsBefore(
  database: Database,
  event: Readonly<Record<string, unknown>>,
  index: number,
): Promise<void> {
  const at = instant(String(event["occurred_at"]));
  const parsed = parse(event, 0, at);
  if (parsed.kind !== "event") throw new Error(parsed.rejection.message);
  const id = `00000000-0000-7000-8000-00000000000${String(index)}`;
  await database.query(
    `insert into usage_events
            (usage_event_id, source, event_id, content_sha256, occurred_at, received_at, provider,
             model, usage, tags, request_id, message_id)
     values ($1, 'default', $2, decode($3, 'hex'), $4, $4, 'anthropic', 'm', '{}', $5, $6, $7)`,
    [
      id,
      event["event_id"],
      contentSha256(parsed.event),
      at,
      event["tags"],
      event["request_id"],
      event["message_id"],
    ],
  );
  await database.query(
    `insert into charges
            (usage_event_id, charge_number, charge_category, charge_period_start,
             spend_dimension_id, sku_id, price_id, pricing_basis, consumed_quantity, consumed_unit,
             list_unit_price_usd, list_cost_usd, billed_cost_usd)
     values ($1, 0, 'Usage', $2, 1, 'sku', 'price', 'list', 1, 'tokens', $3, $3, $3)`,
    [id, at, `0.${String(index + 1)}`],
  );
}

describe("months of usage", () => {
  const db = useDatabase();
  const record = recorderOf(() => db.pool);

  async function tend(retentionMonths?: number, at: Instant = now): Promise<void> {
    await tendPartitions({ database: db.pool, clock: () => at, log, retentionMonths });
  }

  async function sums() {
    const { rows } = await db.pool.query<Record<string, number>>(
      `select (select count(*) from usage_events)::integer as events,
              (select count(*) from usage_identities)::integer as identities,
              (select count(distinct c.usage_event_id) from charges c)::integer as charged,
              (select coalesce(sum(r.request_count), 0) from spend_rollups r)::integer as requests`,
    );
    return rows[0];
  }

  beforeEach(async () => {
    await db.pool.query(
      `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events;
       select drop_usage_partitions('2100-01-01')`,
    );
  });

  test("are made by whatever comes, from four hundred days ago to a day ahead", async () => {
    const events = ["2025-10-20T00:00:00Z", "2026-02-28T23:59:59Z", "2026-11-24T11:00:00Z"];
    expect(
      await record(
        events.map((at) => aNativeEvent({ occurred_at: at })),
        createIngestMemory(),
      ),
    ).toMatchObject({ accepted: 3 });
    expect(await monthsOf(db.pool)).toEqual(["2025_10", "2026_02", "2026_11"]);
    expect(await monthsOf(db.pool, "charges")).toEqual(["2025_10", "2026_02", "2026_11"]);
  });

  test("are made once by eight replicas that all need the same", async () => {
    const pool = db.openPool({ max: 16 });
    const results = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const write = recorderOf(() => pool);
        return await write([
          aNativeEvent({ occurred_at: "2026-03-01T00:00:00Z" }),
          aNativeEvent({ occurred_at: "2026-04-01T00:00:00Z" }),
        ]);
      }),
    );
    expect(results).toEqual(results.map(() => expect.objectContaining({ accepted: 2 }) as unknown));
    expect(await sums()).toEqual({ events: 16, identities: 16, charged: 16, requests: 16 });
  });

  test("are there before their first event", async () => {
    await tend(undefined, instant("2026-12-31T23:59:00Z"));
    expect(await monthsOf(db.pool)).toEqual(["2026_12", "2027_01"]);
  });

  test("are dropped after retention; sums and identities stay, and nothing counts again", async () => {
    const memory = createIngestMemory();
    const old = aNativeEvent({ occurred_at: "2026-08-31T23:59:59Z", request_id: "req_old" });
    const kept = aNativeEvent({ occurred_at: "2026-09-01T00:00:00Z" });
    await record([old, kept], memory);

    await tend(2);

    expect(await monthsOf(db.pool)).toEqual(["2026_09", "2026_11", "2026_12"]);
    expect(await monthsOf(db.pool, "charges")).toEqual(["2026_09", "2026_11", "2026_12"]);
    expect(await sums()).toEqual({ events: 1, identities: 2, charged: 1, requests: 2 });
    expect(await record([old], memory)).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await record([{ ...old, model: "claude-haiku-4-5" }], memory)).toMatchObject({
      rejected: [{ code: "conflict" }],
    });
    expect(
      await record([aNativeEvent({ occurred_at: "2026-11-01T00:00:00Z", request_id: "req_old" })]),
    ).toMatchObject({ duplicates: 1 });
  });

  test("take late events though they were dropped since the last one", async () => {
    const memory = createIngestMemory();
    const late = () => aNativeEvent({ occurred_at: "2026-08-15T00:00:00Z" });
    await record([late()], memory);
    await tend(2);

    expect(await record([late(), aNativeEvent()], memory)).toMatchObject({ accepted: 2 });
    expect(await sums()).toEqual({ events: 2, identities: 3, charged: 2, requests: 3 });
  });

  test("stay as long as somebody reads them, and nobody waits for that", async () => {
    await record([aNativeEvent({ occurred_at: "2026-08-15T00:00:00Z" })], createIngestMemory());
    const reader = await db.pool.connect();
    await reader.query(`begin; select * from charges`);

    const startedAt = performance.now();
    await tend(2);
    expect(performance.now() - startedAt).toBeLessThan(PATIENT.statement_timeout / 2); // Nor until it times out.
    expect(await monthsOf(db.pool)).toContain("2026_08");
    expect(await record([aNativeEvent()], createIngestMemory())).toMatchObject({ accepted: 1 });

    await reader.query("commit");
    reader.release();
    await tend(2);
    expect(await monthsOf(db.pool)).not.toContain("2026_08");
  });

  test("that a question is not about are not looked at", async () => {
    await record(
      ["2026-08-15T00:00:00Z", "2026-11-15T00:00:00Z"].map((at) =>
        aNativeEvent({ occurred_at: at }),
      ),
      createIngestMemory(),
    );
    const { rows } = await db.pool.query<Record<string, string>>(
      `explain select sum(c.billed_cost_usd)
         from charges c
         join usage_events e on e.usage_event_id = c.usage_event_id and e.occurred_at = c.charge_period_start
        where c.charge_period_start >= '2026-11-01' and c.charge_period_start < '2026-12-01'
          and e.occurred_at >= '2026-11-01' and e.occurred_at < '2026-12-01'`,
    );
    const plan = JSON.stringify(rows);
    expect(plan).toContain("charges_2026_11");
    expect(plan).not.toContain("2026_08");
  });
});

describe("which months", () => {
  test.each([
    ["2026-11-23T12:00:00Z", 1, "2026-10-01T00:00:00.000Z"],
    ["2026-01-01T00:00:00Z", 1, "2025-12-01T00:00:00.000Z"],
    ["2026-03-31T23:59:59Z", 13, "2025-02-01T00:00:00.000Z"],
  ])("at %s, %i months before the current one are kept: from %s", (at, months, from) => {
    expect(retentionStart(instant(at), months).toISOString()).toBe(from);
  });

  test("the current and the next are prepared, also from the last of a long month", () => {
    expect(monthsToPrepare(instant("2026-01-31T12:00:00Z")).map((at) => at.toISOString())).toEqual([
      "2026-01-31T12:00:00.000Z",
      "2026-02-01T00:00:00.000Z",
    ]);
  });
});
