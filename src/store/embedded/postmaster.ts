/**
 * The server process of a cluster: finding a running one, starting, stopping. Identity is what it
 * is careful about: a process id in postmaster.pid may belong to anybody after a crash or a reboot.
 */
import { execFile, spawn } from "node:child_process";
import { fchownSync } from "node:fs";
import { chown, open, readFile, rename, stat, truncate, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { AppError } from "../../domain/errors.ts";
import { type Binaries, POSTGRES_ENVIRONMENT } from "./binaries.ts";
import type { RunAs } from "./run-as.ts";

const run = promisify(execFile);

/** Names the socket's file; nothing listens on TCP. */
export const PORT = 5432;

const POLL_MS = 15;
/** Recovery after a crash replays at most some checkpoints' worth of log. */
const START_MS_MAX = 5 * 60_000;
/** Fast shutdown writes what is dirty in memory; after that, an immediate one loses nothing either. */
const STOP_MS_MAX = 30_000;
const BURIAL_MS_MAX = 1_000;
const LOG_BYTES_MAX = 10 * 1024 * 1024;

/** The files of a database, and what is needed to run a server on them. */
export interface Cluster {
  /** Without links, as Postgres sees it. */
  readonly directory: string;
  readonly binaries: Binaries;
  readonly runAs: RunAs;
}

/** What postmaster.pid says. */
interface PidFile {
  readonly pid: number;
  readonly socketDirectory: string;
  readonly ready: boolean;
}

export async function readPidFile(directory: string): Promise<PidFile | undefined> {
  const text = await readFile(pidFilePath(directory), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, socketDirectory: lines[4] ?? "", ready: lines[7]?.trim() === "ready" };
}

/** The server that runs on this cluster now, whoever started it. */
export async function findPostmaster(directory: string): Promise<PidFile | undefined> {
  const file = await readPidFile(directory);
  return file !== undefined && (await isPostmaster(file.pid, directory)) ? file : undefined;
}

/** Whether this very process is the Postgres of this very cluster. */
async function isPostmaster(pid: number, directory: string): Promise<boolean> {
  const words = await commandLine(pid);
  if (words[0] === undefined || basename(words[0]) !== "postgres") return false;
  const served = words[words.indexOf("-D") + 1];
  if (words.includes("-D") && served === directory) return true;
  const [a, b] = await Promise.all([served ?? "", directory].map(identity));
  return words.includes("-D") && a !== undefined && a === b;
}

/** Empty for a process that is gone, dead but not yet reaped, or none of our business. */
async function commandLine(pid: number): Promise<readonly string[]> {
  if (process.platform === "linux") {
    const text = await readFile(`/proc/${String(pid)}/cmdline`, "utf8").catch(() => "");
    return text === "" ? [] : text.split("\0");
  }
  const ps = await run("ps", ["-ww", "-o", "command=", "-p", String(pid)]).catch(() => undefined);
  const text = ps?.stdout.trim() ?? "";
  const option = text.indexOf(" -D ");
  // The path may have spaces; what follows it is ours and begins with " -p ".
  return option < 0
    ? [text]
    : [text.slice(0, option), "-D", text.slice(option + 4).split(" -p ")[0] ?? ""];
}

async function identity(path: string): Promise<string | undefined> {
  return await stat(path).then(
    ({ dev, ino }) => `${String(dev)}:${String(ino)}`,
    () => undefined,
  );
}

/**
 * Starts the server, or finds the one that another program started in the same moment. Resolves
 * with its process id when it accepts connections.
 */
export async function startPostmaster(options: {
  readonly cluster: Cluster;
  readonly socketDirectory: string;
  readonly settings: Readonly<Record<string, string>>;
}): Promise<{ readonly pid: number; readonly socketDirectory: string }> {
  const { cluster, socketDirectory } = options;
  const running = await findPostmaster(cluster.directory);
  if (running !== undefined) {
    return await untilReady(cluster, running.pid, async () =>
      (await findPostmaster(cluster.directory)) === undefined
        ? "it stopped while it was starting"
        : undefined,
    );
  }

  await disownPidFile(cluster);
  const log = await openLog(cluster);
  try {
    const { size } = await log.stat();
    const settings = Object.entries({
      listen_addresses: "",
      unix_socket_directories: `"${socketDirectory}"`,
      unix_socket_permissions: "0700",
      timezone: "UTC",
      log_timezone: "UTC",
      log_checkpoints: "off",
      ...options.settings,
    }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const server = spawn(
      cluster.binaries.postgres,
      ["-D", cluster.directory, "-p", String(PORT), ...settings],
      {
        ...cluster.runAs,
        cwd: "/",
        env: POSTGRES_ENVIRONMENT,
        // A session of its own: the terminal's Ctrl-C reaches us, and we decide when it stops.
        detached: true,
        stdio: ["ignore", log.fd, log.fd],
      },
    );
    let failure: string | undefined;
    server.once("error", (error) => (failure = error.message));
    server.once("exit", (code, signal) => (failure ??= `it ended with ${String(signal ?? code)}`));
    server.unref();

    return await untilReady(cluster, server.pid ?? -1, async () => {
      if (failure === undefined) return undefined;
      return `${failure}: ${await lastLines(cluster, size)}`;
    });
  } finally {
    await log.close();
  }
}

/** `failure` says why the process that we wait for is gone. */
async function untilReady(
  { directory }: Cluster,
  expectedPid: number,
  failure: () => Promise<string | undefined>,
): Promise<{ readonly pid: number; readonly socketDirectory: string }> {
  for (let waited = 0; waited < START_MS_MAX; waited += POLL_MS) {
    const reason = await failure();
    const file = await findPostmaster(directory);
    // Another program's server may have won the race in which ours ended.
    if (file?.ready === true && (file.pid === expectedPid || reason !== undefined)) return file;
    if (file === undefined && reason !== undefined) throw startFailed(reason);
    await sleep(POLL_MS);
  }
  throw startFailed("it is still not ready after five minutes");
}

/**
 * Takes a dead server's name out of postmaster.pid, without removing the file: Postgres reads from
 * it which shared memory to look at, and so never starts beside processes that outlived the dead
 * one. The id of our own process is one that Postgres, as our child, is sure to ignore.
 */
async function disownPidFile({ directory, runAs }: Cluster): Promise<void> {
  const file = await readPidFile(directory);
  if (file === undefined || !isAlive(file.pid)) return;
  // Alive but not our Postgres: the id is used again, or the server is in another container.
  if (await answers(socketPath(file.socketDirectory))) {
    throw new AppError({
      code: "conflict",
      message: `The database in ${directory} is in use from another container. Stop that one first, or choose another DATA_DIR.`,
    });
  }
  const text = await readFile(pidFilePath(directory), "utf8");
  const disowned = `${pidFilePath(directory)}.${String(process.pid)}`;
  await writeFile(disowned, text.replace(/^\d+/, String(process.pid)), { mode: 0o600 });
  if (runAs.uid !== undefined && runAs.gid !== undefined) {
    await chown(disowned, runAs.uid, runAs.gid);
  }
  await rename(disowned, pidFilePath(directory));
}

/** Stops the server and waits until it is gone: fast first, then at once. Committed data is safe. */
export async function stopPostmaster(pid: number, directory: string): Promise<void> {
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    if (!(await isPostmaster(pid, directory))) return;
    sendSignal(pid, signal);
    for (let waited = 0; waited < STOP_MS_MAX; waited += POLL_MS) {
      if (!(await isPostmaster(pid, directory))) {
        await untilBuried(pid);
        return;
      }
      await sleep(POLL_MS);
    }
  }
  throw new AppError({
    code: "internal",
    message: `The embedded Postgres (process ${String(pid)}) does not stop.`,
  });
}

/**
 * A process loses its name a moment before it ends. Not for ever: a container's first process may
 * never bury what it has inherited.
 */
async function untilBuried(pid: number): Promise<void> {
  for (let waited = 0; waited < BURIAL_MS_MAX && isAlive(pid); waited += POLL_MS) {
    await sleep(POLL_MS);
  }
}

/** Whether any process has this id. */
export function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** For a process that may be gone. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already: what the signal was for.
  }
}

