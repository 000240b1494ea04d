/**
 * The processes of a benchmark: a Postgres with its default settings, and servers of their own, so
 * that whoever sends the load does not share a thread with whoever takes it.
 */
import { type ChildProcess, fork } from "node:child_process";
import cluster from "node:cluster";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { startChild, tellStartFailure } from "../../src/app/cluster/child.ts";
import { startProcesses } from "../../src/app/cluster/primary.ts";
import { readConfig } from "../../src/app/config.ts";
import { live } from "../../src/app/lifetime.ts";
import { createLog } from "../../src/app/log.ts";
import { startProgram } from "../../src/app/program.ts";
import { instant } from "../../src/domain/time.ts";
import { createIngestMemory } from "../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../src/features/ingest/flow/record-usage.ts";
import { parseNativeEvent } from "../../src/features/ingest/native-event.ts";
import { DEFAULT_SOURCE } from "../../src/features/sources/index.ts";
import { verifySignature } from "../../src/http/authorization.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { startEmbeddedPostgres } from "../../src/store/embedded.ts";
import { migrate } from "../../src/store/migrate.ts";

export interface BenchDatabase {
  /** Without time limits. */
  readonly pool: Database;
  readonly connectionString: string;
  /** Postgres reads and writes files here. */
  readonly directory: string;
  readonly stop: () => Promise<void>;
}

