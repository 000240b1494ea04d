/** Closing, showing and exporting a month from the command line. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { beforeAll, describe, expect, test } from "vitest";
import { useBundledProgram } from "../support/bundled-program.ts";
import { chargebackOrganization, record, used } from "../support/chargeback-builders.ts";
import { useDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";

const db = useDatabase();
const { bundle, directory } = useBundledProgram("src/cli/main.ts");

beforeAll(async () => {
  await chargebackOrganization(db.pool);
  // The command line's clock is the real one: months that are over by any.
  await record(db.pool, [used("a", "2025-12-20"), used("b", "2026-01-10")]);
});

async function claudeSpend(...words: readonly string[]) {
  const child = spawn(process.execPath, [bundle, ...words], {
    env: { PATH: process.env["PATH"], DATABASE_URL: databaseUrl(db.poolConfig) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "close");
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [exitCode] = (await exited) as unknown[];
  return { exitCode, output, errors };
}

describe("claude-spend", () => {
  test("closes months in order, says what is stated, and refuses what makes no sense", async () => {
    const [early, odd] = await Promise.all([
      claudeSpend("close", "2026-01"),
      claudeSpend("close", "January"),
    ]);
    expect(early).toMatchObject({ exitCode: 1, output: "" });
    expect(early.errors).toBe("Months are closed in order, and 2025-12 is open: close it first.\n");
    expect(odd.errors).toContain("month: expected a month such as 2026-10, got January");

    const closed = await claudeSpend("close", "2025-12", "--json");
    expect(JSON.parse(closed.output)).toMatchObject({
      result: "closed",
      month: "2025-12",
      status: "closed",
      total: { effective_cost: "0.025000" },
    });
    const [again, csv] = await Promise.all([
      claudeSpend("close", "2025-12"),
      claudeSpend("statement", "2026-01", "--csv", "--team", "search"),
    ]);
    expect(again).toMatchObject({ exitCode: 0 });
    expect(again.output).toMatch(
      /^2025-12 was closed on .* by command line .*; nothing was done\.\n$/,
    );
    expect(csv.output.split("\n")).toEqual([
      expect.stringMatching(/^month,status,team,name,cost_center,project,direct_cost,/),
      "2026-01,open,search,Search,CC-100,,0.025000,0.000000,0.000000,0.000000,0.000000,0.025000,0.025000,0.025000,0.025000",
      "",
    ]);
  });

  test("exports to a file or to the output alone, and names what is missing or wrong", async () => {
    const file = join(directory, "december.csv");
    const [toFile, toOutput, wrong] = await Promise.all([
      claudeSpend("export", "--month", "2025-12", "--out", file, "--json"),
      claudeSpend("export", "--from", "2025-12-20", "--until", "2026-02-01", "--format", "ndjson"),
      claudeSpend("export", "--from", "2025-12-20"),
    ]);

    expect(JSON.parse(toFile.output)).toMatchObject({
      rows: 1,
      usage_cost: "0.025000",
      spend: "0.025000",
    });
    expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(2);
    expect(
      toOutput.output
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as Record<string, string>)["x_Team"]),
    ).toEqual(["search", "search"]);
    expect(toOutput.errors).toBe(
      "2 rows: usage $0.05, billed $0.05, effective $0.05. Usage is what reports say.\n",
    );
    expect(wrong).toMatchObject({ exitCode: 1, output: "" });
    expect(wrong.errors).toContain("Expected either --month, or --from and --until.");
  });
});
