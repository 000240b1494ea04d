import { EventEmitter } from "node:events";
import type { Logger } from "pino";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../src/app/config.ts";
import { createLog, gatherLines } from "../../src/app/log.ts";
import { AppError } from "../../src/domain/errors.ts";
import { createSlackWeb } from "../../src/slack/web-client.ts";
import { openDatabase } from "../../src/store/database.ts";
import { ALL_SECRETS, anEnvironment } from "../support/environment.ts";

const read = readConfig(anEnvironment());
if (read.kind === "problems") throw new Error(read.problems.join("\n"));
const { config } = read;
const BOT_TOKEN = anEnvironment()["SLACK_BOT_TOKEN"] ?? "";
const DATABASE_URL = anEnvironment()["DATABASE_URL"] ?? "";

/** What `write` makes the log say. */
async function logged(write: (log: Logger) => unknown): Promise<string> {
  const lines: string[] = [];
  await write(createLog(config, { write: (line) => lines.push(line) }));
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: "warn" });
  return lines.join("");
}

async function thrownBy(work: () => Promise<unknown>): Promise<unknown> {
  return await work().then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("the log", () => {
  test("has time, level, words and fields as one line of JSON", async () => {
    const line = await logged((log) => {
      log.warn({ work: "ingest", accepted: 3 }, "usage recorded");
    });

    expect(JSON.parse(line)).toEqual({
      level: "warn",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      work: "ingest",
      accepted: 3,
      msg: "usage recorded",
    });
  });

  const headers = { authorization: `Bearer ${BOT_TOKEN}` };
  test.each<[string, (log: Logger) => void]>([
    ["the settings", (log) => log.warn({ config }, "started")],
    ["the settings by themselves", (log) => log.warn(config)],
    ["every secret by its name", (log) => log.warn(anEnvironment(), "environment")],
    ["a sentence", (log) => log.warn(`${BOT_TOKEN} was refused by ${DATABASE_URL}`)],
    ["a deep object", (log) => log.warn({ a: { b: { c: { d: [headers] } } } }, "request")],
    ["a Map of a request", (log) => log.warn({ headers: Object.entries(headers) }, "request")],
    ["a child of the log", (log) => log.child({ token: BOT_TOKEN, db: DATABASE_URL }).warn("x")],
    [
      "an error with its request",
      (log) => {
        const original = Object.assign(new Error(`POST failed: ${BOT_TOKEN}`), {
          request: { headers },
        });
        log.warn({ err: Object.assign(new Error("failed"), { original }) }, "slack");
      },
    ],
    [
      "an error whose cause says it",
      (log) => {
        const cause = new Error(`can't connect to ${DATABASE_URL}`);
        log.warn({ err: new AppError({ code: "unavailable", message: "away", cause }) }, "store");
      },
    ],
  ])("shows no secret of %s", async (_name, write) => {
    const said = await logged(write);

    for (const secret of ALL_SECRETS) {
      expect(said).not.toContain(secret);
      expect(said).not.toContain(JSON.stringify(secret).slice(1, -1));
    }
  });

  test("shows none when Slack or the database can't be reached", async () => {
    const web = createSlackWeb({ token: BOT_TOKEN, apiUrl: "http://127.0.0.1:1/api/" });
    const away = DATABASE_URL.replace("db.internal:5432", "127.0.0.1:1");
    const database = openDatabase({ connectionString: away });
    const errors = [
      await thrownBy(async () => await web.authTest()),
      await thrownBy(async () => await database.query("select 1")),
    ];
    await database.end();
    const said = await logged((log) => {
      for (const err of errors) {
        expect(err).toBeInstanceOf(Error);
        log.warn({ err, cause: (err as Error).cause }, "away");
      }
    });

    expect(said).toContain("ECONNREFUSED");
    expect(said).not.toMatch(/bottokenvalue|database-password/);
  });

  test("keeps what people typed to itself, when it comes with an object", async () => {
    const said = await logged((log) => {
      log.warn(
        { message: { text: "typed by somebody", blocks: ["typed"] }, body: "typed" },
        "sent",
      );
    });

    expect(said).not.toContain("typed");
  });
});

describe("lines of one turn", () => {
  function gathering() {
    const written: string[] = [];
    const ending = new EventEmitter();
    const output = gatherLines(
      { write: (text) => written.push(text) > 0, flushSync: () => written.push("flushed") },
      ending,
    );
    return { log: createLog(config, output), ending, written };
  }
  const words = (text: string | undefined): readonly unknown[] =>
    (text ?? "")
      .split("\n")
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { readonly msg: unknown }).msg);

  test("are one write, in their order; those of the next turn another", async () => {
    const { log, written } = gathering();
    for (const word of ["first", "second", "third"]) log.warn(word);
    expect(written).toEqual([]);
    await new Promise(setImmediate);
    log.warn("fourth");
    await new Promise(setImmediate);

    expect(written.map(words)).toEqual([["first", "second", "third"], ["fourth"]]);
  });

  test("are written when the process ends in that turn, and once only", async () => {
    const { log, ending, written } = gathering();
    log.warn("last words");
    ending.emit("exit");
    const atTheEnd = written.map(words);
    await new Promise(setImmediate);

    expect(atTheEnd).toEqual([["last words"]]);
    expect(written).toHaveLength(1);
  });

  test("are written before a fatal one is flushed", () => {
    const { log, written } = gathering();
    log.warn("why");
    log.fatal("the end");

    expect(words(written[0])).toEqual(["why", "the end"]);
    expect(written[1]).toBe("flushed");
  });
});
