import { describe, expect, test } from "vitest";
import { useProgram } from "../../support/child-program.ts";
import {
  isRunning,
  pidOf,
  readNotes,
  readNotesSoon,
  useEmbedded,
  writeNote,
} from "../../support/embedded.ts";

const startProgram = useProgram("embedded-postgres");
const embedded = useEmbedded();

describe("an embedded Postgres that is killed", () => {
  test("comes back by itself after kill -9, with all that was committed", async () => {
    const server = await embedded.start();
    const pool = embedded.open(server);
    await writeNote(pool, "committed");
    const killed = server.pid;

    process.kill(killed, "SIGKILL");
    await embedded.untilRecovered();

    expect(await readNotesSoon(pool)).toEqual(["committed"]);
    expect(server.pid).not.toBe(killed);
    await server.stop();
    expect(await isRunning(server.pid)).toBe(false);
  });

  test("comes back each time when it is killed again and again", async () => {
    const server = await embedded.start();
    const pool = embedded.open(server);
    for (const note of ["one", "two", "three"]) {
      const killed = server.pid;
      await (note === "one"
        ? writeNote(pool, note)
        : pool.query("insert into notes values ($1)", [note]));
      embedded.logged.length = 0;
      process.kill(killed, "SIGKILL");
      await embedded.untilRecovered();
      await readNotesSoon(pool);
    }

    expect(await readNotes(pool)).toEqual(["one", "two", "three"]);
  });

  test("stays owned when only a session's process was killed", async () => {
    const server = await embedded.start();
    const pool = embedded.open(server);
    await writeNote(pool, "committed");
    const { rows } = await pool.query<{ pid: number }>("select pg_backend_pid() as pid");

    process.kill(rows[0]?.pid ?? 0, "SIGKILL");
    await embedded.untilRecovered();

    expect(await readNotesSoon(pool)).toEqual(["committed"]);
    await expect(embedded.start()).rejects.toMatchObject({ code: "conflict" });
  });

  test("that was taken over comes back after kill -9, too", async () => {
    const program = startProgram({ arguments: [embedded.dataDir, "stop"] });
    const orphan = await pidOf(program);
    await program.kill("SIGKILL");
    const server = await embedded.start();
    const pool = embedded.open(server);
    await readNotes(pool);

    process.kill(orphan, "SIGKILL");
    await embedded.untilRecovered();

    expect(await readNotesSoon(pool)).toEqual(["committed by a program"]);
    expect(server.pid).not.toBe(orphan);
  });
});
