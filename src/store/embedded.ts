/**
 * A real Postgres of the program's own, in DATA_DIR, for those who bring no DATABASE_URL. Starts,
 * supervises and stops it; recovers after a kill of the server, of this program, or of both. One
 * program uses it at a time: a second one is refused. What users it takes and where its files are
 * is in embedded/.
 */
import { chown, lstat, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type PoolConfig } from "pg";
import { AppError } from "../domain/errors.ts";
import { type Cluster, clusterPath, openCluster, SUPERUSER } from "./embedded/cluster.ts";
import {
  findPostmaster,
  PORT,
  readPidFile,
  sendSignal,
  socketPath,
  startPostmaster,
  stopPostmaster,
} from "./embedded/postmaster.ts";
import { canReach, exists } from "./embedded/run-as.ts";

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

interface Options {
  readonly dataDir: string;
  readonly log?: EmbeddedLog;
  /** Server settings beyond the defaults, by their Postgres names. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Faster, and loses data when the machine loses power; for tests. */
  readonly disposable?: boolean;
}

const DATABASE = "claude_spend";
/** Held in the `postgres` database as long as a program owns the server; dies with the program. */
const OWNER_LOCK = 4_072_881_905;
/** The server needs a moment to notice that the previous owner is gone. */
const OWNER_POLL_MS = 100;
const OWNER_POLLS_MAX = 20;
const RESTART_PAUSE_MS = [0, 100, 250, 500, 1_000, 2_000, 5_000] as const;
/** `sun_path` without its final zero; Linux has 4 more. */
const SOCKET_PATH_BYTES_MAX = 103;
const SOCKET_DIRECTORY_PREFIX = "claude-spend-";
const DISPOSABLE_SETTINGS = { fsync: "off", full_page_writes: "off", synchronous_commit: "off" };

/**
 * Resolves when the database accepts connections: made at the first start, attached to when the
 * last program was killed and left its server running. A server that dies is started again.
 * The caller calls `stop()` before it ends; if it ends without, the server is told to stop, too.
 * Throws `conflict` when another program uses the same directory.
 */
export async function startEmbeddedPostgres(options: Options): Promise<EmbeddedPostgres> {
  const { dataDir, log = () => {}, disposable = false } = options;
  const cluster = await openCluster({ dataDir, disposable });
  const start = {
    cluster,
    socketDirectory: await chooseSocketDirectory(cluster),
    settings: { ...(disposable ? DISPOSABLE_SETTINGS : {}), ...options.settings },
  };

  let server = await startPostmaster(start);
  let stopping: Promise<void> | undefined;
  let owner = await becomeOwner(server.socketDirectory, dataDir);
  let recovering: Promise<void> | undefined;
  const signalAtExit = (): void => sendSignal(server.pid, "SIGINT");
  process.once("exit", signalAtExit);

  const supervise = (): void => {
    owner.once("end", () => {
      if (stopping === undefined) recovering = recover();
    });
  };
  const recover = async (): Promise<void> => {
    log("embedded postgres lost", { pid: server.pid });
    for (let attempt = 0; stopping === undefined; attempt += 1) {
      await sleep(RESTART_PAUSE_MS[Math.min(attempt, RESTART_PAUSE_MS.length - 1)]);
      try {
        server = await startPostmaster({ ...start, socketDirectory: server.socketDirectory });
        owner = await becomeOwner(server.socketDirectory, dataDir);
        supervise();
        log("embedded postgres recovered", { pid: server.pid, attempts: attempt + 1 });
        return;
      } catch (err) {
        log("embedded postgres not back yet", { err, attempts: attempt + 1 });
      }
    }
  };
  const stop = async (): Promise<void> => {
    await recovering;
    // The lock is held until the server itself ends it, so that nobody attaches in between.
    await stopPostmaster(server.pid, cluster.directory);
    await owner.end().catch(() => {});
    process.removeListener("exit", signalAtExit);
    if (server.socketDirectory !== cluster.directory) {
      await rm(server.socketDirectory, { recursive: true, force: true });
    }
  };

  supervise();
  const running: EmbeddedPostgres = {
    poolConfig: { host: server.socketDirectory, port: PORT, user: SUPERUSER, database: DATABASE },
    connectionString: `postgresql://${SUPERUSER}@localhost:${String(PORT)}/${DATABASE}?host=${encodeURIComponent(server.socketDirectory)}`,
    get pid() {
      return server.pid;
    },
    stop: async () => await (stopping ??= stop()),
  };
  try {
    await createDatabase(owner);
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
  const server = await findPostmaster(directory);
  if (server !== undefined) {
    const owner = await becomeOwner(server.socketDirectory, dataDir);
    await stopPostmaster(server.pid, directory);
    await owner.end().catch(() => {});
  }
  await removeForgottenSocketDirectory(directory);
  await rm(directory, { recursive: true, force: true });
  await rm(path, { recursive: true, force: true });
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
    DATABASE,
  ]);
  if (rows.length === 0) await owner.query(`create database ${DATABASE}`);
}

/** The cluster's own directory, which only its user may enter; a short one where its path is too long. */
async function chooseSocketDirectory({ directory, runAs }: Cluster): Promise<string> {
  if ((await findPostmaster(directory)) !== undefined) return directory; // It has chosen already.
  await removeForgottenSocketDirectory(directory);
  // A comma or a quote would need escaping in Postgres' list of directories.
  if (fits(directory) && !/[",]/.test(directory)) return directory;
  for (const parent of [tmpdir(), "/tmp"]) {
    const made = await mkdtemp(join(parent, SOCKET_DIRECTORY_PREFIX));
    if (fits(made) && (await canReach(made, runAs))) {
      if (runAs.uid !== undefined && runAs.gid !== undefined) {
        await chown(made, runAs.uid, runAs.gid);
      }
      return made;
    }
    await rm(made, { recursive: true });
  }
  throw new AppError({
    code: "invalid",
    message: `The path ${directory} is too long for a socket, and so is the temporary directory's. Choose a shorter DATA_DIR.`,
  });
}

function fits(directory: string): boolean {
  return Buffer.byteLength(socketPath(directory)) <= SOCKET_PATH_BYTES_MAX;
}

/** Of a server that was killed before it could tidy up. */
async function removeForgottenSocketDirectory(directory: string): Promise<void> {
  const forgotten = (await readPidFile(directory))?.socketDirectory ?? "";
  if (!forgotten.startsWith(join(dirname(forgotten), SOCKET_DIRECTORY_PREFIX))) return;
  const [socket, cluster] = await Promise.all(
    [forgotten, directory].map(async (path) => await lstat(path).catch(() => undefined)),
  );
  if (socket?.isDirectory() === true && socket.uid === cluster?.uid) {
    await rm(forgotten, { recursive: true, force: true });
  }
}
