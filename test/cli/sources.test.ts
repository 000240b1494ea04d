/** `sources add` and `rotate`: secrets of ours are shown once, another product's key is not. */
import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { defineCommandsOf } from "../../src/cli/command.ts";
import { defineSourceCommands } from "../../src/cli/sources.ts";
import { AppError } from "../../src/domain/errors.ts";
import { instant } from "../../src/domain/time.ts";
import { useDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";
import { makeScratchDirectory } from "../support/scratch.ts";

const db = useDatabase();
const HMAC_KEY = "hmac-key-of-another-product";
let directory: string;
let keyFile: string;

beforeAll(async () => {
  directory = await makeScratchDirectory("claude-spend-sources-");
  keyFile = join(directory, "key");
  await writeFile(keyFile, `${HMAC_KEY}\n`);
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});
beforeEach(async () => {
  await db.pool.query(`truncate sources, source_secrets`);
});

/** The command in this process: starting one takes longer than all that it does. */
async function sources(secretsKey: string, ...words: readonly string[]): Promise<string> {
  const surroundings = {
    env: { DATABASE_URL: databaseUrl(db.poolConfig), SECRETS_KEY: secretsKey },
    clock: () => instant(new Date()),
  };
  const program = new Command("claude-spend").exitOverride();
  defineSourceCommands(defineCommandsOf(program.command("sources")), surroundings);
  const output = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await program.parseAsync(["sources", ...words], { from: "user" });
    return output.mock.calls.map(([text]) => text).join("");
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.message;
  } finally {
    process.exitCode = 0;
    output.mockRestore();
  }
}

test("a secret of ours is shown, with what it is good for and how long the one before counts", async () => {
  const key = randomBytes(32).toString("base64");
  expect(await sources(key, "add", "checkout")).toMatch(
    /whsec_\S+[^]*bearer token[^]*\/v1\/usage\?source=checkout/,
  );
  const rotated = await sources(key, "rotate", "checkout", "--grace", "2");
  expect(rotated).toMatch(/whsec_\S+[^]*The one before counts until 20\d\d-\S+Z/);
});

test("another product's key is taken from a file, not shown, and given again where it can't be read", async () => {
  const plain = await sources("", "add", "helicone", "--secret-file", keyFile);
  expect(plain).toContain("sources rotate helicone --secret-file -");

  const key = randomBytes(32).toString("base64");
  const kept = await sources(key, "rotate", "helicone", "--secret-file", keyFile);
  expect(kept).toContain("/v1/usage/helicone?source=helicone");
  expect(plain + kept).not.toContain(HMAC_KEY);

  expect(await sources(key, "add", "second", "--secret-file", keyFile)).toMatch(
    /^Another source has/,
  );
});
