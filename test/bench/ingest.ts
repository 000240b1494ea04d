/** How fast usage events become durable, next to what Postgres and node:http can do at all. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { Webhook } from "standardwebhooks";
import { readConfig } from "../../src/app/config.ts";
import { type Program, startProgram } from "../../src/app/program.ts";
import { aNativeEvent, aWebhookSecret } from "../support/usage-builders.ts";
import { median, printFigure } from "./figure.ts";
import { rawRequest, sendAll } from "./load.ts";

const ROUNDS = 5;
const BATCH = 500;
const BATCHES = 40;
const SINGLES = 4_000;
const TABLES = ["usage_events", "charges", "spend_rollups"] as const;

export async function benchIngest(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "claude-spend-bench-"));
  await chmod(directory, 0o777); // Postgres may be another user; it reads and writes files here.
  const secret = aWebhookSecret();
  const config = readConfig({
    PORT: "0",
    HOST: "127.0.0.1",
    DATA_DIR: join(directory, "data"),
    INGEST_SECRET: secret,
    ROLES: "ingest",
    LOG_LEVEL: "warn",
  });
  if (config.kind === "problems") throw new Error(config.problems.join("\n"));
  const program = await startProgram({ config: config.config, log: pino({ level: "warn" }) });
  try {
    await benchBatches(program, secret, directory);
    await benchSingles(program, secret);
  } finally {
    await program.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function benchBatches(program: Program, secret: string, directory: string): Promise<void> {
  const url = new URL(`${program.url}/v1/usage`);
  const ours: number[] = [];
  const copies: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const requests = Array.from({ length: BATCHES }, () =>
      rawRequest(url, JSON.stringify(Array.from({ length: BATCH }, anEvent)), secret),
    );
    const events = BATCHES * BATCH;
    ours.push(events / (await sendAll(url, requests, 8)));
    copies.push(events / (await copySeconds(program, directory, events)));
  }
  printFigure({
    name: "ingest.batches",
    value: median(ours),
    unit: "events/s",
    baseline:
      "server-side COPY of the same events, charges and rollups into tables with the same indexes",
    baseline_value: median(copies),
  });
}

/** Copies what the last round wrote into empty tables of the same shape. */
async function copySeconds(
  { database }: Program,
  directory: string,
  events: number,
): Promise<number> {
  const last = `select u.usage_event_id from usage_events u order by u.usage_event_id desc limit ${String(events)}`;
  const rows = {
    usage_events: `select * from usage_events where usage_event_id in (${last})`,
    charges: `select * from charges where usage_event_id in (${last})`,
    spend_rollups: `select * from spend_rollups`,
  };
  let seconds = 0;
  for (const table of TABLES) {
    const file = join(directory, `${table}.copy`);
    await database.query(`copy (${rows[table]}) to '${file}'`);
    await database.query(`create table copied (like ${table} including all)`);
    const startedAt = performance.now();
    await database.query(`copy copied from '${file}'`);
    seconds += (performance.now() - startedAt) / 1000;
    await database.query(`drop table copied`);
  }
  return seconds;
}

async function benchSingles(program: Program, secret: string): Promise<void> {
  const url = new URL(`${program.url}/v1/usage`);
  const bare = await startBareServer(secret);
  const ours: number[] = [];
  const bares: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const bodies = Array.from({ length: SINGLES }, () => JSON.stringify(anEvent()));
    const requestsTo = (target: URL) => bodies.map((body) => rawRequest(target, body, secret));
    bares.push(SINGLES / (await sendAll(bare.url, requestsTo(bare.url), 64)));
    ours.push(SINGLES / (await sendAll(url, requestsTo(url), 64)));
  }
  await bare.stop();
  printFigure({
    name: "ingest.singles",
    value: median(ours),
    unit: "requests/s",
    baseline: "node:http that reads the body, checks the same signature, parses and answers 202",
    baseline_value: median(bares),
  });
}

async function startBareServer(
  secret: string,
): Promise<{ readonly url: URL; readonly stop: () => Promise<void> }> {
  const webhook = new Webhook(secret);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { headers } = request;
      webhook.verify(Buffer.concat(chunks), {
        "webhook-id": String(headers["webhook-id"]),
        "webhook-timestamp": String(headers["webhook-timestamp"]),
        "webhook-signature": String(headers["webhook-signature"]),
      });
      response.writeHead(202, { "content-type": "application/json" });
      response.end('{"accepted":1,"duplicates":0,"rejected":[]}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${String(port)}/v1/usage`),
    stop: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let counter = 0;

function anEvent(): Record<string, unknown> {
  counter += 1;
  return aNativeEvent({
    occurred_at: new Date(Date.now() - (counter % 10_000_000)).toISOString(),
    request_id: `req_bench_${String(counter)}`,
    user_email: `p${String(counter % 50)}@acme.test`,
    team: `team-${String(counter % 10)}`,
    project: `project-${String(counter % 20)}`,
    tags: { env: "prod" },
  });
}
