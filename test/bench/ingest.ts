/** How fast usage becomes durable, next to what Postgres and node:http can do at all. */
import { join } from "node:path";
import { aWebhookSecret } from "../support/usage-builders.ts";
import { aBatch, anEvent } from "./events.ts";
import { median, printFigure } from "./figure.ts";
import { rawRequest, sendAll } from "./load.ts";
import {
  type BenchDatabase,
  emptyUsage,
  forkBareServer,
  forkProgram,
  forkUngrouped,
  startBenchDatabase,
} from "./processes.ts";

export const ROUNDS = 5;
export const BATCH = 500;
const BATCHES = 40;
export const BATCH_CONNECTIONS = 8;
const SINGLES = 6_000;
const UNGROUPED = 2_000;
const SINGLE_CONNECTIONS = 64;

export async function benchBatches(): Promise<void> {
  const secret = aWebhookSecret();
  const database = await startBenchDatabase();
  const server = await forkProgram(database, secret);
  const ours: number[] = [];
  const copies: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    await emptyUsage(database);
    const requests = Array.from({ length: BATCHES }, () =>
      rawRequest(server.url, aBatch(BATCH), secret),
    );
    const events = BATCHES * BATCH;
    const rate = events / (await sendAll(server.url, requests, BATCH_CONNECTIONS));
    const copyRate = events / (await copySeconds(database));
    if (round === 0) continue; // The first round warms both.
    ours.push(rate);
    copies.push(copyRate);
  }
  await server.stop();
  await database.stop();
  printFigure({
    name: "ingest.batches",
    value: median(ours),
    unit: "events/s",
    baseline:
      "server-side COPY of the same identities, events, charges and rollups into tables with the same indexes",
    baseline_value: median(copies),
  });
}

const COPIED = ["usage_identities", "usage_events", "charges", "spend_rollups"];

/** Copies what was just written into empty tables of the same shape. */
async function copySeconds({ pool, directory }: BenchDatabase): Promise<number> {
  let seconds = 0;
  for (const table of COPIED) {
    const file = join(directory, `${table}.copy`);
    await pool.query(`copy (select * from ${table}) to '${file}'`);
    await pool.query(`create table copied (like ${table} including all)`);
    const startedAt = performance.now();
    await pool.query(`copy copied from '${file}'`);
    seconds += (performance.now() - startedAt) / 1000;
    await pool.query(`drop table copied`);
  }
  return seconds;
}

export async function benchSingles(): Promise<void> {
  const secret = aWebhookSecret();
  const database = await startBenchDatabase();
  const server = await forkProgram(database, secret);
  const bare = await forkBareServer(secret);
  const ungrouped = await forkUngrouped(database, secret);
  const ours: number[] = [];
  const bares: number[] = [];
  const ungroupeds: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const rateOf = async (url: URL, count: number): Promise<number> => {
      const requests = Array.from({ length: count }, () =>
        rawRequest(url, JSON.stringify(anEvent()), secret),
      );
      return count / (await sendAll(url, requests, SINGLE_CONNECTIONS));
    };
    const bareRate = await rateOf(bare.url, SINGLES);
    const rate = await rateOf(server.url, SINGLES);
    const ungroupedRate = await rateOf(ungrouped.url, UNGROUPED);
    if (round === 0) continue; // The first round warms all of them.
    bares.push(bareRate);
    ours.push(rate);
    ungroupeds.push(ungroupedRate);
  }
  await Promise.all([server.stop(), bare.stop(), ungrouped.stop()]);
  await database.stop();
  printFigure({
    name: "ingest.shared-commits",
    value: median(ours),
    unit: "requests/s",
    baseline: "the same work in one transaction for each request, over ten connections",
    baseline_value: median(ungroupeds),
  });
  printFigure({
    name: "ingest.singles",
    value: median(ours),
    unit: "requests/s",
    baseline: "node:http that reads the body, checks the same signature, parses and answers 202",
    baseline_value: median(bares),
  });
}
