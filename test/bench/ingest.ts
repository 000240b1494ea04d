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
/** So many that a round lasts for seconds: what is compiled late counts as little as it does in a day. */
const SINGLES = 20_000;
const UNGROUPED = 2_000;
/** Callers, each with one request at a time. */
const CALLERS = { many: 256, few: 64 } as const;
/** Of the program, where it is measured with several. */
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
export async function copySeconds({
  pool,
  directory,
}: Pick<BenchDatabase, "pool" | "directory">): Promise<number> {
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

/** What is measured each round, in this order: a server, and by how many callers. */
const SINGLE_RUNS = {
  bare: { server: "bare", callers: CALLERS.many, requests: SINGLES },
  ours: { server: "program", callers: CALLERS.many, requests: SINGLES },
  ofSeveral: { server: "several", callers: CALLERS.many, requests: SINGLES },
  ungrouped: { server: "ungrouped", callers: CALLERS.many, requests: UNGROUPED },
  bareOfFew: { server: "bare", callers: CALLERS.few, requests: SINGLES },
  oursOfFew: { server: "program", callers: CALLERS.few, requests: SINGLES },
} as const;

export async function benchSingles(): Promise<void> {
  const secret = aWebhookSecret();
  const database = await startBenchDatabase();
  const servers = {
    bare: await forkBareServer(secret),
    program: await forkProgram(database, secret),
    several: await forkProgram(database, secret, { PROCESSES: String(PROCESSES) }),
    ungrouped: await forkUngrouped(database, secret),
  };
  const rates = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, { server, callers, requests }] of Object.entries(SINGLE_RUNS)) {
      const { url } = servers[server];
      const made = Array.from({ length: requests }, () =>
        rawRequest(url, JSON.stringify(anEvent()), secret),
      );
      const rate = requests / (await sendAll(url, made, callers));
      // The first round warms all of them.
      if (round > 0) rates.set(name, [...(rates.get(name) ?? []), rate]);
    }
  }
  await Promise.all(Object.values(servers).map(async ({ stop }) => await stop()));
  await database.stop();

  const rateOf = (name: keyof typeof SINGLE_RUNS): number => median(rates.get(name) ?? []);
  const bare = "node:http that reads the body, checks the same signature, parses and answers 202";
  const byMany = `requests/s by ${String(CALLERS.many)} callers at once`;
  printFigure({
    name: "ingest.shared-commits",
    value: rateOf("ours"),
    unit: byMany,
    baseline: "the same work in one transaction for each request, over ten connections",
    baseline_value: rateOf("ungrouped"),
  });
  printFigure({
    name: "ingest.singles",
    value: rateOf("ours"),
    unit: byMany,
    baseline: bare,
    baseline_value: rateOf("bare"),
  });
  printFigure({
    name: "ingest.singles-processes",
    value: rateOf("ofSeveral"),
    unit: `${byMany}, of ${String(PROCESSES)} processes behind one port`,
    baseline: bare,
    baseline_value: rateOf("bare"),
  });
  printFigure({
    name: "ingest.singles-few-callers",
    value: rateOf("oursOfFew"),
    unit: `requests/s by ${String(CALLERS.few)} callers at once`,
    baseline: bare,
    baseline_value: rateOf("bareOfFew"),
  });
}
