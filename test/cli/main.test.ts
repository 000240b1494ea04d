/** The command line as a process: what it prints, as text and as JSON, and its exit codes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { useBundledProgram } from "../support/bundled-program.ts";
import { useDatabase, useEmptyDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";

const db = useDatabase();
const empty = useEmptyDatabase();
const { bundle, directory } = useBundledProgram("src/cli/main.ts");

interface Ended {
  readonly exitCode: unknown;
  readonly output: string;
  readonly errors: string;
}

async function claudeSpend(
  words: readonly string[],
  env: Readonly<Record<string, string>> = { DATABASE_URL: databaseUrl(db.poolConfig) },
): Promise<Ended> {
  const child = spawn(process.execPath, [bundle, ...words], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "close");
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [exitCode] = (await exited) as unknown[];
  return { exitCode, output, errors };
}

function json({ output }: Ended): Record<string, unknown> {
  return JSON.parse(output) as Record<string, unknown>;
}

describe("claude-spend", () => {
  test.each([
    ["help", ["--help"], 0],
    ["help of a command", ["apply", "--help"], 0],
    ["no command", [], 2],
    ["an unknown command", ["nope"], 2],
    ["an unknown option", ["doctor", "--nope"], 2],
    ["a missing argument", ["apply"], 2],
    ["a file that is not there", ["apply", "nowhere.yml"], 1],
  ])("%s: exit code", async (_, words, exitCode) => {
    expect((await claudeSpend(words)).exitCode).toBe(exitCode);
  });

  test("migrate and apply say what they did, and nothing the second time", async () => {
    const env = { DATABASE_URL: databaseUrl(empty.poolConfig) };
    const first = json(await claudeSpend(["migrate", "--json"], env));
    const file = "docs/examples/governance.yml";

    expect(first["applied"]).toContain("0001_initial.sql");
    expect(json(await claudeSpend(["migrate", "--json"], env))).toEqual({ applied: [] });
    expect(json(await claudeSpend(["apply", file, "--json"], env))).toMatchObject({
      kind: "applied",
      version: 1,
    });
    expect(json(await claudeSpend(["apply", file, "--json"], env))).toEqual({
      kind: "unchanged",
      version: 1,
    });
  });

  test("apply refuses a wrong document with every line, applies nothing of it, and exits with 1", async () => {
    const wrong = join(directory, "wrong.yml");
    await writeFile(wrong, "teams:\n  search: { nam: Search }\nbudgets: maybe\n");
    const ended = await claudeSpend(["apply", wrong]);
    const asJson = await claudeSpend(["apply", wrong, "--json"]);

    expect(ended).toMatchObject({ exitCode: 1, output: "" });
    expect(ended.errors).toMatch(/wrong\.yml:2:13 teams\.search\.nam: unknown key/);
    expect(ended.errors).toMatch(/wrong\.yml:3:10 budgets: /);
    expect(asJson.exitCode).toBe(1);
    expect(json(asJson)).toMatchObject({ kind: "refused" });
    const { rows } = await db.pool.query(`select 1 from governance_documents`);
    expect(rows).toEqual([]);
  });

  test("a failure is JSON, too, where JSON was asked for", async () => {
    const ended = await claudeSpend(["migrate", "--json"], {
      DATABASE_URL: "postgres://bot:s3cret@127.0.0.1:1/spend",
    });

    expect(ended.exitCode).toBe(1);
    expect(json(ended)).toEqual({
      error: { code: "unavailable", message: expect.stringContaining("DATABASE_URL") as unknown },
    });
    expect(ended.output + ended.errors).not.toContain("s3cret");
  });
});

describe("claude-spend doctor", () => {
  const checksOf = (ended: Ended) =>
    new Map(
      (json(ended)["checks"] as { readonly name: string; readonly status: string }[]).map(
        ({ name, status }) => [name, status],
      ),
    );

  test("of a database without our tables says only that migrations wait", async () => {
    const fresh = { DATABASE_URL: databaseUrl({ ...db.poolConfig, database: "postgres" }) };
    const ended = await claudeSpend(["doctor", "--json"], { ...fresh, ROLES: "ingest" });

    expect(Object.fromEntries(checksOf(ended))).toEqual({
      settings: "ok",
      database: "ok",
      schema: "warning",
      slack: "ok",
      anthropic: "ok",
    });
    expect(ended.exitCode).toBe(0);
  });

  test("fails without a Slack token where the roles need one", async () => {
    const ended = await claudeSpend(["doctor", "--json"]);

    expect(checksOf(ended).get("slack")).toBe("failed");
    expect(checksOf(ended).get("governance")).toBe("warning");
    expect(ended.exitCode).toBe(1);
  });
});
