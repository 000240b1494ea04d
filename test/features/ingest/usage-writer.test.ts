import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { createIngestMemory } from "../../../src/features/ingest/flow/ingest-memory.ts";
import { createUsageWriter } from "../../../src/features/ingest/flow/usage-writer.ts";
import { parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import { type Database, openDatabase } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const now = instant("2026-11-23T12:00:00Z");

function aWriter(database: Database = db.pool) {
  return createUsageWriter({
    database,
    clock: () => now,
    log: pino({ level: "silent" }),
    ingestMemory: createIngestMemory(),
  });
}

function aDelivery(...events: readonly unknown[]) {
  return {
    source: { name: "default", isTrusted: true },
    batch: events.map((raw, index) => parseNativeEvent(raw, { index, source: "default", now })),
  };
}

beforeEach(async () => {
  await db.pool.query(
    `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events`,
  );
});

describe("createUsageWriter", () => {
  test("lets deliveries of the same moment share a commit, and answers each for itself", async () => {
    const writer = aWriter();
    const same = aNativeEvent();
    const results = await Promise.all([
      writer.record(aDelivery(aNativeEvent(), aNativeEvent())),
      writer.record(aDelivery(same)),
      writer.record(aDelivery(same, { event_id: "bad" })),
      writer.record(aDelivery({ ...same, model: "claude-haiku-4-5" })),
    ]);

    expect(results).toMatchObject([
      { accepted: 2, duplicates: 0, rejected: [] },
      { accepted: 1, duplicates: 0, rejected: [] },
      { accepted: 0, duplicates: 1, rejected: [{ index: 1, eventId: "bad" }] },
      { accepted: 0, duplicates: 0, rejected: [{ index: 0, code: "conflict" }] },
    ]);
    const { rows } = await db.pool.query(
      `select count(distinct e.xmin::text)::integer as commits, count(*)::integer as events from usage_events e`,
    );
    expect(rows).toEqual([{ commits: 1, events: 3 }]);
  });

  test("a delivery that Postgres refuses fails alone", async () => {
    await db.pool.query(
      `alter table usage_events add constraint no_poison check (model <> 'poison')`,
    );
    const writer = aWriter();
    const results = await Promise.allSettled([
      writer.record(aDelivery(aNativeEvent())),
      writer.record(aDelivery(aNativeEvent({ model: "poison" }))),
      writer.record(aDelivery(aNativeEvent())),
    ]);
    await db.pool.query(`alter table usage_events drop constraint no_poison`);

    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const { rowCount } = await db.pool.query(`select 1 from usage_events`);
    expect(rowCount).toBe(2);
  });

  test("fails all of a commit that took too long at once, not each again", async () => {
    const impatient = db.openPool({ max: 1 });
    const writer = aWriter(impatient);
    await writer.record(aDelivery(aNativeEvent()));
    await impatient.query(`set statement_timeout = '300ms'`);
    const blocker = await db.pool.connect();
    await blocker.query(`begin; lock table spend_rollups in share mode`);
    let attempts = 0;
    impatient.on("acquire", () => (attempts += 1));
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, async () => await writer.record(aDelivery(aNativeEvent()))),
    );
    await blocker.query("rollback");
    blocker.release();

    expect(results.every(({ status }) => status === "rejected")).toBe(true);
    expect(attempts).toBeLessThan(results.length);
    await impatient.query(`set statement_timeout = 0`);
    expect(await writer.record(aDelivery(aNativeEvent()))).toMatchObject({ accepted: 1 });
  });

  test("refuses more than it can hold, keeps what it took, and goes on", async () => {
    const writer = aWriter();
    const large = () => aDelivery(...Array.from({ length: 5_000 }, () => ({ event_id: "bad" })));
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, async () => await writer.record(large())),
    );

    const refused = results.filter((result) => result.status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ reason }) => String(reason).includes("wait to be written"))).toBe(true);
    expect(await writer.record(aDelivery(aNativeEvent()))).toMatchObject({ accepted: 1 });
  });

  test("says that the database is away, and works again when it is back", async () => {
    const away = openDatabase({ host: "127.0.0.1", port: 1, connectionTimeoutMillis: 300 });
    const writer = aWriter(away);
    await expect(writer.record(aDelivery(aNativeEvent()))).rejects.toThrow(/database/);
    await expect(writer.record(aDelivery(aNativeEvent()))).rejects.toThrow(/database/);
    await away.end();
  });
});
