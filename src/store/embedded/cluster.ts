/**
 * The files of the embedded Postgres: DATA_DIR/pg. Made aside and renamed into place, so that it is
 * complete or not there, whenever the program is killed.
 */
import { execFile } from "node:child_process";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { AppError } from "../../domain/errors.ts";
import { type Binaries, findBinaries, POSTGRES_ENVIRONMENT } from "./binaries.ts";
import { type Cluster, isAlive } from "./postmaster.ts";
import { canReach, causeText, chooseUser, exists, type RunAs } from "./run-as.ts";

const run = promisify(execFile);

export const SUPERUSER = "claude_spend";

/**
 * Where root keeps the cluster when DATA_DIR is below a directory that only root may enter (as
 * /root is): nobody else can run Postgres in there. DATA_DIR/pg is then a link to it.
 */
const ROOT_STATE_DIRECTORY = "/var/lib/claude-spend";

export function clusterPath(dataDir: string): string {
  return join(resolve(dataDir), "pg");
}

/** For files that a child of a killed program may still be adding to: some seconds at most. */
const PATIENTLY = { maxRetries: 10, retryDelay: 100 } as const;

/** The cluster of this data directory, made when there is none yet. */
export async function openCluster(options: {
  readonly dataDir: string;
  /** Loses data when the machine loses power; for tests. */
  readonly disposable: boolean;
}): Promise<Cluster> {
  const path = clusterPath(options.dataDir);
  await mkdir(dirname(path), { recursive: true });
  await removeEmptyDirectory(path);

  const owner = await ownerOf(path);
  const runAs = chooseUser(owner);
  const binaries = await findBinaries(runAs);
  if (owner === undefined) await initialize(path, { ...options, binaries, runAs });
  const directory = await realpath(path);
  await requireUsable(directory, { binaries, runAs });
  return { directory, binaries, runAs };
}

/** Removes the files, and the link to them where root keeps them elsewhere. */
export async function removeCluster(path: string, directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await rm(path, { recursive: true, force: true });
  if (dirname(directory) === ROOT_STATE_DIRECTORY) {
    await rmdir(ROOT_STATE_DIRECTORY).catch(() => {}); // It may hold the cluster of another DATA_DIR.
  }
}

async function ownerOf(path: string): Promise<{ uid: number; gid: number } | undefined> {
  if (!(await exists(path))) return undefined;
  try {
    const { uid, gid } = await stat(path);
    return { uid, gid };
  } catch (error) {
    throw new AppError({
      code: "invalid",
      message: `${path} is a link to a directory that is not there (or can't be entered). Restore it, or remove the link to begin without data.`,
      cause: error,
    });
  }
}

/** Such as a mount point that nobody has used yet. */
async function removeEmptyDirectory(path: string): Promise<void> {
  const entries = await readdir(path).catch(() => undefined);
  if (entries?.length === 0 && !(await lstat(path)).isSymbolicLink()) await rmdir(path);
}

interface Preparation {
  readonly binaries: Binaries;
  readonly runAs: RunAs;
}

async function initialize(
  path: string,
  preparation: Preparation & { readonly disposable: boolean },
): Promise<void> {
  await removeUnfinished(path);
  const linked = !(await canReach(path, preparation.runAs));
  if (linked) {
    await mkdir(ROOT_STATE_DIRECTORY, { recursive: true });
    await chmod(ROOT_STATE_DIRECTORY, 0o755);
  }
  // The process id tells the next start whether somebody is still at work on it.
  const unfinished = await mkdtemp(
    `${linked ? join(ROOT_STATE_DIRECTORY, "pg") : path}.unfinished-${String(process.pid)}-`,
  );
  try {
    await runInitdb(unfinished, preparation);
    if (linked) {
      const kept = unfinished.replace(/\.unfinished-\d+-/, "-");
      await rename(unfinished, kept);
      await symlink(kept, path);
    } else {
      await rename(unfinished, path);
    }
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true, ...PATIENTLY });
    // Another program was faster: its cluster is as good as ours.
    if (!(await exists(path))) throw error;
  }
}

async function runInitdb(
  directory: string,
  { binaries, runAs, disposable }: Preparation & { readonly disposable: boolean },
): Promise<void> {
  if (runAs.uid !== undefined && runAs.gid !== undefined) {
    await chown(directory, runAs.uid, runAs.gid);
  }
  const settings = ["-D", directory, "-U", SUPERUSER, "-E", "UTF8", "--no-instructions"];
  // Trust is bounded by the directory of the socket, which only this user may enter.
  settings.push("--auth-local=trust", "--auth-host=reject");
  // Built in, so that no update of the system changes the order of indexes.
  settings.push("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8");
  if (disposable) settings.push("--no-sync");
  try {
    await run(binaries.initdb, settings, { ...runAs, cwd: "/", env: POSTGRES_ENVIRONMENT });
  } catch (error) {
    throw new AppError({
      code: "internal",
      message: `The embedded Postgres could not be set up in ${directory}: ${causeText(error)}`,
      cause: error,
    });
  }
}

/** Left by programs that were killed while they made a cluster. */
async function removeUnfinished(path: string): Promise<void> {
  const parents = [dirname(path), ...(process.getuid?.() === 0 ? [ROOT_STATE_DIRECTORY] : [])];
  for (const parent of parents) {
    for (const name of await readdir(parent).catch(() => [])) {
      const pid = /^pg\.unfinished-(\d+)-/.exec(name)?.[1];
      if (pid === undefined || isAlive(Number(pid))) continue;
      await rm(join(parent, name), { recursive: true, force: true, ...PATIENTLY });
    }
  }
}

async function requireUsable(directory: string, { binaries, runAs }: Preparation): Promise<void> {
  const { uid } = await stat(directory);
  const self = process.getuid?.();
  if (self !== 0 && uid !== self) {
    throw new AppError({
      code: "forbidden",
      message: `The database in ${directory} belongs to another user (uid ${String(uid)}). Start the program as that user or as root, or choose another DATA_DIR.`,
    });
  }
  if (!(await canReach(directory, runAs))) {
    throw new AppError({
      code: "invalid",
      message: `Postgres does not run as root, and user ${String(runAs.uid)} can't enter a directory above ${directory}. Move DATA_DIR, or allow others to pass through (chmod o+x).`,
    });
  }
  const version = await readFile(join(directory, "PG_VERSION"), "utf8").catch(() => undefined);
  if (version === undefined) {
    throw new AppError({
      code: "invalid",
      message: `${directory} exists but holds no Postgres database. Move it away, or choose another DATA_DIR.`,
    });
  }
  if (Number(version) !== binaries.major) {
    throw new AppError({
      code: "conflict",
      message:
        `The database in ${directory} was made by Postgres ${version.trim()}; this program comes with Postgres ${String(binaries.major)}. ` +
        `Start the program's older version, or dump the data with Postgres ${version.trim()} and load it into a new DATA_DIR.`,
    });
  }
  // Restored from a backup by root: the files have to be the server's own again.
  if (runAs.uid !== undefined && uid === 0) await chownAll(directory, runAs);
}

async function chownAll(path: string, { uid = 0, gid = 0 }: RunAs): Promise<void> {
  await chown(path, uid, gid);
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory() || entry.isFile())
      await chown(join(entry.parentPath, entry.name), uid, gid);
  }
}

/** Makes a rename survive a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
