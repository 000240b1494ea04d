/** How fast usage becomes durable, next to what Postgres and node:http can do at all. */
import { join } from "node:path";
import { aWebhookSecret } from "../support/usage-builders.ts";
import { aBatch, anEvent } from "./events.ts";
import { median, printFigure } from "./figure.ts";
import { rawRequest, sendAll } from "./load.ts";
import {
  type BenchDatabase,
  type BenchServer,
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
/** Of the program, where it is measured with several; as many connections to each as to the one. */
const PROCESSES = 2;

export async function benchBatches(): Promise<void> {
  const secret = aWebhookSecret();
  const database = await startBenchDatabase();
  const server = await forkProgram(database, secret);
  const several = await forkProgram(database, secret, { PROCESSES: String(PROCESSES) });
  const ours: number[] = [];
  const ofSeveral: number[] = [];
  const copies: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const severalRate = await batchesRate(database, several, secret);
    const rate = await batchesRate(database, server, secret);
    const copyRate = (BATCHES * BATCH) / (await copySeconds(database));
    if (round === 0) continue; // The first round warms all.
    ours.push(rate);
    ofSeveral.push(severalRate);
    copies.push(copyRate);
  }
  await Promise.all([server.stop(), several.stop()]);
  await database.stop();
  const copied = {
    baseline:
      "server-side COPY of the same identities, events, charges and rollups into tables with the same indexes",
    baseline_value: median(copies),
  };
  printFigure({
    name: "ingest.batches",
    value: median(ours),
    unit: "events/s",
    ...copied,
  });
  printFigure({
    name: "ingest.batches-processes",
    value: median(ofSeveral),
    unit: `events/s of ${String(PROCESSES)} processes behind one port`,
    ...copied,
  });
}

async function batchesRate(
  database: BenchDatabase,
  { url }: BenchServer,
  secret: string,
): Promise<number> {
  await emptyUsage(database);
  const requests = Array.from({ length: BATCHES }, () => rawRequest(url, aBatch(BATCH), secret));
  return (BATCHES * BATCH) / (await sendAll(url, requests, BATCH_CONNECTIONS));
}

const COPIED = ["usage_identities", "usage_events", "charges", "spend_rollups", "spend_days"];

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
  const several = await forkProgram(database, secret, { PROCESSES: String(PROCESSES) });
  const bare = await forkBareServer(secret);
  const ungrouped = await forkUngrouped(database, secret);
  const ours: number[] = [];
  const ofSeveral: number[] = [];
  const bares: number[] = [];
  const baresOfMore: number[] = [];
  const ungroupeds: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const rateOf = async (
      { url }: BenchServer,
      count: number,
      connections = SINGLE_CONNECTIONS,
    ): Promise<number> => {
      const requests = Array.from({ length: count }, () =>
        rawRequest(url, JSON.stringify(anEvent()), secret),
      );
      return count / (await sendAll(url, requests, connections));
    };
    const bareRate = await rateOf(bare, SINGLES);
    const rate = await rateOf(server, SINGLES);
    const bareRateOfMore = await rateOf(bare, SINGLES, PROCESSES * SINGLE_CONNECTIONS);
    const severalRate = await rateOf(several, SINGLES, PROCESSES * SINGLE_CONNECTIONS);
    const ungroupedRate = await rateOf(ungrouped, UNGROUPED);
    if (round === 0) continue; // The first round warms all of them.
    bares.push(bareRate);
    baresOfMore.push(bareRateOfMore);
    ours.push(rate);
    ofSeveral.push(severalRate);
    ungroupeds.push(ungroupedRate);
  }
  await Promise.all([server, several, bare, ungrouped].map(async ({ stop }) => await stop()));
  await database.stop();
  const baseline =
    "node:http that reads the body, checks the same signature, parses and answers 202";
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
    baseline,
    baseline_value: median(bares),
  });
  printFigure({
    name: "ingest.singles-processes",
    value: median(ofSeveral),
    unit: `requests/s of ${String(PROCESSES)} processes behind one port, with as many times the connections`,
    baseline,
    baseline_value: median(baresOfMore),
  });
}
