import { readdir, readFile } from "node:fs/promises";
import { pino } from "pino";
import { expect, test } from "vitest";
import { instant } from "../../src/domain/time.ts";
import { createIngestMemory, listRejected, recordUsage } from "../../src/features/ingest/index.ts";
import { parseNativeEvent } from "../../src/features/ingest/native-event.ts";
import { useEmptyDatabase } from "../support/database.ts";

const db = useEmptyDatabase();
const now = instant("2026-11-23T12:00:00Z");

async function migrate(isWanted: (number: string) => boolean): Promise<void> {
  for (const file of (await readdir("migrations")).toSorted()) {
    if (isWanted(file.slice(0, 4)))
      // oxlint-disable-next-line no-await-in-loop -- one migration after the other
      await db.pool.query(await readFile(`migrations/${file}`, "utf8"));
  }
}

test("what was recorded before can be corrected, and what was rejected before is still seen", async () => {
  await migrate((number) => number < "0004");
  await db.pool.query(
    `insert into spend_dimensions (team_key, model_id, source) values ('ads', 'claude-opus-4-5', 'default');
     insert into usage_events (usage_event_id, source, event_id, content_sha256, occurred_at, received_at,
                               provider, model, usage, request_id)
     values ('01930000-0000-7000-8000-000000000001', 'default', 'a', '\\x01', '2026-09-10T10:05:00Z', now(),
             'anthropic', 'claude-opus-4-5', '{}', 'req_1');
     insert into charges (usage_event_id, charge_number, charge_category, charge_period_start, spend_dimension_id,
                          sku_id, price_id, pricing_basis, consumed_quantity, consumed_unit, list_unit_price_usd,
                          list_cost_usd, billed_cost_usd)
     values ('01930000-0000-7000-8000-000000000001', 0, 'Usage', '2026-09-10T10:05:00Z', 1,
             'claude-opus-4-5/output', 'p', 'list', 1000000, 'tokens', 0.000025, 25, 25);
     insert into spend_rollups values (1, '2026-09-10T10:00:00Z', 1, 0, 0, 0, 0, 1000000, 0, 25, 25);
     insert into rejected_events (rejected_event_id, source, code, message, received_at)
     values (gen_random_uuid(), 'default', 'invalid', 'model: expected a text', '2026-11-20T00:00:00Z')`,
  );
  await migrate((number) => number >= "0004");

  const deps = {
    database: db.pool,
    clock: () => now,
    log: pino({ level: "silent" }),
    ingestMemory: createIngestMemory(),
  };
  const correction = {
    event_id: "b",
    occurred_at: "2026-09-10T10:05:00Z",
    model: "claude-opus-4-5",
    request_id: "req_1",
    corrects: "a",
    usage: { input_tokens: 0, output_tokens: 400_000 },
  };
  const source = { name: "default", isTrusted: true };
  const parsed = parseNativeEvent(correction, { index: 0, source: source.name, now });

  expect(await recordUsage(deps, [{ source, batch: [parsed] }])).toEqual([
    { accepted: 1, duplicates: 0, rejected: [] },
  ]);
  const { rows } = await db.pool.query(
    `select d.team_key, r.request_count::integer as requests, r.output_tokens::integer as output,
            r.billed_cost_usd::numeric(10, 2)::text as cost
       from spend_rollups r join spend_dimensions d using (spend_dimension_id) order by d.team_key`,
  );
  expect(rows).toEqual([
    { team_key: "ads", requests: 0, output: 0, cost: "0.00" },
    { team_key: null, requests: 1, output: 400_000, cost: "10.00" },
  ]);
  expect(await listRejected(deps, { status: "open" }, 10)).toMatchObject([
    {
      message: "model: expected a text",
      lastReceivedAt: instant("2026-11-20T00:00:00Z"),
      timesReceived: 1,
    },
  ]);
});
