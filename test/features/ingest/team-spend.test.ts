import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { foldTeamSpend } from "../../../src/features/ingest/flow/fold-team-spend.ts";
import { createIngestMemory } from "../../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../../src/features/ingest/flow/record-usage.ts";
import { parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import { DEFAULT_SOURCE } from "../../../src/features/sources/index.ts";
import { inTransaction } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";
import { listWrongDays } from "../../support/spend-days.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const now = instant("2026-11-23T12:00:00Z");
const deps = () => ({
  database: db.pool,
  clock: () => now,
  log: pino({ level: "silent" }),
  ingestMemory: createIngestMemory(),
});

async function record(events: readonly Record<string, unknown>[]): Promise<void> {
  await recordUsage(deps(), [
    {
      source: DEFAULT_SOURCE,
      batch: events.map((event, index) =>
        parseNativeEvent(event, { index, source: "default", now }),
      ),
    },
  ]);
}

/** Of three people, two teams and none, two models; each event in a batch of its own. */
async function recordSome(): Promise<void> {
  for (const [index, team] of ["search", "ads", undefined, "search", "search", "ads"].entries()) {
    // oxlint-disable-next-line no-await-in-loop -- batches that follow each other add to the same sums
    await record([
      aNativeEvent({
        team,
        user_email: `p${String(index % 3)}@acme.test`,
        model: index % 2 === 0 ? "claude-opus-5-5" : "claude-haiku-4-5",
        occurred_at: `2026-11-2${String(2 + (index % 2))}T0${String(index)}:10:00Z`,
      }),
    ]);
  }
}

async function counts() {
  const { rows } = await db.pool.query<Record<string, number>>(
    `select (select count(*)::integer from team_spend_days) as days,
            (select count(distinct (t.spend_dimension_id, t.day_start))::integer
               from team_spend_days t) as different_days,
            (select count(*)::integer from team_spend_days t where not t.is_folded) as loose_days,
            (select count(*)::integer from model_spend_quarters q where not q.is_folded) as loose_quarters,
            (select count(*)::integer from spend_months m where not m.is_folded) as loose_months`,
  );
  return rows[0];
}

beforeEach(async () => {
  await db.pool.query(
    `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, spend_dimensions;
     insert into teams (team_key, name) values ('search', 'Search'), ('ads', 'Ads') on conflict do nothing`,
  );
});

describe("spend summed by team and by model", () => {
  test("says the same as the quarters of an hour, batch after batch, before and after it is folded", async () => {
    await recordSome();
    await recordSome();
    expect(await listWrongDays(db.pool)).toEqual([]);
    const before = await counts();
    expect(before?.["loose_days"]).toBeGreaterThan(before?.["different_days"] ?? 0);

    await foldTeamSpend(deps(), 1);

    expect(await listWrongDays(db.pool)).toEqual([]);
    const different = before?.["different_days"];
    expect(await counts()).toEqual({
      days: different,
      different_days: different,
      loose_days: 0,
      loose_quarters: 0,
      loose_months: 0,
    });
  });

  test("is folded again with what came since", async () => {
    await recordSome();
    await foldTeamSpend(deps(), 1);
    await recordSome();
    await foldTeamSpend(deps(), 1);

    expect(await listWrongDays(db.pool)).toEqual([]);
    const after = await counts();
    expect(after?.["days"]).toBe(after?.["different_days"]);
  });

  test("stays as it is while few rows were added", async () => {
    await recordSome();
    const before = await counts();

    await foldTeamSpend(deps());

    expect(await counts()).toEqual(before);
  });

  test("is folded by one at a time, and the others go on", async () => {
    await recordSome();
    const before = await counts();

    await inTransaction(db.pool, async (sql) => {
      await sql.query(`select pg_advisory_xact_lock(5620331907)`);
      await foldTeamSpend(deps(), 1);
      expect(await counts()).toEqual(before);
    });

    await foldTeamSpend(deps(), 1);
    expect((await counts())?.["loose_days"]).toBe(0);
  });

  test("loses nothing of what is recorded while others fold it", async () => {
    await Promise.all([
      ...Array.from({ length: 4 }, async () => {
        await recordSome();
      }),
      ...Array.from({ length: 4 }, async () => {
        for (let again = 0; again < 5; again += 1) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other, while others record
          await foldTeamSpend(deps(), 1);
        }
      }),
    ]);

    expect(await listWrongDays(db.pool)).toEqual([]);
    const { rows } = await db.pool.query(
      `select sum(t.request_count)::integer as requests from team_spend_days t`,
    );
    expect(rows).toEqual([{ requests: 24 }]);
  });

  test("of one team has few dimensions, however many people and keys it has", async () => {
    await record(
      Array.from({ length: 20 }, (_, index) =>
        aNativeEvent({
          team: "search",
          user_email: `p${String(index)}@acme.test`,
          api_key_id: `key_${String(index)}`,
          occurred_at: "2026-11-22T10:00:00Z",
        }),
      ),
    );

    const { rows } = await db.pool.query(
      `select count(*)::integer as rows, sum(t.request_count)::integer as requests
         from team_spend_days t`,
    );
    expect(rows).toEqual([{ rows: 1, requests: 20 }]);
  });
});
