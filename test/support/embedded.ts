/** An embedded Postgres of one test, in a directory of its own that is removed after it. */
import { chmod, readdir, readFile, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { type Database, openDatabase } from "../../src/store/database.ts";
import {
  type EmbeddedPostgres,
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../src/store/embedded.ts";
import { PATIENT } from "./database.ts";
import { makeScratchDirectory } from "./scratch.ts";

export interface EmbeddedInTest {
  directory: string;
  dataDir: string;
  servers: EmbeddedPostgres[];
  pools: Database[];
  logged: string[];
  start(): Promise<EmbeddedPostgres>;
  open(server: EmbeddedPostgres): Database;
  /** Waits until the supervisor has brought the server back. */
  untilRecovered(): Promise<void>;
}

/** Each test gets a new directory; whatever it started is stopped after it. */
export function useEmbedded(): EmbeddedInTest {
  const embedded: EmbeddedInTest = {
    directory: "",
    dataDir: "",
    servers: [],
    pools: [],
    logged: [],
    start: async () => {
      const server = await startEmbeddedPostgres({
        dataDir: embedded.dataDir,
        disposable: true,
        // On, so that a commit is in the system's cache: safe from a kill, if not from a power cut.
        settings: { synchronous_commit: "on" },
        log: (message) => embedded.logged.push(message),
      });
      embedded.servers.push(server);
      return server;
    },
    open: (server) => {
      const pool = openDatabase({ ...PATIENT, ...server.poolConfig });
      embedded.pools.push(pool);
      return pool;
    },
    untilRecovered: async () => {
      await expect.poll(() => embedded.logged).toContain("embedded postgres recovered");
    },
  };

  beforeEach(async () => {
    embedded.directory = await makeScratchDirectory("claude-spend-embedded-");
    await chmod(embedded.directory, 0o755);
    embedded.dataDir = join(embedded.directory, "data");
    embedded.servers = [];
    embedded.pools = [];
    embedded.logged = [];
  });
  afterEach(async () => {
    await Promise.all(embedded.pools.map(async (pool) => await pool.end()));
    await Promise.all(embedded.servers.map(async (server) => await server.stop()));
    await removeEmbeddedPostgres(embedded.dataDir);
    // A killed program's child may still write for a moment.
    await rm(embedded.directory, { recursive: true, force: true, maxRetries: 5 });
  });
  return embedded;
}

export async function writeNote(pool: Database, text: string): Promise<void> {
  await pool.query("create table if not exists notes (text text)");
  await pool.query("insert into notes (text) values ($1)", [text]);
}

export async function readNotes(pool: Database): Promise<string[]> {
  const { rows } = await pool.query<{ text: string }>("select notes.text from notes");
  return rows.map((row) => row.text);
}

/** Asks again while the database is away. */
export async function readNotesSoon(pool: Database): Promise<string[]> {
  return await vi.waitFor(async () => await readNotes(pool), { timeout: 120_000, interval: 50 });
}

export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // One that nobody has buried yet is dead all the same.
  const state = await readFile(`/proc/${String(pid)}/stat`, "utf8").catch(() => "");
  return !/\) Z /.test(state);
}

export async function untilGone(pid: number): Promise<void> {
  await expect.poll(async () => await isRunning(pid)).toBe(false);
}

/** Until no process has its working directory in there: also what a killed program had started. */
export async function untilNobodyWorksIn(directory: string): Promise<void> {
  const works = async (): Promise<boolean> => {
    const names = await readdir("/proc");
    const places = await Promise.all(
      names
        .filter((name) => /^\d+$/.test(name))
        .map(async (pid) => await readlink(`/proc/${pid}/cwd`).catch(() => "")),
    );
    return places.some((place) => place.startsWith(directory));
  };
  await expect.poll(works).toBe(false);
}

export async function pidOf(program: { says(word: string): Promise<unknown> }): Promise<number> {
  return ((await program.says("ready")) as { pid: number }).pid;
}
