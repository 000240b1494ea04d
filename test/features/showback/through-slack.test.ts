/**
 * A report through the running program and the strict fake Slack: a typo leads on, lists replace
 * the message, sharing is one message, and every click is judged by what its clicker may see now.
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { runningClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { CHANNELS, PEOPLE, useFakeSlack } from "../../support/fake-slack.ts";
import { MANIFEST, startTestProgram, type TestProgram } from "../../support/program.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const slack = useFakeSlack({ manifest: MANIFEST });
const clock = runningClock();
let program: TestProgram;
const governance = (members: string): string => `
organization: { name: Acme, time_zone: UTC, admins: [dana@acme.test], finance: [finn@acme.test] }
teams:
  search: { name: Search, channel: "#team-search", owners: [ana@acme.test], members: [${members}], projects: [checkout] }
`;
const bo = () => slack().as(PEOPLE.bo);

beforeEach(async () => {
  await db.pool.query(
    `truncate usage_events, usage_identities, charges, spend_days, spend_rollups, outbox_messages,
              governance_documents cascade`,
  );
  program = await startTestProgram({ poolConfig: db.poolConfig, fake: slack(), clock });
  await program.put("/v1/governance", governance("bo@acme.test"));
  const event = aNativeEvent({
    occurred_at: clock().toISOString(),
    team: "search",
    project: "checkout",
    user_email: "bo@acme.test",
  });
  const { status } = await program.post(event);
  if (status !== 202) throw new Error(`not accepted: ${String(status)}`);
});

afterEach(async () => {
  await program.stop();
});

async function report(line = "/claude-spend search today") {
  await bo().command(line, CHANNELS.general);
  return await bo().waitForMessage(CHANNELS.general, ({ isEphemeral }) => isEphemeral);
}

test("a typo leads to the report by one click, in place of the answer", async () => {
  const answer = await report("/claude-spend serch today");
  expect(answer.text).toBe("I don't know “serch”. Did you mean Search?");

  await bo().click(answer, "ask_again_1");

  const shown = await bo().waitForMessage(CHANNELS.general, ({ text }) =>
    text.startsWith("Search: $"),
  );
  expect(shown.ts).toBe(answer.ts);
  expect(bo().messages(CHANNELS.general)).toHaveLength(1);
});

test("lists show another part of it and another time, in place of the message", async () => {
  const overview = await report();

  await bo().click(overview, "ask_again_drill", { value: "search today by project" });
  const byProject = await bo().waitForMessage(CHANNELS.general, ({ blocks }) =>
    JSON.stringify(blocks).includes("By project (USD)"),
  );
  await bo().click(byProject, "ask_again_period", { value: "search 7d by project" });
  const week = await bo().waitForMessage(CHANNELS.general, ({ text }) =>
    text.includes("last 7 days"),
  );

  expect([byProject.ts, week.ts]).toEqual([overview.ts, overview.ts]);
  expect(slack().messages(CHANNELS.general)).toEqual([]);
});

test("sharing posts it once, without people, and says who did it", async () => {
  const overview = await report();

  await bo().click(overview, "report_share");

  const shared = await slack().waitForMessage(CHANNELS.general, ({ text }) =>
    text.startsWith("Search: $"),
  );
  const shown = JSON.stringify(shared.blocks);
  expect(shown).toContain(`Shared by <@${PEOPLE.bo}>`);
  expect(shown).not.toContain("@acme.test");
  expect(slack().messages(CHANNELS.general)).toHaveLength(1);
});

test("who may not see it any more is refused by every click on what they still see", async () => {
  const overview = await report();
  await program.put("/v1/governance", governance(""));

  await bo().click(overview, "report_share");
  await bo().waitForMessage(CHANNELS.general, ({ text }) => text.includes("You may not see"));
  await bo().click(overview, "ask_again_drill", { value: "search today by model" });
  const replaced = await bo().waitForMessage(
    CHANNELS.general,
    ({ ts, text }) => ts === overview.ts && text.includes("You may not see"),
  );

  expect(JSON.stringify(replaced.blocks)).not.toContain("$");
  expect(slack().messages(CHANNELS.general)).toEqual([]);
});
