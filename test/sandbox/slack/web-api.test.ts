import { describe, expect, it } from "vitest";
import { CHANNELS, PEOPLE, TEST_MANIFEST, useFakeSlack } from "../../support/fake-slack.ts";
import { call } from "./call-api.ts";

const slack = useFakeSlack();

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
