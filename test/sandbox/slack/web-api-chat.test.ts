import { describe, expect, it } from "vitest";
import { ACME } from "../../../src/sandbox/slack/index.ts";
import { CHANNELS, PEOPLE, TEST_MANIFEST, useFakeSlack } from "../../support/fake-slack.ts";
import { call } from "./call-api.ts";

const slack = useFakeSlack();

const post = async (args: Record<string, unknown>) => await call(slack(), "chat.postMessage", args);
const update = async (args: Record<string, unknown>) => await call(slack(), "chat.update", args);
const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } });

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
