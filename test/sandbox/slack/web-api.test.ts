import { describe, expect, it } from "vitest";
import { ACME } from "../../../src/sandbox/slack/index.ts";
import {
  CHANNELS,
  type FakeSlackInTest,
  PEOPLE,
  TEST_MANIFEST,
  useFakeSlack,
} from "../../support/fake-slack.ts";

const slack = useFakeSlack();

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly [field: string]: unknown;
}

/** Calls the Web API as a form, the way Slack's own client does. */
async function call(
  fake: FakeSlackInTest,
  method: string,
  args: Record<string, unknown> = {},
  token: string | null = fake.credentials.botToken,
): Promise<Answer> {
  const fields = Object.entries(args).map(([name, value]): [string, string] => [
    name,
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
  const response = await fetch(`${fake.apiUrl()}${method}`, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
  return (await response.json()) as Answer;
}

const post = async (args: Record<string, unknown>) => await call(slack(), "chat.postMessage", args);
const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } });

describe("tokens and scopes", () => {
  it("asks for a token", async () => {
    expect(await call(slack(), "auth.test", {}, null)).toEqual({ ok: false, error: "not_authed" });
  });

  it("refuses a foreign token", async () => {
    expect(await call(slack(), "auth.test", {}, "xoxb-other")).toEqual({
      ok: false,
      error: "invalid_auth",
    });
  });

  it("opens sockets for the app's token only", async () => {
    expect(await call(slack(), "apps.connections.open")).toMatchObject({
      error: "not_allowed_token_type",
    });
  });

  it("says who the bot is", async () => {
    expect(await call(slack(), "auth.test")).toMatchObject({
      ok: true,
      user_id: PEOPLE.bot,
      team: "Acme",
    });
  });

  it("does not know what Slack does not have", async () => {
    expect(await call(slack(), "chat.shout")).toMatchObject({ error: "unknown_method" });
  });

  it("takes JSON as well as forms", async () => {
    const fake = slack();
    const response = await fetch(`${fake.apiUrl()}chat.postMessage`, {
      method: "POST",
      body: JSON.stringify({ channel: "#finops", blocks: [section("hi")] }),
      headers: {
        authorization: `Bearer ${fake.credentials.botToken}`,
        "content-type": "application/json",
      },
    });

    expect(await response.json()).toMatchObject({ ok: true, channel: CHANNELS.finops });
  });
});

describe("without scopes", () => {
  const bare = useFakeSlack({
    manifest: { ...TEST_MANIFEST, scopes: ["commands"], hasMessagesTab: false },
  });

  it.each([
    ["chat.postMessage", { channel: "#finops", text: "a" }, "chat:write"],
    ["chat.update", { channel: CHANNELS.finops, ts: "1", text: "a" }, "chat:write"],
    ["conversations.open", { users: PEOPLE.bo }, "im:write"],
    ["conversations.list", {}, "channels:read"],
    ["conversations.list", { types: "private_channel" }, "groups:read"],
    ["conversations.info", { channel: CHANNELS.finops }, "channels:read"],
    ["conversations.history", { channel: CHANNELS.finops }, "channels:history"],
    ["users.info", { user: PEOPLE.bo }, "users:read"],
    ["users.list", {}, "users:read"],
    ["users.lookupByEmail", { email: "bo@acme.test" }, "users:read.email"],
    ["usergroups.list", {}, "usergroups:read"],
    ["usergroups.users.list", { usergroup: "S01FINOPSLD" }, "usergroups:read"],
  ])("%s %j names what it needs", async (method, args, needed) => {
    const answer = await call(bare(), method, args);

    expect(answer).toEqual({ ok: false, error: "missing_scope", needed, provided: "commands" });
  });
});