export function socketPath(socketDirectory: string): string {
  return join(socketDirectory, `.s.PGSQL.${String(PORT)}`);
}

/** Whether a server listens, in whatever container. */
export async function answers(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = createConnection(path);
    const finish = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", finish(true));
    socket.once("error", finish(false));
  });
}

function pidFilePath(directory: string): string {
  return join(directory, "postmaster.pid");
}

/** A file, not a pipe: the server may outlive us, and must not choke on its messages then. */
async function openLog({ directory, runAs }: Cluster): Promise<Awaited<ReturnType<typeof open>>> {
  const path = logPath(directory);
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size > LOG_BYTES_MAX) await truncate(path);
  const log = await open(path, "a", 0o600);
  if (runAs.uid !== undefined && runAs.gid !== undefined) {
    fchownSync(log.fd, runAs.uid, runAs.gid);
  }
  return log;
}

async function lastLines(cluster: Cluster, from: number): Promise<string> {
  const text = (await readFile(logPath(cluster.directory))).subarray(from).toString("utf8");
  const lines = text.trim().split("\n");
  const telling = lines.filter((line) => /FATAL|PANIC|ERROR|HINT|DETAIL/.test(line));
  return (telling.length > 0 ? telling : lines).slice(-4).join("; ");
}

function logPath(directory: string): string {
  return join(directory, "server.log");
}

/** Of those that pass by themselves: a rival in the same moment, remains of a server just killed. */
const TRANSIENT = /lock file|shared memory block|while it was starting|shutting down/;

function startFailed(reason: string): AppError {
  const transient = TRANSIENT.test(reason);
  return new AppError({
    code: transient ? "unavailable" : "internal",
    message: `The embedded Postgres did not start: ${reason}`,
    retryable: transient,
  });
}
