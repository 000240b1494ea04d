import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { canReach } from "../../src/store/embedded/run-as.ts";
import {
  type EmbeddedPostgres,
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../src/store/embedded.ts";
import { useProgram } from "../support/child-program.ts";

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const DAEMON = 1;
/** Below root's home, for example, an ordinary user can't even read the program. */
const othersCanRead = await canReach(process.cwd(), { uid: NOBODY, gid: NOBODY });

const startProgram = useProgram("embedded-postgres");

let directory: string;
let dataDir: string;
let servers: EmbeddedPostgres[];
let pools: Database[];
let logged: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "claude-spend-embedded-"));
  await chmod(directory, 0o755);
  dataDir = join(directory, "data");
  servers = [];
  pools = [];
  logged = [];
});

afterEach(async () => {
  await Promise.all(pools.map(async (pool) => await pool.end()));
  await Promise.all(servers.map(async (server) => await server.stop()));
  await removeEmbeddedPostgres(dataDir);
  await rm(directory, { recursive: true, force: true });
});

async function start(): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({
    dataDir,
    disposable: true,
    // On, so that a commit is in the system's cache: safe from a kill, if not from a power cut.
    settings: { synchronous_commit: "on" },
    log: (message) => logged.push(message),
  });
  servers.push(server);
  return server;
}

/** Waits until the supervisor has brought the server back. */
async function untilRecovered(): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (logged.includes("embedded postgres recovered")) return;
    await sleep(50);
  }
  throw new Error(`the supervisor says only: ${logged.join(", ")}`);
}

function open(server: EmbeddedPostgres): Database {
  const pool = openDatabase(server.poolConfig);
  pools.push(pool);
  return pool;
}

async function writeNote(pool: Database, text: string): Promise<void> {
  await pool.query("create table if not exists notes (text text)");
  await pool.query("insert into notes (text) values ($1)", [text]);
}

async function readNotes(pool: Database): Promise<string[]> {
  const { rows } = await pool.query<{ text: string }>("select notes.text from notes");
  return rows.map((row) => row.text);
}

/** Asks again while the database is away. */
async function readNotesSoon(pool: Database): Promise<string[]> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const notes = await readNotes(pool).catch(() => undefined);
    if (notes !== undefined) return notes;
    await sleep(50);
  }
  throw new Error("the database did not come back");
}

async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // One that nobody has buried yet is dead all the same.
  const state = await readFile(`/proc/${String(pid)}/stat`, "utf8").catch(() => "");
  return !/\) Z /.test(state);
}

async function untilGone(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (!(await isRunning(pid))) return;
    await sleep(50);
  }
  throw new Error(`process ${String(pid)} is still there`);
}

async function pidOf(program: { says(word: string): Promise<unknown> }): Promise<number> {
  return ((await program.says("ready")) as { pid: number }).pid;
}

