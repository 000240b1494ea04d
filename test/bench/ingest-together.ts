/** Several writers over the same rows: no deadlock, no lost update, and they hardly hold each other up. */

import { type Instant, instant } from "../../src/domain/time.ts";
import { createIngestMemory } from "../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../src/features/ingest/flow/record-usage.ts";
import { parseNativeEvent } from "../../src/features/ingest/native-event.ts";
import { DEFAULT_SOURCE } from "../../src/features/sources/index.ts";
import { openDatabase } from "../../src/store/database.ts";
import { aWebhookSecret } from "../support/usage-builders.ts";
import { aBatch, anEvent } from "./events.ts";
import { median, printFigure } from "./figure.ts";
import { BATCH, ROUNDS } from "./ingest.ts";
import { rawRequest, sendAll } from "./load.ts";
import {
  addDatabase,
  type BenchDatabase,
  type BenchServer,
  createBenchLog,
  emptyUsage,
  forkProgram,
  startBenchDatabase,
} from "./processes.ts";

const WRITERS = 8;
const BATCHES_EACH = 6;

/** Eight writers, each event brought by two of them, all in the rows of the same few quarters. */
export async function benchWriters(): Promise<void> {
  const database = await startBenchDatabase();
  const together: number[] = [];
  const alone: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    await emptyUsage(database);
    const rate = await writersRate(database, WRITERS);
    await expectEverySumEqual(database, (WRITERS * BATCHES_EACH * BATCH) / 2);
    await emptyUsage(database);
    const rateAlone = await writersRate(database, 1);
    if (round === 0) continue; // The first round warms both.
    together.push(rate);
    alone.push(rateAlone);
  }
  await database.stop();
  printFigure({
    name: "ingest.eight-writers",
    value: median(together),
    unit: "deliveries of events/s, each event twice; sums checked, no deadlock",
    baseline: "one writer, each event once",
    baseline_value: median(alone),
  });
}

async function writersRate(database: BenchDatabase, writers: number): Promise<number> {
  const shared = Array.from({ length: Math.ceil(writers / 2) * BATCHES_EACH }, () =>
    Array.from({ length: BATCH }, anEvent),
  );
  const pool = openDatabase({ connectionString: database.connectionString, max: writers });
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      const from = Math.floor(writer / 2) * BATCHES_EACH;
      const batches = shared.slice(from, from + BATCHES_EACH);
      const deps = {
        database: pool,
        clock: (): Instant => instant(new Date()),
        log: createBenchLog(),
        ingestMemory: createIngestMemory(),
      };
      for (const events of writer % 2 === 0 ? batches : batches.toReversed()) {
        const now = deps.clock();
        const batch = events.map((raw, index) =>
          parseNativeEvent(raw, { index, source: "default", now }),
        );
        // oxlint-disable-next-line no-await-in-loop -- a writer has one transaction at a time
        await recordUsage(deps, [{ source: DEFAULT_SOURCE, batch }]);
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  await pool.end();
  return (writers * BATCHES_EACH * BATCH) / seconds;
}

async function expectEverySumEqual({ pool }: BenchDatabase, events: number): Promise<void> {
  const { rows } = await pool.query<Record<string, string>>(
    `select (select count(*) from usage_identities)::text as identities,
            (select count(*) from usage_events)::text as events,
            (select sum(r.request_count) from spend_rollups r)::text as requests,
            (select sum(r.billed_cost_usd) from spend_rollups r)
              = (select sum(c.billed_cost_usd) from charges c) as is_same_cost,
            (select d.deadlocks from pg_stat_database d where d.datname = current_database())::text as deadlocks`,
  );
  const expected = {
    identities: String(events),
    events: String(events),
    requests: String(events),
    is_same_cost: true,
    deadlocks: "0",
  };
  if (JSON.stringify(rows[0]) !== JSON.stringify(expected)) {
    throw new Error(
      `sums differ: ${JSON.stringify(rows[0])}, expected ${JSON.stringify(expected)}`,
    );
  }
}

const REPLICA_BATCHES = 40;

/**
 * Two replicas over the same rows. One connection each keeps a replica busy and leaves the machine
 * room: what is measured is whether they wait for each other, not how many cores there are. What the
 * machine itself takes from two at once is told by two that share nothing but it.
 */
export async function benchReplicas(): Promise<void> {
  const secret = aWebhookSecret();
  const database = await startBenchDatabase();
  const other = await addDatabase(database, "apart");
  const replicas = [await forkProgram(database, secret), await forkProgram(database, secret)];
  const apart = await forkProgram(other, secret);
  const rates = { alone: [] as number[], apart: [] as number[], together: [] as number[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const measured = await ratesOfRound({ replicas, apart, databases: [database, other], secret });
    if (round === 0) continue; // The first round warms all.
    rates.alone.push(measured.alone);
    rates.apart.push(measured.apart);
    rates.together.push(measured.together);
  }
  await Promise.all([...replicas, apart].map(async (replica) => await replica.stop()));
  await other.stop();
  await database.stop();
  const unit = "events/s of the slower one, one connection each";
  printFigure({
    name: "ingest.two-replicas",
    value: median(rates.together),
    unit,
    baseline: "one of them alone, one connection",
    baseline_value: median(rates.alone),
  });
  printFigure({
    name: "ingest.two-replicas-sharing",
    value: median(rates.together),
    unit,
    baseline: "two at once, each with a database of its own on the same server",
    baseline_value: median(rates.apart),
  });
}

/** Each from empty tables, so that none has more stored than the other. */
async function ratesOfRound({
  replicas,
  apart,
  databases,
  secret,
}: {
  readonly replicas: readonly BenchServer[];
  readonly apart: BenchServer;
  readonly databases: readonly BenchDatabase[];
  readonly secret: string;
}): Promise<{ readonly alone: number; readonly apart: number; readonly together: number }> {
  const [first = apart] = replicas;
  const ratesOf = async (servers: readonly BenchServer[]): Promise<number> => {
    await Promise.all(databases.map(emptyUsage));
    // All is prepared before any is sent: the sender has one thread.
    const prepared = servers.map(({ url }) => ({ url, requests: requestsTo(url, secret) }));
    const rates = prepared.map(async ({ url, requests }) => {
      const seconds = await sendAll(url, requests, 1);
      return (requests.length * BATCH) / seconds;
    });
    return Math.min(...(await Promise.all(rates)));
  };
  const alone = [];
  // oxlint-disable-next-line no-await-in-loop -- alone is one after the other
  for (const replica of replicas) alone.push(await ratesOf([replica]));
  return {
    alone: median(alone),
    apart: await ratesOf([first, apart]),
    together: await ratesOf(replicas),
  };
}

function requestsTo(url: URL, secret: string): readonly Buffer[] {
  return Array.from({ length: REPLICA_BATCHES }, () => rawRequest(url, aBatch(BATCH), secret));
}
