/** `claude-spend slack`, as it is typed. */
import { Command } from "commander";
import { afterEach, expect, test, vi } from "vitest";
import { defineCommandsOf } from "../../src/cli/command.ts";
import { defineSlackCommands } from "../../src/cli/slack.ts";
import { useDatabase } from "../support/database.ts";
import { FIRST, SECOND, useManyWorkspaces } from "../support/fake-organization.ts";
import { databaseUrl } from "../support/program.ts";

const db = useDatabase();
const slack = useManyWorkspaces(db, {});

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
  const program = new Command("claude-spend").exitOverride();
  const { clock } = slack();
  const surroundings = { env: { DATABASE_URL: databaseUrl(db.poolConfig) }, clock };
  defineSlackCommands(defineCommandsOf(program), surroundings);
  await program.parseAsync(args, { from: "user" });
  vi.restoreAllMocks();
  return output;
}

test("a link lets one workspace in, which is then listed, also when it is gone", async () => {
  expect(await run("list")).toMatch(/^None\. `claude-spend slack install-link` makes a link/);

  const said = await run("install-link", "--url", "https://spend.example.com/");
  const [, link = ""] =
    /^https:\/\/spend\.example\.com\/slack\/install\?link=(\S{43})\n/.exec(said) ?? [];
  expect(said).toContain("For any workspace, once, within 24 hours.");
  expect(await slack().install(FIRST, link)).toMatchObject({ status: 200 });

  expect(await run("list")).toMatch(/^T01ACMECORP {2}Acme {2}installed 20\S+Z\n$/);
  await slack().organization.uninstall(FIRST);
  await expect
    .poll(async () => await run("list"))
    .toMatch(/ {2}removed 20\S+Z \(tokens_revoked\)\n$/);
  const listed = await run("list", "--json");
  expect(JSON.parse(listed)).toMatchObject({ installations: [{ id: FIRST, workspaces: [FIRST] }] });
  expect(listed).not.toContain("xoxb");
});

test("a link for one workspace names it; an id that is none is refused", async () => {
  const made: unknown = JSON.parse(await run("install-link", "--workspace", SECOND, "--json"));
  expect(made).toMatchObject({ only_for: SECOND });
  await expect(run("install-link", "--workspace", "acme")).rejects.toThrow(
    /Expected the id of a workspace \(T…\) or of an Enterprise Grid \(E…\), not acme/,
  );
});