describe("an embedded Postgres", () => {
  test("keeps its data over a stop, listens to nobody outside, and leaves no process", async () => {
    const first = await start();
    await writeNote(open(first), "kept");
    const { rows } = await open(first).query("show listen_addresses");
    expect(rows).toEqual([{ listen_addresses: "" }]);

    await Promise.all([first.stop(), first.stop()]);
    expect(await isRunning(first.pid)).toBe(false);

    const second = await start();
    expect(await readNotes(open(second))).toEqual(["kept"]);
  });

  test("can be reached with its connection string", async () => {
    const server = await start();
    const pool = openDatabase({ connectionString: server.connectionString });
    pools.push(pool);

    const { rows } = await pool.query("select current_database() as name");

    expect(rows).toEqual([{ name: "claude_spend" }]);
  });

  test("comes back by itself after kill -9, with all that was committed", async () => {
    const server = await start();
    const pool = open(server);
    await writeNote(pool, "committed");
    const killed = server.pid;

    process.kill(killed, "SIGKILL");
    await untilRecovered();

    expect(await readNotesSoon(pool)).toEqual(["committed"]);
    expect(server.pid).not.toBe(killed);
    await server.stop();
    expect(await isRunning(server.pid)).toBe(false);
  });

  test("comes back each time when it is killed again and again", async () => {
    const server = await start();
    const pool = open(server);
    for (const note of ["one", "two", "three"]) {
      const killed = server.pid;
      await (note === "one"
        ? writeNote(pool, note)
        : pool.query("insert into notes values ($1)", [note]));
      logged.length = 0;
      process.kill(killed, "SIGKILL");
      await untilRecovered();
      await readNotesSoon(pool);
    }

    expect(await readNotes(pool)).toEqual(["one", "two", "three"]);
  });

  test("stays owned when only a session's process was killed", async () => {
    const server = await start();
    const pool = open(server);
    await writeNote(pool, "committed");
    const { rows } = await pool.query<{ pid: number }>("select pg_backend_pid() as pid");

    process.kill(rows[0]?.pid ?? 0, "SIGKILL");
    await untilRecovered();

    expect(await readNotesSoon(pool)).toEqual(["committed"]);
    await expect(start()).rejects.toMatchObject({ code: "conflict" });
  });

  test("refuses a second program, which harms nothing", async () => {
    const server = await start();
    const program = startProgram({ arguments: [dataDir, "stop"] });

    await expect(program.says("ready")).rejects.toThrow(
      /Another Claude Spend is using the database in .*data\/pg/,
    );

    await writeNote(open(server), "still mine");
    expect(await readNotes(open(server))).toEqual(["still mine"]);
  });

  test("goes to exactly one of three programs that start at once on a new directory", async () => {
    const outcomes = await Promise.allSettled([start(), start(), start()]);

    const started = outcomes.filter(({ status }) => status === "fulfilled");
    const reasons = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason as unknown] : [],
    );
    expect(started).toHaveLength(1);
    expect(reasons).toEqual([
      expect.objectContaining({ code: "conflict" }),
      expect.objectContaining({ code: "conflict" }),
    ]);
    expect(await readdir(dataDir)).toEqual(["pg"]);
  });

  test("that a killed program left behind is taken over, and stopped by the new owner", async () => {
    const program = startProgram({ arguments: [dataDir, "stop"] });
    const orphan = await pidOf(program);
    await program.kill("SIGKILL");
    expect(await isRunning(orphan)).toBe(true);

    const server = await start();

    expect(server.pid).toBe(orphan);
    expect(await readNotes(open(server))).toEqual(["committed by a program"]);
    await server.stop();
    expect(await isRunning(orphan)).toBe(false);
  });

  test("that was taken over comes back after kill -9, too", async () => {
    const program = startProgram({ arguments: [dataDir, "stop"] });
    const orphan = await pidOf(program);
    await program.kill("SIGKILL");
    const server = await start();
    const pool = open(server);
    await readNotes(pool);

    process.kill(orphan, "SIGKILL");
    await untilRecovered();

    expect(await readNotesSoon(pool)).toEqual(["committed by a program"]);
    expect(server.pid).not.toBe(orphan);
  });

  test("starts after program and server were both killed", async () => {
    const program = startProgram({ arguments: [dataDir, "stop"] });
    const pid = await pidOf(program);
    process.kill(pid, "SIGKILL");
    await program.kill("SIGKILL");

    const server = await start();

    expect(await readNotes(open(server))).toEqual(["committed by a program"]);
  });

  test.each([
    ["that stops it", "stop", 0],
    ["that ends without stopping it", "exit", 3],
  ])("ends with a program %s", async (_, ending, code) => {
    const program = startProgram({ arguments: [dataDir, ending] });
    const pid = await pidOf(program);

    expect(await program.finish()).toBe(code);

    await untilGone(pid);
  });

  test("can be started again while the last program is still stopping it", async () => {
    const first = await start();
    await writeNote(open(first), "handed over");

    const [, second] = await Promise.all([first.stop(), start()]);

    expect(await readNotes(open(second))).toEqual(["handed over"]);
  });

  test("does not hear the terminal's Ctrl-C before its program has finished", async () => {
    const program = startProgram({ arguments: [dataDir, "stop"] });
    const pid = await pidOf(program);

    process.kill(-(program.process.pid ?? 0), "SIGINT");

    expect(await program.says("answer")).toEqual({ count: 1 });
    await program.finish();
    expect(await isRunning(pid)).toBe(false);
  });
});

describe("what a crash leaves behind", () => {
  const bystanders: ChildProcess[] = [];

  afterEach(async () => {
    for (const bystander of bystanders.splice(0)) {
      bystander.kill("SIGKILL");
      await once(bystander, "exit");
    }
  });

  test("a process id that now belongs to another process is not taken for the server", async () => {
    const first = await start();
    await writeNote(open(first), "before the reboot");
    const pidFile = join(dataDir, "pg", "postmaster.pid");
    const text = await readFile(pidFile, "utf8");
    await first.stop();
    // Of the server's own user: about others, Postgres does not care itself.
    const { uid, gid } = await stat(join(dataDir, "pg"));
    const bystander = spawn("sleep", ["60"], { uid, gid, cwd: "/" });
    bystanders.push(bystander);
    await writeFile(pidFile, text.replace(/^\d+/, String(bystander.pid)));
    await chown(pidFile, uid, gid);

    const second = await start();

    expect(await readNotes(open(second))).toEqual(["before the reboot"]);
    await second.stop();
    expect(bystander.exitCode ?? bystander.signalCode).toBe(null);
  });

  test("a server that answers, though its process can't be seen from this container, is in use", async () => {
    const server = await start();
    await writeNote(open(server), "in the other container");
    const pidFile = join(dataDir, "pg", "postmaster.pid");
    const text = await readFile(pidFile, "utf8");
    await writeFile(pidFile, text.replace(/^\d+/, String(process.pid)));

    await expect(start()).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("in use from another container") as string,
    });

    await writeFile(pidFile, text);
    expect(await readNotes(open(server))).toEqual(["in the other container"]);
  });

  test("a set-up that was killed half-way is done again and tidied up", async () => {
    const program = startProgram({ arguments: [dataDir, "stop"] });
    let unfinished: string | undefined;
    while (unfinished === undefined) {
      const entries = await readdir(dataDir).catch(() => []);
      unfinished = entries.find((name) => name.includes("unfinished"));
      await sleep(5);
    }
    await program.kill("SIGKILL");
    expect(await readdir(dataDir)).toEqual([unfinished]);
    await sleep(1_000); // The killed program's child may still write.

    const server = await start();

    await writeNote(open(server), "works");
    expect(await readdir(dataDir)).toEqual(["pg"]);
  });
});

