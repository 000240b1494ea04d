/**
 * A real Postgres of the program's own, in DATA_DIR, for those who bring no DATABASE_URL. Starts,
 * supervises and stops it; recovers after a kill of the server, of this program, or of both. One
 * program uses it at a time: a second one is refused. embedded/ has the parts: which user runs it,
 * its programs, its files, its process, its socket.
 */
import { realpath } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type PoolConfig } from "pg";
import { AppError } from "../domain/errors.ts";
import { isConnectionLoss } from "./database.ts";
import { clusterPath, openCluster, removeCluster, SUPERUSER } from "./embedded/cluster.ts";
import {
  findPostmaster,
  PORT,
  sendSignal,
  startPostmaster,
  stopPostmaster,
} from "./embedded/postmaster.ts";
import { exists } from "./embedded/run-as.ts";
import {
  chooseSocketDirectory,
  removeForgottenSocketDirectory,
  removeSocketDirectory,
} from "./embedded/socket.ts";

export interface EmbeddedPostgres {
  /** For `openDatabase`. */
  readonly poolConfig: PoolConfig;
  /** The same for other programs, psql for example. */
  readonly connectionString: string;
  /** Of the server now; another one after it was replaced. */
  readonly pid: number;
  /** Stops the server and waits until it is gone. May be called more than once. */
  readonly stop: () => Promise<void>;
}

/** What surprised the supervisor: a constant phrase and what varies. */
export type EmbeddedLog = (message: string, fields: Readonly<Record<string, unknown>>) => void;

export const EMBEDDED_DATABASE = "claude_spend";
/** Held in the `postgres` database as long as a program owns the server; dies with the program. */
const OWNER_LOCK = 4_072_881_905;
/** The server needs a moment to notice that the previous owner is gone; a busy machine, seconds. */
const OWNER_POLL_MS = 100;
const OWNER_POLLS_MAX = 30;
const RETRY_PAUSE_MS = [0, 50, 100, 250, 500, 1_000, 2_000, 5_000] as const;
/** At a start someone waits for the answer; later the supervisor never gives up. */
const FIRST_ATTEMPTS_MAX = 8;
const DISPOSABLE_SETTINGS = { fsync: "off", full_page_writes: "off", synchronous_commit: "off" };

/**
 * Resolves when the database accepts connections: made at the first start, attached to when the
 * last program was killed and left its server running. A server that dies is started again.
 * The caller calls `stop()` before it ends; if it ends without, the server is told to stop, too.
 * Throws `conflict` when another program uses the same directory.
 */