describe("chat.postMessage", () => {
  it("takes channel ids and names, and people", async () => {
    expect(await post({ channel: CHANNELS.finops, text: "a" })).toMatchObject({
      channel: CHANNELS.finops,
    });
    expect(await post({ channel: "#finops", text: "a" })).toMatchObject({
      channel: CHANNELS.finops,
    });
    expect(await post({ channel: PEOPLE.bo, text: "a" })).toMatchObject({ channel: "D03BOCHEN00" });
    expect(await post({ channel: "D03BOCHEN00", text: "a" })).toMatchObject({
      channel: "D03BOCHEN00",
    });
  });

  it("gives each message a later ts, in one and the same millisecond", async () => {
    const answers = await Promise.all(
      [1, 2, 3].map(async () => await post({ channel: "#finops", text: "a" })),
    );
    const ts = answers.map((answer) => String(answer["ts"]));

    expect(ts.every((value) => /^\d{10}\.\d{6}$/.test(value))).toBe(true);
    expect(new Set(ts).size).toBe(3);
  });

  it.each([
    ["an unknown channel", { channel: "#nowhere", text: "a" }, "channel_not_found"],
    ["the bot itself", { channel: PEOPLE.bot, text: "a" }, "cannot_dm_bot"],
    ["nothing to say", { channel: "#finops" }, "no_text"],
    ["no blocks and no text", { channel: "#finops", blocks: [] }, "no_text"],
    ["too long a text", { channel: "#finops", text: "x".repeat(40_001) }, "msg_too_long"],
    [
      "blocks that are no list",
      { channel: "#finops", text: "a", blocks: { type: "divider" } },
      "invalid_blocks_format",
    ],
    ["a wrong block", { channel: "#finops", text: "a", blocks: [section("")] }, "invalid_blocks"],
    [
      "too much in all blocks",
      {
        channel: "#finops",
        text: "a",
        blocks: Array.from({ length: 5 }, () => section("x".repeat(2700))),
      },
      "msg_blocks_too_long",
    ],
    [
      "an unknown thread",
      { channel: "#finops", text: "a", thread_ts: "1700000000.000001" },
      "thread_not_found",
    ],
    [
      "a malformed thread",
      { channel: "#finops", text: "a", thread_ts: "soon" },
      "invalid_thread_ts",
    ],
    [
      "metadata without a payload",
      { channel: "#finops", text: "a", metadata: { event_type: "a" } },
      "invalid_metadata_format",
    ],
    [
      "too much metadata",
      {
        channel: "#finops",
        text: "a",
        metadata: { event_type: "a", event_payload: { a: "x".repeat(8000) } },
      },
      "metadata_too_large",
    ],
    ["a name of its own", { channel: "#finops", text: "a", username: "root" }, "missing_scope"],
    ["no channel", { text: "a" }, "invalid_arguments"],
  ])("refuses %s", async (_name, args, error) => {
    expect(await post(args)).toMatchObject({ ok: false, error });
    expect(slack().messages("#finops")).toEqual([]);
  });

  it("points to what is wrong in a block", async () => {
    expect(await post({ channel: "#finops", text: "a", blocks: [section("")] })).toMatchObject({
      errors: ["must be more than 0 characters [json-pointer:/blocks/0/text/text]"],
      response_metadata: {
        messages: ["[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"],
      },
    });
  });

  it("records who calls a whole channel, and nobody in plain text", async () => {
    await post({ channel: "#finops", text: "<!here> look", blocks: [section("<!channel> look")] });
    await post({ channel: "#search", text: "&lt;!channel&gt;" });
    await post({
      channel: "#finops",
      text: "a",
      blocks: [{ type: "header", text: { type: "plain_text", text: "<!channel>" } }],
    });

    expect(
      slack()
        .broadcasts()
        .map(({ range }) => range),
    ).toEqual(["here", "channel"]);
  });
});

describe("channels that the bot may not post in", () => {
  const [general, ...others] = ACME.channels;
  const channels = [
    ...(general === undefined ? [] : [general]),
    ...others,
    {
      id: "C09PRIVATE0",
      name: "board",
      isPrivate: true,
      isArchived: false,
      purpose: "",
      members: [PEOPLE.dana],
    },
    {
      id: "C10ARCHIVED",
      name: "old",
      isPrivate: false,
      isArchived: true,
      purpose: "",
      members: [PEOPLE.bot],
    },
  ];
  const scopes = TEST_MANIFEST.scopes.filter((scope) => scope !== "chat:write.public");
  const strict = useFakeSlack({
    team: { ...ACME, channels },
    manifest: { ...TEST_MANIFEST, scopes, hasMessagesTab: false },
  });

  it.each([
    ["#general", "not_in_channel"],
    ["#board", "channel_not_found"],
    ["#old", "is_archived"],
    [PEOPLE.bo, "messages_tab_disabled"],
  ])("%s: %s", async (channel, error) => {
    expect(await call(strict(), "chat.postMessage", { channel, text: "a" })).toEqual({
      ok: false,
      error,
    });
  });

  it("needs only chat:write.public for a public channel", async () => {
    expect(await post({ channel: "#general", text: "a" })).toMatchObject({ ok: true });
  });
});

describe("chat.update and chat.delete", () => {
  const update = async (args: Record<string, unknown>) => await call(slack(), "chat.update", args);

  it("keeps blocks that are not named, and marks a changed text as edited", async () => {
    const { channel, ts } = await post({ channel: "#finops", text: "a", blocks: [section("hi")] });

    await update({ channel, ts, text: "b" });

    expect(slack().messages("#finops")).toMatchObject([
      { text: "b", isEdited: true, blocks: [{ type: "section" }] },
    ]);
  });

  it("removes blocks for an empty list", async () => {
    const { channel, ts } = await post({ channel: "#finops", text: "a", blocks: [section("hi")] });

    await update({ channel, ts, text: "a", blocks: [] });

    expect(slack().messages("#finops")).toMatchObject([{ blocks: [], isEdited: false }]);
  });

  it("refuses messages of others, unknown ones, names and long texts", async () => {
    const fake = slack();
    const said = await fake.as(PEOPLE.dana).say("#finops", "mine");
    const { channel, ts } = await post({ channel: "#finops", text: "a" });

    expect(await update({ channel, ts: said.ts, text: "b" })).toEqual({
      ok: false,
      error: "cant_update_message",
    });
    expect(await update({ channel, ts: "1.2", text: "b" })).toEqual({
      ok: false,
      error: "message_not_found",
    });
    expect(await update({ channel: "#finops", ts, text: "b" })).toEqual({
      ok: false,
      error: "channel_not_found",
    });
    expect(await update({ channel, ts, text: "x".repeat(4001) })).toEqual({
      ok: false,
      error: "msg_too_long",
    });
    expect(await call(fake, "chat.delete", { channel, ts: said.ts })).toEqual({
      ok: false,
      error: "cant_delete_message",
    });
  });

  it("deletes", async () => {
    const { channel, ts } = await post({ channel: "#finops", text: "a" });

    expect(await call(slack(), "chat.delete", { channel, ts })).toMatchObject({ ok: true });
    expect(slack().messages("#finops")).toEqual([]);
  });
});

