import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { defineCommandsOf } from "../../src/cli/command.ts";
import { definePullCommand } from "../../src/cli/pull.ts";
import { AppError } from "../../src/domain/errors.ts";
import { useDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";
import {
  ADMIN_KEY,
  aRequest,
  type FakeAnthropic,
  fakeAnthropic,
} from "../support/report-builders.ts";

const db = useDatabase();

beforeEach(async () => {
  await db.pool.query(`truncate provider_report_rows, provider_report_pulls, request_budgets`);
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

/** Runs the command in this process: what it says and its exit code. */
async function pull(
  fake: FakeAnthropic,
  words: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly said: string; readonly exitCode: unknown }> {
  const said: string[] = [];
  const listen = (chunk: unknown): boolean => {
    said.push(String(chunk));
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(listen);
  vi.spyOn(process.stderr, "write").mockImplementation(listen);
  const program = new Command("claude-spend").exitOverride();
  definePullCommand(defineCommandsOf(program), {
    env: {
      DATABASE_URL: databaseUrl(db.poolConfig),
      ANTHROPIC_ADMIN_KEY: ADMIN_KEY,
      ANTHROPIC_BASE_URL: fake.baseUrl,
      ...env,
    },
    clock: fake.time.clock,
  });
  await program.parseAsync(["pull", ...words], { from: "user" });
  return { said: said.join(""), exitCode: process.exitCode };
}

describe("claude-spend pull", () => {
  test("reads now, whether due or not, and says how far it came", async () => {
    const fake = await fakeAnthropic();
    fake.ledger.add(aRequest("2026-11-20T12:00:00Z"));

    const first = await pull(fake);
    const again = JSON.parse((await pull(fake, ["--json"])).said) as object;

    expect(first.said).toMatch(/cost_report: complete up to 2026-11-23T00:00:00.000Z, 5 rows/);
    expect(again).toMatchObject({
      stopped: false,
      reports: [
        { report: "analytics_cost", kind: "pulled", revisions: 0 },
        { report: "cost_report", kind: "pulled", revisions: 0 },
      ],
    });
  });

  test("reads the days that are asked for, and counts them where reports count as usage", async () => {
    const fake = await fakeAnthropic();
    fake.ledger.add(aRequest("2026-11-20T12:00:00Z"), aRequest("2026-11-21T12:00:00Z"));
    const words = ["--from", "2026-11-20", "--to", "2026-11-21", "--json"];

    const { said } = await pull(fake, words, { ANTHROPIC_METERING: "analytics" });

    expect(JSON.parse(said)).toMatchObject({
      reports: [{}, {}, { report: "analytics_usage", kind: "pulled", events: 1 }],
    });
  });

  test("fails with what to do when a report can't be read", async () => {
    const fake = await fakeAnthropic();
    fake.faults.add({
      fault: { kind: "error", type: "authentication_error" },
      path: "/analytics/cost",
    });

    const { said, exitCode } = await pull(fake);

    expect(exitCode).toBe(1);
    expect(said).toContain("analytics_cost: Anthropic does not accept this admin key");
  });

  test.each([
    ["no key", [], { ANTHROPIC_ADMIN_KEY: "" }, "ANTHROPIC_ADMIN_KEY is not set"],
    ["a wrong setting", [], { ANTHROPIC_METERING: "all" }, "ANTHROPIC_METERING: expected off"],
    ["an end before its start", ["--from", "2026-11-20", "--to", "2026-11-20"], {}, "--to"],
  ])("%s: says so and asks nobody", async (_name, words, env, expected) => {
    const fake = await fakeAnthropic();

    const failure: unknown = await pull(fake, words, env).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(AppError);
    expect((failure as AppError).message).toContain(expected);
    expect(fake.asked).toEqual([]);
  });

  test("a day that is none is wrong usage", async () => {
    const fake = await fakeAnthropic();

    await expect(pull(fake, ["--from", "2026-02-30"])).rejects.toThrow("YYYY-MM-DD");
  });
});
