/** What happens to messages when people and Slack do what they do all day. */
import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../src/domain/email.ts";
import { ACME, type FakeSlackOptions } from "../../src/sandbox/slack/index.ts";
import { home, message, modal, section } from "../../src/slack/blocks.ts";
import { createDirectory } from "../../src/slack/directory.ts";
import { enqueueMessage, type OutboxEntry } from "../../src/slack/outbox.ts";
import { sendDueMessages } from "../../src/slack/sender.ts";
import type { SlackWeb } from "../../src/slack/web.ts";
import { createSlackWeb } from "../../src/slack/web-client.ts";
import { sortSlackError } from "../../src/slack/web-errors.ts";
import { manualClock } from "../support/clock.ts";
import { useDatabase } from "../support/database.ts";
import { PEOPLE, TEST_MANIFEST, useFakeSlack } from "../support/fake-slack.ts";
import { recordLog } from "./recording-slack.ts";

type Team = NonNullable<FakeSlackOptions["team"]>;

const db = useDatabase();
const live: { team: Team } = { team: ACME };
/** A workspace in which people and channels change under our hands. */
const changingTeam: Team = {
  ...ACME,
  get people() {
    return live.team.people;
  },
  get channels() {
    return live.team.channels;
  },
};
const slack = useFakeSlack({
  team: changingTeam,
  manifest: { ...TEST_MANIFEST, scopes: [...TEST_MANIFEST.scopes, "channels:history"] },
});
const time = manualClock("2026-11-23T10:00:00Z");
const { clock } = time;

let web: SlackWeb;
let directory: ReturnType<typeof createDirectory>;

beforeEach(async () => {
  live.team = ACME;
  time.set("2026-11-23T10:00:00Z");
  await db.pool.query("truncate outbox_messages, dead_destinations, slack_users");
  web = createSlackWeb({ token: slack().credentials.botToken, apiUrl: slack().apiUrl() });
  directory = createDirectory({ database: db.pool, web, clock });
});

function channelChanged(name: string, change: Partial<Team["channels"][number]>): void {
  live.team = {
    ...live.team,
    channels: live.team.channels.map((one) => (one.name === name ? { ...one, ...change } : one)),
  };
}

async function sent(dedupeKey: string, more: Partial<OutboxEntry> = {}): Promise<void> {
  const text = `text of ${dedupeKey}`;
  const entry: OutboxEntry = {
    dedupeKey,
    kind: "alert",
    destination: { channel: "#finops" },
    message: message(text, [section(text)]),
    ...more,
  };
  await enqueueMessage(db.pool, entry, clock());
  await sendDueMessages({ database: db.pool, web, directory, clock, log: recordLog().log });
  time.advance(2_000);
}

async function outcomes(): Promise<readonly (readonly [string, string, string | null])[]> {
  const { rows } = await db.pool.query<{ key: string; status: string; error: string | null }>(
    `select dedupe_key as key, status, last_error as error
       from outbox_messages order by outbox_message_id`,
  );
  return rows.map(({ key, status, error }) => [key, status, error]);
}

const texts = (channel: string) =>
  slack()
    .messages(channel)
    .map(({ text }) => text);

const VIEW = modal({ callbackId: "x", title: "x", blocks: [section("x")] });
const CALLS: readonly (readonly [string, (web: SlackWeb) => Promise<unknown>])[] = [
  ["auth.test", async (of) => await of.authTest()],
  ["chat.postMessage", async (of) => await of.postMessage(POST)],
  ["chat.update", async (of) => await of.updateMessage({ ...POST, ts: "1.1" })],
  ["conversations.open", async (of) => await of.openDirectMessage(PEOPLE.bo)],
  ["conversations.list", async (of) => await of.listChannels()],
  ["conversations.history", async (of) => await of.findMessage({ ...POST, since: clock() })],
  [
    "conversations.replies",
    async (of) => await of.findMessage({ ...POST, threadTs: "1.1", since: clock() }),
  ],
  ["users.lookupByEmail", async (of) => await of.findUserByEmail("bo@acme.test")],
  ["users.info", async (of) => await of.loadUser(PEOPLE.bo)],
  ["usergroups.list", async (of) => await of.listUserGroups()],
  ["usergroups.users.list", async (of) => await of.listUserGroupMembers("finops-leads")],
  ["views.open", async (of) => await of.openView("trigger", VIEW)],
  ["views.update", async (of) => await of.updateView("V1", VIEW)],
  ["views.publish", async (of) => await of.publishHome(PEOPLE.bo, home([section("x")]))],
];
const POST = { channel: "C02FINOPS00", text: "x", blocks: [section("x")], dedupeKey: "x" };

describe("a rate limit", () => {
  test.each(CALLS)(
    "of %s is told with the time that Slack wants, and asked once",
    async (method, call) => {
      slack().faults.add({ kind: "ratelimited", method, retryAfterSeconds: 7 });

      const failure: unknown = await call(web).catch((error: unknown) => error);

      expect(failure).toMatchObject({ code: "unavailable", retryable: true });
      expect(sortSlackError(failure)).toEqual({
        kind: "retry",
        reason: "ratelimited",
        afterMs: 7_000,
      });
      expect(slack().calls(method)).toHaveLength(1);
    },
  );

  test("of a post delays that channel alone, and nothing is lost or said twice", async () => {
    slack().faults.add({
      kind: "ratelimited",
      method: "chat.postMessage",
      channel: "#finops",
      retryAfterSeconds: 30,
    });
    await sent("busy");
    await sent("other", { destination: { channel: "#team-search" } });
    expect(await outcomes()).toEqual([
      ["busy", "pending", "ratelimited"],
      ["other", "sent", null],
    ]);

    time.advance(30_000);
    await sent("next");
    await sent("one more");
    expect(texts("#finops")).toEqual(["text of busy", "text of next"]);
  });
});

