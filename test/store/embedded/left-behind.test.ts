import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { useProgram } from "../../support/child-program.ts";
import { readNotes, untilNobodyWorksIn, useEmbedded, writeNote } from "../../support/embedded.ts";

const startProgram = useProgram("embedded-postgres");
const embedded = useEmbedded();

describe("what a crash leaves behind", () => {
  const bystanders: ChildProcess[] = [];

  afterEach(async () => {
    for (const bystander of bystanders.splice(0)) {
      bystander.kill("SIGKILL");
      await once(bystander, "exit");
    }
  });

  test("a process id that now belongs to another process is not taken for the server", async () => {
    const first = await embedded.start();
    await writeNote(embedded.open(first), "before the reboot");
    const pidFile = join(embedded.dataDir, "pg", "postmaster.pid");
    const text = await readFile(pidFile, "utf8");
    await first.stop();
    // Of the server's own user: about others, Postgres does not care itself.
    const { uid, gid } = await stat(join(embedded.dataDir, "pg"));
    const bystander = spawn("sleep", ["60"], { uid, gid, cwd: "/" });
    bystanders.push(bystander);
    await writeFile(pidFile, text.replace(/^\d+/, String(bystander.pid)));
    await chown(pidFile, uid, gid);

    const second = await embedded.start();

    expect(await readNotes(embedded.open(second))).toEqual(["before the reboot"]);
    await second.stop();
    expect(bystander.exitCode ?? bystander.signalCode).toBe(null);
  });

  test("a server that answers, though its process can't be seen from this container, is in use", async () => {
    const server = await embedded.start();
    await writeNote(embedded.open(server), "in the other container");
    const pidFile = join(embedded.dataDir, "pg", "postmaster.pid");
    const text = await readFile(pidFile, "utf8");
    await writeFile(pidFile, text.replace(/^\d+/, String(process.pid)));

    await expect(embedded.start()).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("in use from another container") as string,
    });

    await writeFile(pidFile, text);
    expect(await readNotes(embedded.open(server))).toEqual(["in the other container"]);
  });

  test("a set-up that was killed half-way is done again and tidied up", async () => {
    const program = startProgram({ arguments: [embedded.dataDir, "stop"] });
    let unfinished: string | undefined;
    while (unfinished === undefined) {
      const entries = await readdir(embedded.dataDir).catch(() => []);
      unfinished = entries.find((name) => name.includes("unfinished"));
      await sleep(5);
    }
    await program.kill("SIGKILL");
    expect(await readdir(embedded.dataDir)).toEqual([unfinished]);
    await untilNobodyWorksIn(embedded.dataDir); // The killed program's child may still write.

    const server = await embedded.start();

    await writeNote(embedded.open(server), "works");
    expect(await readdir(embedded.dataDir)).toEqual(["pg"]);
  });
});