export async function startEmbeddedPostgres(options: {
  readonly dataDir: string;
  readonly log?: EmbeddedLog;
  /** Server settings beyond the defaults, by their Postgres names. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Faster, and loses data when the machine loses power; for tests. */
  readonly disposable?: boolean;
}): Promise<EmbeddedPostgres> {
  const { dataDir, log = () => {}, disposable = false } = options;
  const cluster = await openCluster({ dataDir, disposable });
  const socketDirectory = await chooseSocketDirectory(cluster);
  const settings = { ...(disposable ? DISPOSABLE_SETTINGS : {}), ...options.settings };
  const acquire = async (): Promise<OwnedServer> => {
    const server = await startPostmaster({ cluster, socketDirectory, settings });
    return { ...server, owner: await becomeOwner(server.socketDirectory, dataDir) };
  };

  const supervisor = supervise(await patiently(acquire), acquire, log);
  const { socketDirectory: host } = supervisor.server();
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await supervisor.stop(async ({ pid, owner }) => {
      // The server itself ends the owner's lock, so that nobody attaches in between.
      await stopPostmaster(pid, cluster.directory);
      await owner.end().catch(() => {});
    });
    if (host !== cluster.directory) await removeSocketDirectory(host);
  };
  const running: EmbeddedPostgres = {
    poolConfig: { host, port: PORT, user: SUPERUSER, database: EMBEDDED_DATABASE },
    connectionString: `postgresql://${SUPERUSER}@localhost:${String(PORT)}/${EMBEDDED_DATABASE}?host=${encodeURIComponent(host)}`,
    get pid() {
      return supervisor.server().pid;
    },
    stop: async () => await (stopped ??= stop()),
  };
  try {
    await createDatabase(supervisor.server().owner);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

/**
 * Removes the database and all that is in it, stopping a server that a killed program left behind.
 * Throws `conflict` when a program uses it.
 */
export async function removeEmbeddedPostgres(dataDir: string): Promise<void> {
  const path = clusterPath(dataDir);
  if (!(await exists(path))) return;
  const directory = await realpath(path).catch(() => path);
  await patiently(async () => {
    const server = await findPostmaster(directory);
    if (server === undefined) return;
    const owner = await becomeOwner(server.socketDirectory, dataDir);
    await stopPostmaster(server.pid, directory);
    await owner.end().catch(() => {});
  });
  await removeForgottenSocketDirectory(directory);
  await removeCluster(path, directory);
}

interface OwnedServer {
  readonly pid: number;
  readonly socketDirectory: string;
  /** Holds the lock, and ends when the server does. */
  readonly owner: Client;
}

/** A program that starts or stops in the same moment, or recovery, can make first attempts fail. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === FIRST_ATTEMPTS_MAX || !isConnectionLoss(error)) throw error;
      await sleep(pauseBefore(attempt));
    }
  }
}

function pauseBefore(attempt: number): number {
  return RETRY_PAUSE_MS[attempt] ?? RETRY_PAUSE_MS[RETRY_PAUSE_MS.length - 1] ?? 0;
}

/** Keeps a server running until it is told to stop; then, and when the process ends, ends it. */
function supervise(
  first: OwnedServer,
  acquire: () => Promise<OwnedServer>,
  log: EmbeddedLog,
): {
  readonly server: () => OwnedServer;
  readonly stop: (end: (server: OwnedServer) => Promise<void>) => Promise<void>;
} {
  const state: { server: OwnedServer; stopping: boolean; recovered: Promise<void> } = {
    server: first,
    stopping: false,
    recovered: Promise.resolve(),
  };
  const recover = async (): Promise<void> => {
    log("embedded postgres lost", { pid: state.server.pid });
    for (let attempt = 0; !state.stopping; attempt += 1) {
      await sleep(pauseBefore(attempt));
      try {
        state.server = await acquire();
        watch();
        log("embedded postgres recovered", { pid: state.server.pid, attempts: attempt + 1 });
        return;
      } catch (err) {
        log("embedded postgres not back yet", { err, attempts: attempt + 1 });
      }
    }
  };
  const watch = (): void => {
    state.server.owner.once("end", () => {
      if (!state.stopping) state.recovered = recover();
    });
  };
  const signalAtExit = (): void => sendSignal(state.server.pid, "SIGINT");

  watch();
  process.once("exit", signalAtExit);
  return {
    server: () => state.server,
    stop: async (end) => {
      state.stopping = true;
      await state.recovered;
      await end(state.server);
      process.removeListener("exit", signalAtExit);
    },
  };
}

/** A connection that holds the lock of the one program that may use this server. */
async function becomeOwner(socketDirectory: string, dataDir: string): Promise<Client> {
  const client = new Client({
    host: socketDirectory,
    port: PORT,
    user: SUPERUSER,
    database: "postgres",
    application_name: "claude-spend owner",
    connectionTimeoutMillis: 10_000,
  });
  client.on("error", () => {}); // "end" follows, and says the same.
  try {
    await client.connect();
    for (let poll = 0; poll < OWNER_POLLS_MAX; poll += 1) {
      const { rows } = await client.query<{ taken: boolean }>(
        "select pg_try_advisory_lock($1) as taken",
        [OWNER_LOCK],
      );
      if (rows[0]?.taken === true) return client;
      await sleep(OWNER_POLL_MS);
    }
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
  await client.end();
  throw new AppError({
    code: "conflict",
    message: `Another Claude Spend is using the database in ${clusterPath(dataDir)}. Stop it first, or choose another DATA_DIR.`,
  });
}

async function createDatabase(owner: Client): Promise<void> {
  const { rows } = await owner.query("select 1 from pg_database where pg_database.datname = $1", [
    EMBEDDED_DATABASE,
  ]);
  if (rows.length === 0) await owner.query(`create database ${EMBEDDED_DATABASE}`);
}
