/** `claude-spend governance`, run in this process on a database with a history. */

import { Command } from "commander";
import { beforeAll, describe, expect, test } from "vitest";
import { governanceAppliers } from "../../src/app/appliers.ts";
import type { DefineCommand, Report } from "../../src/cli/command.ts";
import { defineGovernanceCommands } from "../../src/cli/governance.ts";
import { applyGovernance } from "../../src/features/governance/index.ts";
import { withAuditOrigin } from "../../src/store/audit-origin.ts";
import { fixedClock } from "../support/clock.ts";
import { useDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";

const db = useDatabase();
type Run = Parameters<DefineCommand>[2];

/** What the command line would print. */
async function governance(
  name: string,
  all: readonly string[] = [],
  options = {},
): Promise<Report> {
  const runs = new Map<string, Run>();
  const define: DefineCommand = (word, _description, run) => {
    runs.set(word, run);
    return new Command(word);
  };
  defineGovernanceCommands(define, { env: { DATABASE_URL: databaseUrl(db.poolConfig) } });
  const run = runs.get(name);
  if (run === undefined) throw new Error(`there is no ${name}`);
  return await run(all[0] ?? "", options, all);
}

const TEXTS = [
  "organization: { name: A }\n",
  "organization: { name: B }\n",
  "# C\norganization: { name: B }\n",
];

beforeAll(async () => {
  const deps = {
    database: db.pool,
    clock: fixedClock("2026-11-23T10:00:00Z"),
    appliers: governanceAppliers,
  };
  for (const text of TEXTS) {
    // oxlint-disable-next-line no-await-in-loop -- one version after the other
    await withAuditOrigin(
      { via: "cli", command: "claude-spend apply", user: "eve" },
      async () => await applyGovernance(deps, { text, appliedBy: "command line" }),
    );
  }
});

describe("claude-spend governance", () => {
  test("show prints the document in force as it was written, or an earlier one", async () => {
    expect((await governance("show")).text).toBe(TEXTS[2]?.trimEnd());
    expect((await governance("show", [], { version: "1" })).text).toBe(TEXTS[0]?.trimEnd());
    await expect(governance("show", [], { version: "9" })).rejects.toThrow("no version 9");
  });

  test("history tells who changed what, when and from where, newest first", async () => {
    const { text, json } = await governance("history", [], { limit: "2" });

    expect(text).toBe(
      [
        "Version 3 · 2026-11-23T10:00:00.000Z · eve on the command line",
        "  Only words and comments.",
        "",
        "Version 2 · 2026-11-23T10:00:00.000Z · eve on the command line",
        "  organization: name A → B",
      ].join("\n"),
    );
    expect(json).toMatchObject({ versions: [{ version: 3, changes: [] }, { version: 2 }] });
  });

  test.each([
    [[], 2, 3, []],
    [["1"], 1, 3, ["organization: name A → B"]],
    [["1", "2"], 1, 2, ["organization: name A → B"]],
  ])("diff %j compares version %i with %i", async (given, from, to, changes) => {
    expect((await governance("diff", given)).json).toEqual({ from, to, changes });
  });

  test("names what is no version", async () => {
    await expect(governance("diff", ["first"])).rejects.toThrow("expected a whole number");
    await expect(governance("diff", ["1", "9"])).rejects.toThrow("no readable version 9");
  });
});
