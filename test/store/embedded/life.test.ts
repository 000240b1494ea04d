import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../../src/store/database.ts";
import { useProgram } from "../../support/child-program.ts";
import {
  isRunning,
  pidOf,
  readNotes,
  untilGone,
  useEmbedded,
  writeNote,
} from "../../support/embedded.ts";

const startProgram = useProgram("embedded-postgres");
const embedded = useEmbedded();

describe("an embedded Postgres", () => {
  test("keeps its data over a stop, listens to nobody outside, and leaves no process", async () => {
    const first = await embedded.start();
    await writeNote(embedded.open(first), "kept");
    const { rows } = await embedded.open(first).query("show listen_addresses");
    expect(rows).toEqual([{ listen_addresses: "" }]);

    await Promise.all([first.stop(), first.stop()]);
    expect(await isRunning(first.pid)).toBe(false);

    const second = await embedded.start();
    expect(await readNotes(embedded.open(second))).toEqual(["kept"]);
  });

  test("can be reached with its connection string", async () => {
    const server = await embedded.start();
    const pool = openDatabase({ connectionString: server.connectionString });
    embedded.pools.push(pool);

    const { rows } = await pool.query("select current_database() as name");

    expect(rows).toEqual([{ name: "claude_spend" }]);
  });

  test("can be started again while the last program is still stopping it", async () => {
    const first = await embedded.start();
    await writeNote(embedded.open(first), "handed over");

    const [, second] = await Promise.all([first.stop(), embedded.start()]);

    expect(await readNotes(embedded.open(second))).toEqual(["handed over"]);
  });

  test("refuses a second program, which harms nothing", async () => {
    const server = await embedded.start();
    const program = startProgram({ arguments: [embedded.dataDir, "stop"] });

    await expect(program.says("ready")).rejects.toThrow(
      /Another Claude Spend is using the database in .*data\/pg/,
    );

    await writeNote(embedded.open(server), "still mine");
    expect(await readNotes(embedded.open(server))).toEqual(["still mine"]);
  });

  test("goes to exactly one of three programs that start at once on a new directory", async () => {
    const outcomes = await Promise.allSettled([
      embedded.start(),
      embedded.start(),
      embedded.start(),
    ]);

    const started = outcomes.filter(({ status }) => status === "fulfilled");
    const reasons = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason as unknown] : [],
    );
    expect(started).toHaveLength(1);
    expect(reasons).toEqual([
      expect.objectContaining({ code: "conflict" }),
      expect.objectContaining({ code: "conflict" }),
    ]);
    expect(await readdir(embedded.dataDir)).toEqual(["pg"]);
  });

  test("that a killed program left behind is taken over, and stopped by the new owner", async () => {
    const program = startProgram({ arguments: [embedded.dataDir, "stop"] });
    const orphan = await pidOf(program);
    await program.kill("SIGKILL");
    expect(await isRunning(orphan)).toBe(true);

    const server = await embedded.start();

    expect(server.pid).toBe(orphan);
    expect(await readNotes(embedded.open(server))).toEqual(["committed by a program"]);
    await server.stop();
    expect(await isRunning(orphan)).toBe(false);
  });

  test("starts after program and server were both killed", async () => {
    const program = startProgram({ arguments: [embedded.dataDir, "stop"] });
    const pid = await pidOf(program);
    process.kill(pid, "SIGKILL");
    await program.kill("SIGKILL");

    const server = await embedded.start();

    expect(await readNotes(embedded.open(server))).toEqual(["committed by a program"]);
  });

  test.each([
    ["that stops it", "stop", 0],
    ["that ends without stopping it", "exit", 3],
  ])("ends with a program %s", async (_, ending, code) => {
    const program = startProgram({ arguments: [embedded.dataDir, ending] });
    const pid = await pidOf(program);

    expect(await program.finish()).toBe(code);

    await untilGone(pid);
  });

  test("does not hear the terminal's Ctrl-C before its program has finished", async () => {
    const program = startProgram({ arguments: [embedded.dataDir, "stop"] });
    const pid = await pidOf(program);

    process.kill(-(program.process.pid ?? 0), "SIGINT");

    expect(await program.says("answer")).toEqual({ count: 1 });
    await program.finish();
    expect(await isRunning(pid)).toBe(false);
  });
});
