/**
 * A program that owns an embedded Postgres, for tests that kill it. Arguments: the data directory,
 * and what to do at the end of its input: "stop" it properly, or "exit" without a word.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "../../../src/store/database.ts";
import { startEmbeddedPostgres } from "../../../src/store/embedded.ts";

const [, , dataDir = "", ending] = process.argv;

function say(word: string, value: unknown): void {
  process.stdout.write(`${word} ${JSON.stringify(value)}\n`);
}

try {
  const server = await startEmbeddedPostgres({
    dataDir,
    disposable: true,
    settings: { synchronous_commit: "on" },
  });
  const database = openDatabase(server.poolConfig);
  await database.query("create table if not exists notes (text text)");
  await database.query("insert into notes (text) values ('committed by a program')");

  const end = async (): Promise<void> => {
    process.stdin.destroy();
    await database.end();
    await server.stop();
  };
  const endAfterInterrupt = async (): Promise<void> => {
    // Postgres must not have heard the terminal's Ctrl-C before us.
    await sleep(200);
    const { rows } = await database.query("select count(*)::int as count from notes");
    say("answer", rows[0]);
    await end();
  };
  process.once("SIGINT", () => void endAfterInterrupt());
  process.stdin.resume().once("end", () => {
    if (ending === "exit") process.exit(3); // oxlint-disable-line unicorn/no-process-exit -- the point
    void end();
  });
  say("ready", { pid: server.pid });
} catch (error) {
  say("failed", error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
