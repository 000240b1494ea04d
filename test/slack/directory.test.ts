import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emailFrom } from "../../src/domain/email.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { createDirectory, type Directory } from "../../src/slack/directory.ts";
import { createSlackWeb } from "../../src/slack/web-client.ts";
import { type ManualClock, manualClock } from "../support/clock.ts";
import { useDatabase } from "../support/database.ts";
import { aSlackUser, type RecordingSlack, startRecordingSlack } from "./recording-slack.ts";

const db = useDatabase();
const bo = emailFrom("bo@acme.test");

let slack: RecordingSlack;
let time: ManualClock;

beforeEach(async () => {
  slack = await startRecordingSlack();
  time = manualClock("2026-11-23T10:00:00Z");
  await db.pool.query("delete from slack_users");
  slack.users.set("U0BO", aSlackUser("U0BO", "Bo@Acme.test"));
});

afterEach(async () => {
  await slack.close();
});

function directory(): Directory {
  const web = createSlackWeb({ token: "xoxb-test", apiUrl: slack.apiUrl });
  return createDirectory({ database: db.pool, web, clock: time.clock });
}

describe("loadSlackUser", () => {
  it("asks Slack once a day, across restarts", async () => {
    const people = directory();
    expect(await people.loadSlackUser("U0BO")).toEqual({
      slackUserId: "U0BO",
      email: bo,
      displayName: "u0bo",
      timeZone: "Europe/Berlin",
    });
    await people.loadSlackUser("U0BO");
    await directory().loadSlackUser("U0BO");
    expect(slack.callsOf("users.info")).toHaveLength(1);

    slack.users.set("U0BO", aSlackUser("U0BO", "bo.new@acme.test"));
    time.advance(DAY_MS);
    expect(await people.loadSlackUser("U0BO")).toMatchObject({ email: "bo.new@acme.test" });
    expect(slack.callsOf("users.info")).toHaveLength(2);
  });

  it.each([
    ["has none", aSlackUser("U0X", undefined)],
    [
      "belongs to another organization",
      aSlackUser("U0X", "dana@acme.test", { team_id: "T0OTHER" }),
    ],
    ["is a stranger", aSlackUser("U0X", "dana@acme.test", { is_stranger: true })],
    ["is deactivated", aSlackUser("U0X", "dana@acme.test", { deleted: true })],
    ["has not confirmed it", aSlackUser("U0X", "dana@acme.test", { is_email_confirmed: false })],
  ])("trusts no address when the person %s", async (_, user) => {
    slack.users.set("U0X", user);
    expect(await directory().loadSlackUser("U0X")).toMatchObject({ email: undefined });
  });

  it("trusts people of the other workspaces of our own enterprise", async () => {
    slack.answer("auth.test", { ok: true, team_id: "T0", user_id: "U0", enterprise_id: "E1" });
    const enterprise_user = { enterprise_id: "E1" };
    slack.users.set("U0X", aSlackUser("U0X", "ana@acme.test", { team_id: "T1", enterprise_user }));
    expect(await directory().loadSlackUser("U0X")).toMatchObject({ email: "ana@acme.test" });
  });
});

describe("findSlackUserByEmail", () => {
  it("answers from what it knows, and else asks Slack", async () => {
    const people = directory();
    expect(await people.findSlackUserByEmail(bo)).toBeUndefined();

    slack.users.set("U0BO", aSlackUser("U0BO", "bo@acme.test"));
    expect(await people.findSlackUserByEmail(bo)).toMatchObject({ slackUserId: "U0BO" });
    expect(await directory().findSlackUserByEmail(bo)).toMatchObject({ slackUserId: "U0BO" });
    expect(slack.callsOf("users.lookupByEmail")).toHaveLength(2);
  });

  it("finds nobody of another organization", async () => {
    slack.users.set("U0BO", aSlackUser("U0BO", "bo@acme.test", { team_id: "T0OTHER" }));
    expect(await directory().findSlackUserByEmail(bo)).toBeUndefined();
  });
});

it("openDirectMessage opens each conversation once", async () => {
  const people = directory();
  expect([await people.openDirectMessage("U0BO"), await people.openDirectMessage("U0BO")]).toEqual([
    "D0BO",
    "D0BO",
  ]);
  expect(slack.callsOf("conversations.open")).toHaveLength(1);
});

it.each([
  ["<@U0BO|bo> 7d", "bo@acme.test 7d"],
  ["<@U0BO> and <@U0BO>", "bo@acme.test and bo@acme.test"],
  ["<@U0ROBOT|robo>", "@robo"],
  ["raise <#C1|team-search> 100", "raise #team-search 100"],
  ["<mailto:bo@acme.test|bo@acme.test>", "bo@acme.test"],
  ["R&amp;D &lt;b&gt;", "R&D <b>"],
  ["search 7d", "search 7d"],
])("resolveMentions turns %s into %s", async (typed, resolved) => {
  slack.users.set("U0ROBOT", aSlackUser("U0ROBOT", undefined));
  expect(await directory().resolveMentions(typed)).toBe(resolved);
});