describe("data directories", () => {
  test("a database of another major version is refused, by name, and left alone", async () => {
    await (await start()).stop();
    await writeFile(join(dataDir, "pg", "PG_VERSION"), "17\n");

    await expect(start()).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/made by Postgres 17; .* Postgres 18/) as string,
    });
    expect(await readFile(join(dataDir, "pg", "PG_VERSION"), "utf8")).toBe("17\n");
  });

  test("a directory with other files is refused and left alone", async () => {
    await mkdir(join(dataDir, "pg"), { recursive: true });
    await writeFile(join(dataDir, "pg", "letter.txt"), "mine");

    await expect(start()).rejects.toThrow(/exists but holds no Postgres database/);
    expect(await readdir(join(dataDir, "pg"))).toEqual(["letter.txt"]);
  });

  test("an impossible setting is told in Postgres' own words", async () => {
    await expect(
      startEmbeddedPostgres({ dataDir, disposable: true, settings: { shared_buffers: "plenty" } }),
    ).rejects.toThrow(/did not start.*invalid value for parameter "shared_buffers": "plenty"/);
  });

  test("a path that is too long for a socket works, and leaves no socket directory", async () => {
    dataDir = join(directory, "a-rather-long-name".repeat(6), "data");
    const before = await readdir(tmpdir());

    const server = await start();
    await writeNote(open(server), "far away");
    process.kill(server.pid, "SIGKILL");
    expect(await readNotesSoon(open(server))).toEqual(["far away"]);
    await server.stop();

    const after = await readdir(tmpdir());
    const socket = server.poolConfig.host ?? "";
    expect(after).not.toContain(socket.slice(tmpdir().length + 1));
    expect(before).not.toContain(socket.slice(tmpdir().length + 1));
  });

  test("a path with spaces, quotes and commas works", async () => {
    dataDir = join(directory, `it's "my", data`);

    const server = await start();

    await writeNote(open(server), "quoted");
    expect(await readNotes(open(server))).toEqual(["quoted"]);
  });

  test.runIf(isRoot)(
    "below a directory that only root may enter works, and is removed whole",
    async () => {
      await chmod(directory, 0o700);
      const server = await start();
      await writeNote(open(server), "private");
      const elsewhere = server.poolConfig.host ?? "";
      expect(elsewhere.startsWith(directory)).toBe(false);
      await server.stop();

      expect(await readNotes(open(await start()))).toEqual(["private"]);
      await Promise.all(servers.map(async (each) => await each.stop()));
      await removeEmbeddedPostgres(dataDir);

      await expect(stat(elsewhere)).rejects.toThrow("ENOENT");
      expect(await readdir(dataDir)).toEqual([]);
    },
  );

  test.runIf(isRoot && othersCanRead)(
    "of an ordinary user work for that user and for root in turn",
    async () => {
      await mkdir(dataDir);
      await chown(dataDir, NOBODY, NOBODY);
      const program = startProgram({ arguments: [dataDir, "stop"], uid: NOBODY, gid: NOBODY });
      await pidOf(program);
      expect(await program.finish()).toBe(0);

      const server = await start();
      expect(await readNotes(open(server))).toEqual(["committed by a program"]);
      await server.stop();

      const again = startProgram({ arguments: [dataDir, "stop"], uid: NOBODY, gid: NOBODY });
      await pidOf(again);
      expect(await again.finish()).toBe(0);
    },
  );

  test.runIf(isRoot && othersCanRead)("of another user are refused, by name", async () => {
    await (await start()).stop();
    const program = startProgram({ arguments: [dataDir, "stop"], uid: DAEMON, gid: DAEMON });

    await expect(program.says("ready")).rejects.toThrow(/belongs to another user \(uid 65534\)/);
  });

  test("removal is refused while a program uses the database", async () => {
    const server = await start();

    await expect(removeEmbeddedPostgres(dataDir)).rejects.toMatchObject({ code: "conflict" });

    await writeNote(open(server), "still there");
    expect(await readNotes(open(server))).toEqual(["still there"]);
  });
});