describe("a message that somebody deleted", () => {
  async function deletedRoot(): Promise<void> {
    await sent("root");
    const [root] = slack().messages("#finops");
    const response = await fetch(`${slack().apiUrl()}chat.delete`, {
      method: "POST",
      headers: { authorization: `Bearer ${slack().credentials.botToken}` },
      body: new URLSearchParams({ channel: "C02FINOPS00", ts: root?.ts ?? "" }),
    });
    expect(await response.json()).toMatchObject({ ok: true });
  }

  test.each(["alert", "approval", "notice", "digest"] as const)(
    "is not brought back by its update (%s)",
    async (kind) => {
      await deletedRoot();
      await sent("update", { kind, updates: "root" });
      expect(texts("#finops")).toEqual([]);
      expect((await outcomes())[1]).toEqual([
        "update",
        "skipped",
        "somebody deleted what it updates",
      ]);
    },
  );

  test.each(["alert", "approval", "notice"] as const)(
    "does not take the replies to it with it (%s)",
    async (kind) => {
      await deletedRoot();
      await sent("reply", { kind, repliesTo: "root" });
      expect(texts("#finops")).toEqual(["text of reply"]);
      expect((await outcomes())[1]).toEqual(["reply", "sent", null]);
    },
  );
});

describe("a channel", () => {
  test("that was renamed is found by what was posted there under the old name", async () => {
    await sent("before");
    channelChanged("finops", { name: "finance-ops" });
    await sent("after");
    expect(texts("#finance-ops")).toEqual(["text of before", "text of after"]);
    expect((await db.pool.query("select from dead_destinations")).rowCount).toBe(0);
  });

  test("that was renamed before anything was posted there waits, and is told of", async () => {
    channelChanged("finops", { name: "finance-ops" });
    await sent("first");
    expect(await outcomes()).toEqual([["first", "pending", "channel_not_found"]]);
    const { rows } = await db.pool.query("select destination, reason from dead_destinations");
    expect(rows).toEqual([{ destination: "#finops", reason: "channel_not_found" }]);
  });

  test("whose old name another channel has now gets the news of that name", async () => {
    await sent("before");
    channelChanged("finops", { name: "finance-ops" });
    channelChanged("team-search", { name: "finops" });
    await sent("after");
    expect(texts("#finops")).toEqual(["text of after"]);
    expect(texts("#finance-ops")).toEqual(["text of before"]);
  });

  test("that became private goes on where the bot is a member", async () => {
    await sent("before");
    channelChanged("finops", { isPrivate: true });
    await sent("after");
    expect(texts("#finops")).toEqual(["text of before", "text of after"]);
  });

  test("that became private without the bot waits until it is invited", async () => {
    await sent("before");
    const without = ACME.channels.find(({ name }) => name === "finops")?.members ?? [];
    channelChanged("finops", {
      isPrivate: true,
      members: without.filter((id) => id !== PEOPLE.bot),
    });
    await sent("after");
    expect((await outcomes())[1]).toEqual(["after", "pending", "channel_not_found"]);

    channelChanged("finops", { members: without });
    time.advance(600_000);
    await sent("later");
    time.advance(2_000);
    await sent("last", { destination: { channel: "#team-search" } });
    expect(texts("#finops")).toEqual(["text of before", "text of after", "text of later"]);
  });

  test("out of which the bot was kicked still takes news while it is public", async () => {
    const members = ACME.channels.find(({ name }) => name === "finops")?.members ?? [];
    channelChanged("finops", { members: members.filter((id) => id !== PEOPLE.bot) });
    await sent("one");
    expect((await outcomes())[0]).toEqual(["one", "sent", null]);
  });
});

describe("a person", () => {
  const bo = emailFrom("bo@acme.test");
  const toBo = { destination: { person: bo } };

  test("who was deactivated is not written to, which is seen", async () => {
    await sent("before", toBo);
    live.team = { ...ACME, people: ACME.people.filter(({ id }) => id !== PEOPLE.bo) };
    await sent("after", toBo);
    expect((await outcomes())[1]).toEqual(["after", "failed", "channel_not_found"]);
    time.advance(86_400_000);
    await sent("next day", toBo);
    expect((await outcomes())[2]).toEqual([
      "next day",
      "failed",
      "no member of the Slack workspace has this e-mail address",
    ]);
  });

  test("who is called otherwise now is the same person by their address", async () => {
    await directory.loadSlackUser(PEOPLE.bo);
    live.team = {
      ...ACME,
      people: ACME.people.map((one) => (one.id === PEOPLE.bo ? { ...one, handle: "robert" } : one)),
    };
    time.advance(86_400_001);
    expect(await directory.loadSlackUser(PEOPLE.bo)).toMatchObject({
      email: bo,
      displayName: "robert",
    });
    await sent("one", toBo);
    expect((await outcomes())[0]).toEqual(["one", "sent", null]);
  });

  test("whose address changed is known by the new one the day after", async () => {
    await directory.loadSlackUser(PEOPLE.bo);
    live.team = {
      ...ACME,
      people: ACME.people.map((one) =>
        one.id === PEOPLE.bo ? { ...one, email: "bo.chen@acme.test" } : one,
      ),
    };
    time.advance(86_400_001);
    expect(await directory.loadSlackUser(PEOPLE.bo)).toMatchObject({ email: "bo.chen@acme.test" });
    expect(await directory.findSlackUserByEmail(bo)).toBeUndefined();
  });
});
