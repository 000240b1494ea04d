/** `rejected` and `sources meter`: what an operator types, and what scripts get. */
import { Command } from "commander";
import { pino } from "pino";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { defineCommandsOf } from "../../src/cli/command.ts";
import { defineMeterCommand } from "../../src/cli/metering.ts";
import { defineRejectedCommands } from "../../src/cli/rejected.ts";
import { AppError } from "../../src/domain/errors.ts";
import { instant } from "../../src/domain/time.ts";
import { createIngestMemory, recordUsage } from "../../src/features/ingest/index.ts";
import { parseNativeEvent } from "../../src/features/ingest/native-event.ts";
import { useDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";
import { aNativeEvent } from "../support/usage-builders.ts";

const db = useDatabase();

/** The command in this process: starting one takes longer than all that it does. */
async function claudeSpend(...words: readonly string[]) {
  const surroundings = {
    env: { DATABASE_URL: databaseUrl(db.poolConfig) },
    clock: () => instant(new Date()),
  };
  const program = new Command("claude-spend").exitOverride();
  defineRejectedCommands(defineCommandsOf(program.command("rejected")), surroundings);
  defineMeterCommand(defineCommandsOf(program.command("sources")), surroundings);
  const output = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const errors = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const textOf = (written: typeof output): string =>
    written.mock.calls.map(([text]) => text).join("");
  try {
    await program.parseAsync(words, { from: "user" });
    return { exitCode: process.exitCode, output: textOf(output), errors: textOf(errors) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { exitCode: 1, output: "", errors: error.message };
  } finally {
    process.exitCode = 0;
    output.mockRestore();
    errors.mockRestore();
  }
}

const listed = z.object({
  rejected: z.array(z.looseObject({ id: z.string(), event_id: z.string().nullable() })),
});

beforeAll(async () => {
  const now = instant(new Date());
  const at = now.toISOString();
  for (const outputTokens of [100, 250]) {
    const event = aNativeEvent({
      event_id: "a",
      occurred_at: at,
      usage: { input_tokens: 0, output_tokens: outputTokens },
    });
    await recordUsage(
      {
        database: db.pool,
        clock: () => now,
        log: pino({ level: "silent" }),
        ingestMemory: createIngestMemory(),
      },
      [
        {
          source: { name: "default", isTrusted: true },
          batch: [event, { event_id: "b" }, { event_id: "c" }].map((raw, index) =>
            parseNativeEvent(raw, { index, source: "default", now }),
          ),
        },
      ],
    );
  }
});

describe("claude-spend rejected", () => {
  test("lists, replays and dismisses; nothing is chosen by leaving something out", async () => {
    const list = await claudeSpend("rejected", "list", "--json", "--since", "1h");
    const { rejected } = listed.parse(JSON.parse(list.output));
    expect(rejected).toMatchObject([
      { event_id: "b", code: "invalid", times_received: 2, status: "open", event: null },
      { event_id: "c", code: "invalid" },
      { event_id: "a", code: "conflict", event: { usage: { outputTokens: 250 } } },
    ]);

    expect(await claudeSpend("rejected", "replay")).toMatchObject({
      exitCode: 1,
      errors: expect.stringContaining("or say --all") as string,
    });
    expect(await claudeSpend("rejected", "replay", "--all", "--as-correction")).toMatchObject({
      exitCode: 1,
      errors: expect.stringMatching(
        /^1 event recorded, 2 still rejected\.\n.*b  invalid: occurred_at/,
      ) as string,
    });
    expect(await claudeSpend("rejected", "dismiss", rejected[0]?.id ?? "")).toMatchObject({
      exitCode: 0,
      output: "1 event dismissed.\n",
    });
    expect((await claudeSpend("rejected", "list")).output).toMatch(
      /^\S+ {2}default {2}c {2}invalid {2}2×, last /,
    );
    expect((await claudeSpend("rejected", "show", rejected[2]?.id ?? "")).output).toContain(
      '"status": "recorded"',
    );
    const { rows } = await db.pool.query(
      `select sum(r.output_tokens)::integer as output from spend_rollups r`,
    );
    expect(rows).toEqual([{ output: 250 }]);
  });

  test.each([
    [["list", "--code", "odd"], "--code: expected one of invalid, too_old, in_future, conflict."],
    [["list", "--since", "yesterday"], "--since: expected a span such as 30m, 24h or 7d."],
    [["show", "a"], "a: expected an id"],
  ])("%j is refused with what was expected", async (words, message) => {
    expect(await claudeSpend("rejected", ...words)).toMatchObject({
      exitCode: 1,
      errors: expect.stringContaining(message) as string,
    });
  });
});

describe("claude-spend sources meter", () => {
  test("designates, lists and ends", async () => {
    const workspace = ["--workspace", "wrkspc_1"];
    expect(await claudeSpend("sources", "meter", "litellm", ...workspace)).toMatchObject({
      exitCode: 0,
    });
    expect((await claudeSpend("sources", "meter")).output).toMatch(
      /^workspace:wrkspc_1 {2}litellm {2}since .* {2}\(command\)\n$/,
    );
    expect(
      JSON.parse((await claudeSpend("sources", "meter", "--end", ...workspace, "--json")).output),
    ).toEqual({
      kind: "ended",
      match: "workspace:wrkspc_1",
      source: "litellm",
    });
    expect(await claudeSpend("sources", "meter", "litellm")).toMatchObject({
      exitCode: 1,
      errors: "Expected either --workspace or --api-key.",
    });
  });
});
