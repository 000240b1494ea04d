/** The process itself: how it ends, and what it says when it can't start. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { useBundledProgram } from "../support/bundled-program.ts";
import { useDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";

const db = useDatabase();
const { bundle } = useBundledProgram("src/app/main.ts");
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Run {
  readonly child: ChildProcess;
  readonly errors: Promise<string>;
  readonly output: Promise<string>;
  readonly exitCode: Promise<unknown>;
}

function run(env: Readonly<Record<string, string>>, ...options: readonly string[]): Run {
  const child = spawn(process.execPath, [...options, bundle], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  const exitCode = once(child, "close").then(([code]: unknown[]) => code);
  return { child, errors: text(child.stderr), output: text(child.stdout), exitCode };
}

function ingestOnly(): Record<string, string> {
  const DATABASE_URL = databaseUrl(db.poolConfig);
  return { ROLES: "ingest", HOST: "127.0.0.1", PORT: "0", DATABASE_URL };
}

async function ready({ child }: Run): Promise<void> {
  await new Promise<void>((resolve) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      if (chunk.includes(`"ready"`)) resolve();
    });
  });
}

describe("the program", () => {
  test("names all missing and wrong settings at once, shows no value, and exits with 1", async () => {
    const { errors, exitCode } = run({
      PORT: "99999",
      DATABASE_URL: "mysql://secret",
      ROLES: "slack",
    });

    expect(await exitCode).toBe(1);
    const said = await errors;
    for (const name of ["PORT", "DATABASE_URL", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]) {
      expect(said).toContain(`${name}: `);
    }
    expect(said).not.toContain("secret");
  });

  test.each([
    ["nothing listens there", "postgres://bot:s3cret@127.0.0.1:1/spend", "ECONNREFUSED"],
    ["the password holds a #", "postgres://bot:s3#cret@127.0.0.1/spend", "%23"],
  ])("says what is wrong with DATABASE_URL when %s, not its value", async (_, url, reason) => {
    const { errors, output, exitCode } = run({ ...ingestOnly(), DATABASE_URL: url });

    expect(await exitCode).toBe(1);
    expect(await errors).toContain("DATABASE_URL: can't connect");
    expect(await errors).toContain(reason);
    expect((await errors) + (await output)).not.toMatch(/s3.?cret/);
  });

  test("ends in good order when it is told to", async () => {
    const bot = run(ingestOnly());
    await ready(bot);
    bot.child.kill("SIGTERM");

    expect(await bot.exitCode).toBe(0);
  });

  test("ends with 1 after a bug that nobody awaited, so that it is started again", async () => {
    const bug = "process.on('SIGUSR2', () => void Promise.reject(new Error('boom')))";
    const bot = run(ingestOnly(), "--import", `data:text/javascript,${bug}`);
    await ready(bot);
    bot.child.kill("SIGUSR2");

    expect(await bot.exitCode).toBe(1);
    expect(await bot.output).toContain("unhandled rejection");
    expect(await bot.output).toContain("stopping");
  });
});
