/** Whether ingest stays as fast with history behind it, and as small under load that lasts. */
import { execFileSync } from "node:child_process";
import { aWebhookSecret } from "../support/usage-builders.ts";
import { aBatch } from "./events.ts";
import { median, printFigure } from "./figure.ts";
import { BATCH, BATCH_CONNECTIONS, ROUNDS } from "./ingest.ts";
import { rawRequest, sendAll } from "./load.ts";
import {
  addDatabase,
  type BenchDatabase,
  type BenchServer,
  forkProgram,
  startBenchDatabase,
} from "./processes.ts";

/** Ten million take several minutes to fill in: `BENCH_EVENTS_STORED=10000000`. */
const EVENTS_STORED = Number(process.env["BENCH_EVENTS_STORED"] ?? 2_000_000);
const MONTHS = 12;
const BATCHES = 40;

export async function benchHistory(): Promise<void> {
  const secret = aWebhookSecret();
  const empty = await startBenchDatabase();
  const full = await addDatabase(empty, "with_history");
  await fill(full);
  const servers = [await forkProgram(full, secret), await forkProgram(empty, secret)] as const;
  const withHistory: number[] = [];
  const without: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const [rateFull, rateEmpty] = [
      await rateOf(servers[0], secret),
      await rateOf(servers[1], secret),
    ];
    if (round === 0) continue; // The first round warms both.
    withHistory.push(rateFull);
    without.push(rateEmpty);
  }
  await Promise.all(servers.map(async (server) => await server.stop()));
  await full.stop();
  await empty.stop();
  printFigure({
    name: `ingest.with-${String(EVENTS_STORED)}-events-stored`,
    value: median(withHistory),
    unit: "events/s",
    baseline: "an empty database",
    baseline_value: median(without),
  });
}

async function rateOf({ url }: BenchServer, secret: string): Promise<number> {
  const requests = Array.from({ length: BATCHES }, () => rawRequest(url, aBatch(BATCH), secret));
  return (BATCHES * BATCH) / (await sendAll(url, requests, BATCH_CONNECTIONS));
}

/** Events of the last year, two charges each, in the order of their time, as they would have come. */
async function fill({ pool }: BenchDatabase): Promise<void> {
  await pool.query(
    `select ensure_usage_partitions(now() - make_interval(months => m)) from generate_series(0, $1) m`,
    [MONTHS],
  );
  const event = `select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid as id,
                        lpad(n::text, 16, '0') as number,
                        now() - interval '1 day' - make_interval(days => 360) * (1 - n::float8 / $1) as at
                   from generate_series(1, $1::integer) n`;
  await Promise.all([
    pool.query(
      `insert into usage_identities
              (source, event_id, content_sha256, request_id, message_id, usage_event_id, occurred_at)
       select 'default', 'evt_0' || e.number, sha256(e.number::bytea), 'req_0' || e.number,
              'msg_0' || e.number, e.id, e.at
         from (${event}) e`,
      [EVENTS_STORED],
    ),
    pool.query(
      `insert into usage_events
              (occurred_at, usage_event_id, received_at, source, event_id, provider, model, usage,
               request_id, message_id, user_email, tags)
       select e.at, e.id, e.at, 'default', 'evt_0' || e.number, 'anthropic', 'claude-opus-5-5',
              '{"uncachedInputTokens": 1000, "outputTokens": 800}', 'req_0' || e.number,
              'msg_0' || e.number, 'p1@acme.test', '{"env": "prod"}'
         from (${event}) e`,
      [EVENTS_STORED],
    ),
    pool.query(
      `insert into charges
              (charge_period_start, usage_event_id, charge_number, charge_category,
               spend_dimension_id, sku_id, price_id, pricing_basis, consumed_quantity,
               consumed_unit, list_unit_price_usd, list_cost_usd, billed_cost_usd)
       select e.at, e.id, c, 'Usage', 1, 'claude-opus-5-5/output', 'p', 'list', 1000, 'tokens',
              0.000001, 0.001, 0.001
         from (${event}) e, generate_series(0, 1) c`,
      [EVENTS_STORED],
    ),
  ]);
  await pool.query("vacuum analyze usage_identities, usage_events, charges");
  await pool.query("checkpoint");
}

/** An hour: `BENCH_LOAD_SECONDS=3600`. */
const LOAD_SECONDS = Number(process.env["BENCH_LOAD_SECONDS"] ?? 120);
const CHUNK_BATCHES = 20;

/** Resident memory at the end of a load that lasts, next to that after its first quarter. */
export async function benchMemory(): Promise<void> {
  const secret = aWebhookSecret();
  const database = await startBenchDatabase();
  const server = await forkProgram(database, secret);
  const samples: number[] = [];
  const startedAt = performance.now();
  while (performance.now() - startedAt < LOAD_SECONDS * 1_000) {
    const requests = Array.from({ length: CHUNK_BATCHES }, () =>
      rawRequest(server.url, aBatch(BATCH), secret),
    );
    // oxlint-disable-next-line no-await-in-loop -- requests are made as they are needed
    await sendAll(server.url, requests, BATCH_CONNECTIONS);
    samples.push(residentMiB(server.pid));
  }
  await server.stop();
  await database.stop();
  const quarter = Math.ceil(samples.length / 4);
  printFigure({
    name: `ingest.memory-after-${String(LOAD_SECONDS)}-seconds`,
    value: median(samples.slice(-quarter)),
    unit: "MiB",
    baseline: "the second quarter of the same load",
    baseline_value: median(samples.slice(quarter, 2 * quarter)),
  });
}

function residentMiB(pid: number): number {
  const output = execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return Number(output.trim()) / 1_024;
}
