/** `claude-spend people`, `owners` and `unallocated`, as they are typed. */
import { Command } from "commander";
import { afterEach, expect, test, vi } from "vitest";
import { defineCommandsOf } from "../../src/cli/command.ts";
import { defineOwnerCommands } from "../../src/cli/owners.ts";
import { definePeopleCommands } from "../../src/cli/people.ts";
import { instant } from "../../src/domain/time.ts";
import { spend } from "../support/budget-builders.ts";
import { usd } from "../support/builders.ts";
import { fixedClock } from "../support/clock.ts";
import { useDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";

const db = useDatabase();
const clock = fixedClock("2026-11-23T10:00:00Z");

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

async function run(...args: readonly string[]): Promise<string> {
  let output = "";
  const keep = (text: unknown): boolean => {
    output += String(text);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(keep);
  vi.spyOn(process.stderr, "write").mockImplementation(keep);
  const program = new Command("claude-spend").exitOverride();
  const surroundings = { env: { DATABASE_URL: databaseUrl(db.poolConfig) }, clock };
  const define = defineCommandsOf(program);
  defineOwnerCommands(define, surroundings);
  definePeopleCommands(define, surroundings);
  await program.parseAsync(args, { from: "user" });
  return output;
}

test("links a name from a day on, lists it, refuses a second owner, ends it", async () => {
  expect(
    await run("link", "gateway_user:litellm/alice", "Bo@Acme.test", "--from", "2026-11-01"),
  ).toBe(
    "gateway_user:litellm/alice is bo@acme.test from 2026-11-01T00:00:00.000Z on. Usage that was recorded stays as it is until `claude-spend reprice --owners`.\n",
  );
  expect(await run("link", "gateway_user:litellm/alice", "ana@acme.test")).toContain(
    "is linked to bo@acme.test in that time",
  );
  expect(process.exitCode).toBe(1);
  expect(await run("list")).toMatch(
    /^bo@acme\.test +gateway_user:litellm\/alice +2026-11-01 to … {2}admin\n$/,
  );
  expect(await run("unlink", "gateway_user:litellm/alice", "--until", "2026-11-10")).toContain(
    "is nobody's any more",
  );
  const listed: unknown = JSON.parse(await run("list", "bo@acme.test", "--json"));
  expect(listed).toMatchObject({
    links: [{ person: "bo@acme.test", until: "2026-11-10T00:00:00.000Z", verified_by: "admin" }],
  });
});

test.each([
  [["link", "alice", "bo@acme.test"], /Expected email:ADDRESS, .*got alice/],
  [["link", "slack_user:U1", "bo"], /Expected an e-mail address, got bo/],
  [["link", "email:bo", "bo@acme.test"], /got email:bo/],
  [["link", "slack_user:U1", "bo@acme.test", "--from", "soon"], /--from: expected a day/],
])("refuses %j", async (args, message) => {
  await expect(run(...args)).rejects.toThrow(message);
});

test("tells what belongs to nobody, in words and as JSON", async () => {
  await spend(db.pool, {
    amount: usd(4),
    at: instant("2026-11-20T10:00:00Z"),
    of: { teamKey: undefined, apiKeyId: "apikey_9" },
    tags: { user_id: "alice" },
  });

  const text = await run("unallocated");
  expect(text).toContain("Unallocated in the last 30 days: $4.00");
  expect(text).toContain('- { match: { api_key_id: "apikey_9" }, to: { team: TEAM } }');
  expect(text).toContain("claude-spend people link gateway_user:test/alice ADDRESS");
  const unallocated: unknown = JSON.parse(await run("unallocated", "--json"));
  expect(unallocated).toMatchObject({
    cost: "4.000000",
    suggestions: [{ by: "api_key", what: "apikey_9", cost: "4.000000" }],
  });
  expect(await run("owners")).toContain("$4.00    apikey_9");
  const owners: unknown = JSON.parse(await run("owners", "--sync", "--json"));
  expect(owners).toMatchObject({
    keys: [{ id: "apikey_9", cost: "4.000000" }],
    not_read: ["ANTHROPIC_ADMIN_KEY is not set: nothing was read."],
  });
  expect(process.exitCode).toBe(1);
});
