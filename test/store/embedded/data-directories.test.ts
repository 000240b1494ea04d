import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canReach } from "../../../src/store/embedded/run-as.ts";
import { removeEmbeddedPostgres, startEmbeddedPostgres } from "../../../src/store/embedded.ts";
import { useProgram } from "../../support/child-program.ts";
import { pidOf, readNotes, readNotesSoon, useEmbedded, writeNote } from "../../support/embedded.ts";

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const DAEMON = 1;
/** Below root's home, for example, an ordinary user can't even read the program. */
const othersCanRead = await canReach(process.cwd(), { uid: NOBODY, gid: NOBODY });

const startProgram = useProgram("embedded-postgres");
const embedded = useEmbedded();

describe("data directories", () => {
  test("a database of another major version is refused, by name, and left alone", async () => {
    await (await embedded.start()).stop();
    await writeFile(join(embedded.dataDir, "pg", "PG_VERSION"), "17\n");

    await expect(embedded.start()).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/made by Postgres 17; .* Postgres 18/) as string,
    });
    expect(await readFile(join(embedded.dataDir, "pg", "PG_VERSION"), "utf8")).toBe("17\n");
  });

  test("a directory with other files is refused and left alone", async () => {
    await mkdir(join(embedded.dataDir, "pg"), { recursive: true });
    await writeFile(join(embedded.dataDir, "pg", "letter.txt"), "mine");

    await expect(embedded.start()).rejects.toThrow(/exists but holds no Postgres database/);
    expect(await readdir(join(embedded.dataDir, "pg"))).toEqual(["letter.txt"]);
  });

  test("an impossible setting is told in Postgres' own words", async () => {
    await expect(
      startEmbeddedPostgres({
        dataDir: embedded.dataDir,
        disposable: true,
        settings: { shared_buffers: "plenty" },
      }),
    ).rejects.toThrow(/did not start.*invalid value for parameter "shared_buffers": "plenty"/);
  });

  test("a path that is too long for a socket works, and leaves no socket directory", async () => {
    embedded.dataDir = join(embedded.directory, "a-rather-long-name".repeat(6), "data");
    const before = await readdir(tmpdir());

    const server = await embedded.start();
    await writeNote(embedded.open(server), "far away");
    process.kill(server.pid, "SIGKILL");
    expect(await readNotesSoon(embedded.open(server))).toEqual(["far away"]);
    await server.stop();

    const after = await readdir(tmpdir());
    const socket = server.poolConfig.host ?? "";
    expect(after).not.toContain(socket.slice(tmpdir().length + 1));
    expect(before).not.toContain(socket.slice(tmpdir().length + 1));
  });

  test("a path with spaces, quotes and commas works", async () => {
    embedded.dataDir = join(embedded.directory, `it's "my", data`);

    const server = await embedded.start();

    await writeNote(embedded.open(server), "quoted");
    expect(await readNotes(embedded.open(server))).toEqual(["quoted"]);
  });

  test.runIf(isRoot)(
    "below a directory that only root may enter works, and is removed whole",
    async () => {
      await chmod(embedded.directory, 0o700);
      const server = await embedded.start();
      await writeNote(embedded.open(server), "private");
      const elsewhere = server.poolConfig.host ?? "";
      expect(elsewhere.startsWith(embedded.directory)).toBe(false);
      await server.stop();

      expect(await readNotes(embedded.open(await embedded.start()))).toEqual(["private"]);
      await Promise.all(embedded.servers.map(async (each) => await each.stop()));
      await removeEmbeddedPostgres(embedded.dataDir);

      await expect(stat(elsewhere)).rejects.toThrow("ENOENT");
      expect(await readdir(embedded.dataDir)).toEqual([]);
    },
  );

  test.runIf(isRoot && othersCanRead)(
    "of an ordinary user work for that user and for root in turn",
    async () => {
      await mkdir(embedded.dataDir);
      await chown(embedded.dataDir, NOBODY, NOBODY);
      const program = startProgram({
        arguments: [embedded.dataDir, "stop"],
        uid: NOBODY,
        gid: NOBODY,
      });
      await pidOf(program);
      expect(await program.finish()).toBe(0);

      const server = await embedded.start();
      expect(await readNotes(embedded.open(server))).toEqual(["committed by a program"]);
      await server.stop();

      const again = startProgram({
        arguments: [embedded.dataDir, "stop"],
        uid: NOBODY,
        gid: NOBODY,
      });
      await pidOf(again);
      expect(await again.finish()).toBe(0);
    },
  );

  test.runIf(isRoot && othersCanRead)("of another user are refused, by name", async () => {
    await (await embedded.start()).stop();
    const program = startProgram({
      arguments: [embedded.dataDir, "stop"],
      uid: DAEMON,
      gid: DAEMON,
    });

    await expect(program.says("ready")).rejects.toThrow(/belongs to another user \(uid 65534\)/);
  });

  test("removal is refused while a program uses the database", async () => {
    const server = await embedded.start();

    await expect(removeEmbeddedPostgres(embedded.dataDir)).rejects.toMatchObject({
      code: "conflict",
    });

    await writeNote(embedded.open(server), "still there");
    expect(await readNotes(embedded.open(server))).toEqual(["still there"]);
  });
});