describe("chat.postEphemeral", () => {
  it("shows a message to one person, who must be in the channel", async () => {
    const fake = slack();
    const args = { channel: CHANNELS.search, text: "psst" };

    expect(await call(fake, "chat.postEphemeral", { ...args, user: PEOPLE.cleo })).toMatchObject({
      error: "user_not_in_channel",
    });
    expect(await call(fake, "chat.postEphemeral", { ...args, user: PEOPLE.bo })).toMatchObject({
      ok: true,
    });
    expect(fake.as(PEOPLE.bo).messages("#team-search")).toMatchObject([
      { text: "psst", isEphemeral: true },
    ]);
    expect(fake.as(PEOPLE.ana).messages("#team-search")).toEqual([]);
  });
});

describe("reading the workspace", () => {
  it("pages through channels", async () => {
    const first = await call(slack(), "conversations.list", { limit: 3 });
    const cursor = (first["response_metadata"] as { next_cursor: string }).next_cursor;
    const second = await call(slack(), "conversations.list", { limit: 3, cursor });

    expect(first["channels"]).toHaveLength(3);
    expect(second).toMatchObject({
      channels: [{ name: "team-support" }, { name: "team-platform" }],
      response_metadata: { next_cursor: "" },
    });
  });

  it("finds people by address, and says when there is none", async () => {
    const fake = slack();

    expect(await call(fake, "users.lookupByEmail", { email: "Bo@acme.test" })).toMatchObject({
      user: { id: PEOPLE.bo },
    });
    expect(await call(fake, "users.lookupByEmail", { email: "no@acme.test" })).toMatchObject({
      error: "users_not_found",
    });
    expect(await call(fake, "users.info", { user: "U0NOBODY00" })).toMatchObject({
      error: "user_not_found",
    });
    expect(await call(fake, "conversations.open", { users: "U0NOBODY00" })).toMatchObject({
      error: "user_not_found",
    });
    expect(await call(fake, "conversations.open", { users: PEOPLE.bot })).toMatchObject({
      error: "cannot_dm_bot",
    });
    expect(await call(fake, "conversations.open", { users: PEOPLE.bo })).toMatchObject({
      channel: { id: "D03BOCHEN00" },
    });
    expect(await call(fake, "usergroups.users.list", { usergroup: "S01FINOPSLD" })).toMatchObject({
      users: [PEOPLE.dana, PEOPLE.finn],
    });
    expect(await call(fake, "usergroups.users.list", { usergroup: "S0" })).toMatchObject({
      error: "no_such_subteam",
    });
    expect(await call(fake, "conversations.members", { channel: CHANNELS.support })).toMatchObject({
      members: [PEOPLE.cleo, PEOPLE.dana, PEOPLE.bot],
    });
  });
});

describe("reading history", () => {
  const historic = useFakeSlack({
    manifest: { ...TEST_MANIFEST, scopes: [...TEST_MANIFEST.scopes, "channels:history"] },
  });

  it("tells metadata on request, newest first, since a moment", async () => {
    const metadata = { event_type: "claude_spend", event_payload: { key: "k1" } };
    const channel = CHANNELS.finops;
    const first = await call(historic(), "chat.postMessage", { channel, text: "old" });
    await call(historic(), "chat.postMessage", { channel, text: "new", metadata });
    await call(historic(), "chat.postMessage", { channel, text: "newest" });

    const answer = await call(historic(), "conversations.history", {
      channel,
      oldest: first["ts"],
      include_all_metadata: true,
    });
    const plain = await call(historic(), "conversations.history", { channel });

    expect(answer["messages"]).toMatchObject([{ text: "newest" }, { text: "new", metadata }]);
    expect(JSON.stringify(plain)).not.toContain("claude_spend");
  });

  it("is closed to a bot that is not in the channel", async () => {
    expect(
      await call(historic(), "conversations.history", { channel: CHANNELS.general }),
    ).toMatchObject({ error: "not_in_channel" });
  });
});

describe("blocks.validate", () => {
  it("answers with pointers", async () => {
    const fake = slack();

    expect(await call(fake, "blocks.validate", { blocks: [section("hi")] })).toEqual({ ok: true });
    expect(await call(fake, "blocks.validate", { blocks: [section("")] })).toMatchObject({
      error: "invalid_blocks",
      errors: [{ pointer: "/blocks/0/text/text" }],
    });
    expect(await call(fake, "blocks.validate", {})).toMatchObject({ error: "invalid_arguments" });
  });
});