/** BENCH_DIRECTORY is kept for the next run: ten million events need a while to be made. */
export async function startBenchDatabase(): Promise<BenchDatabase> {
  const kept = process.env["BENCH_DIRECTORY"];
  const directory = kept ?? (await mkdtemp(join(tmpdir(), "claude-spend-bench-")));
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o777); // Postgres may be another user.
  const server = await startEmbeddedPostgres({ dataDir: join(directory, "data") });
  const pool = openDatabase({
    ...server.poolConfig,
    statement_timeout: 0,
    query_timeout: 0,
    max: 4,
  });
  await migrate(pool);
  return {
    pool,
    connectionString: server.connectionString,
    directory,
    stop: async () => {
      await pool.end();
      await server.stop();
      if (kept === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** One more database on the same server, at the same schema. */
export async function addDatabase(server: BenchDatabase, name: string): Promise<BenchDatabase> {
  await server.pool.query(`create database ${name}`);
  const url = new URL(server.connectionString);
  url.pathname = `/${name}`;
  const pool = openDatabase({
    connectionString: url.href,
    statement_timeout: 0,
    query_timeout: 0,
    max: 4,
  });
  await migrate(pool);
  return {
    pool,
    connectionString: url.href,
    directory: server.directory,
    stop: async () => {
      await pool.end();
    },
  };
}

const TABLES = "usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks";

export async function emptyUsage({ pool }: BenchDatabase): Promise<void> {
  await pool.query(`truncate ${TABLES}`);
}

export interface BenchServer {
  readonly url: URL;
  readonly pid: number;
  /** Of that process alone, from its start. */
  readonly resources: () => Promise<Resources>;
  readonly stop: () => Promise<void>;
}

export interface Resources {
  readonly cpuMs: number;
  readonly peakMib: number;
}

/** The program as operators run it, ingest only, with a log that nobody reads. */
export async function forkProgram(
  database: Pick<BenchDatabase, "connectionString">,
  secret: string,
  env: Readonly<Record<string, string>> = {},
  nodeArguments: readonly string[] = [],
): Promise<BenchServer> {
  const settings = {
    PORT: "0",
    HOST: "127.0.0.1",
    DATABASE_URL: database.connectionString,
    INGEST_SECRET: secret,
    ROLES: "ingest",
    ...env,
  };
  return await forkRole("program", settings, nodeArguments);
}

/** The same work as the program's for one event, in a transaction of its own for each request. */
export async function forkUngrouped(
  database: Pick<BenchDatabase, "connectionString">,
  secret: string,
): Promise<BenchServer> {
  return await forkRole("ungrouped", {
    DATABASE_URL: database.connectionString,
    INGEST_SECRET: secret,
  });
}

/** A bare node:http server that reads the body, checks the same signature, parses and answers 202. */
export async function forkBareServer(secret: string): Promise<BenchServer> {
  return await forkRole("bare", { INGEST_SECRET: secret });
}

async function forkRole(
  role: string,
  env: Readonly<Record<string, string>>,
  nodeArguments: readonly string[] = [],
): Promise<BenchServer> {
  const path = process.argv[1];
  if (path === undefined) throw new Error("a benchmark runs from its bundle");
  const child = fork(path, [role], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [
      ...process.execArgv,
      ...nodeArguments,
      ...(process.env["BENCH_SERVER_ARGS"]?.split(" ") ?? []),
    ],
  });
  const url = await firstMessage(child);
  return {
    url: new URL(`${url}/v1/usage`),
    pid: child.pid ?? 0,
    resources: async () => {
      const answered = once(child, "message");
      child.send(RESOURCES_ASKED);
      // A message comes with a handle, which is none.
      const [cpuMs = NaN, peakMib = NaN] = String(await answered)
        .split(/[ ,]/)
        .map(Number);
      return { cpuMs, peakMib };
    },
    stop: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

const RESOURCES_ASKED = "resources";

/** In the forked process: tells what it has used whenever it is asked. */
function answerResources(): void {
  process.on("message", (asked) => {
    if (asked !== RESOURCES_ASKED) return;
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const cpuMs = (userCPUTime + systemCPUTime) / 1_000;
    process.send?.(`${String(cpuMs)} ${String(maxRSS / 1_024)}`);
  });
  process.channel?.unref();
}

async function firstMessage(child: ChildProcess): Promise<string> {
  return await new Promise((resolve, reject) => {
    child.once("message", (message) => {
      if (typeof message === "string") resolve(message);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${String(code)}`)));
  });
}

/** What a forked process does; ends with SIGTERM. */
export const ROLES: Readonly<Record<string, () => Promise<void>>> = {
  program: async () => {
    const result = readConfig(process.env);
    if (result.kind === "problems") throw new Error(result.problems.join("\n"));
    const { config } = result;
    const log = createLog(config);
    if (!cluster.isWorker) answerResources();
    await live({
      log,
      start: async () => {
        if (cluster.isWorker) return await startChild({ config, log });
        const start = config.PROCESSES === 1 ? startProgram : startProcesses;
        const program = await start({ config, log });
        process.send?.(program.url);
        return program;
      },
      onStartFailure: tellStartFailure,
      isHurriedBySignals: false,
    });
  },
  bare: async () => {
    await serveVerified(async () => {});
  },
  ungrouped: async () => {
    const database = openDatabase({ connectionString: process.env["DATABASE_URL"] ?? "" });
    const deps = {
      database,
      clock: () => instant(new Date()),
      log: createBenchLog(),
      ingestMemory: createIngestMemory(),
    };
    await serveVerified(async (body) => {
      const event = parseNativeEvent(body, { index: 0, source: "default", now: deps.clock() });
      await recordUsage(deps, [{ source: DEFAULT_SOURCE, batch: [event] }]);
    });
  },
};

/** Reads the body, checks the same signature as the program, parses, answers 202 after `work`. */
async function serveVerified(work: (body: unknown) => Promise<void>): Promise<void> {
  const secrets = [process.env["INGEST_SECRET"] ?? ""];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      verifySignature({ secrets, headers: request.headers, body });
      const answer = (): void => {
        response.writeHead(202, { "content-type": "application/json" });
        response.end('{"accepted":1,"duplicates":0,"rejected":[]}');
      };
      void work(JSON.parse(body.toString())).then(answer, (error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.once("SIGTERM", () => process.exit(0));
  process.send?.(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
}

export function createBenchLog(): Logger {
  return pino({ level: "warn" });
}
