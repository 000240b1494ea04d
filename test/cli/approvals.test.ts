import { Command } from "commander";
import { afterEach, expect, test, vi } from "vitest";
import { governanceAppliers } from "../../src/app/wire.ts";
import { defineApprovalCommands } from "../../src/cli/approvals.ts";
import { defineCommandsOf } from "../../src/cli/command.ts";
import { applyGovernance } from "../../src/features/governance/index.ts";
import { fixedClock } from "../support/clock.ts";
import { useDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";

const db = useDatabase();
const clock = fixedClock("2026-11-23T10:00:00Z");
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

const GOVERNANCE = `
organization: { name: A, admins: [dana@a.test] }
teams: { search: { owners: [ana@a.test], members: [bo@a.test] } }
budgets: [{ key: s, scope: "team:search", limit: "500.00", period: monthly }]
approvals:
  - { name: small, match: { up_to_percent: 10 }, approvers: [team_owners], auto_approve: { up_to: "50.00", per_period: "60.00", period: monthly } }
  - { steps: [{ approvers: [team_owners] }, { approvers: [admins, bo@a.test] }] }
`;

async function explain(...args: readonly string[]): Promise<string> {
  await applyGovernance(
    { database: db.pool, clock, appliers: governanceAppliers },
    { text: GOVERNANCE, appliedBy: "test" },
  );
  let output = "";
  const keep = (text: unknown): boolean => {
    output += String(text);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(keep);
  vi.spyOn(process.stderr, "write").mockImplementation(keep);
  const program = new Command("approvals").exitOverride();
  const env = { DATABASE_URL: databaseUrl(db.poolConfig) };
  defineApprovalCommands(defineCommandsOf(program), { env, clock });
  await program.parseAsync(["explain", ...args], { from: "user" });
  return output;
}

test("explains which policy holds, whom each step asks, and who is left out", async () => {
  expect(await explain("team:search", "20%", "bo@a.test")).toBe(
    `$100.00 for team:search (budget s, base limit $500.00), asked by bo@a.test
Policy 1 "small": no, a larger share of the base limit
Policy 2: covers it, and is the first that does
Step 1: 1 of team_owners: asks ana@a.test
Step 2: 1 of admins, bo@a.test: asks dana@a.test
  not bo@a.test: the requester never decides
`,
  );
});

test("says as JSON, with amounts as decimals, that nobody needs to be asked", async () => {
  const answer: unknown = JSON.parse(await explain("team:search", "50", "bo@a.test", "--json"));

  expect(answer).toMatchObject({
    amount: "50.000000",
    explanation: { automatic: { isApplied: true, left: "60.000000" } },
  });
});

test.each([
  [["search", "50", "bo@a.test"], /SCOPE: expected/],
  [["team:search", "1e9", "bo@a.test"], /AMOUNT: expected/],
  [["team:search", "50", "bo"], /USER: expected/],
])("refuses %j", async (args, message) => {
  await expect(explain(...args)).rejects.toThrow(message);
});

test("fails for a scope without a budget", async () => {
  expect(await explain("org", "50", "bo@a.test")).toContain("There is no budget of org");
  expect(process.exitCode).toBe(1);
});
