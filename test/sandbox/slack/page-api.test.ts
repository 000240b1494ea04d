import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RadioButtons } from "@slack/types";
import { WebClient } from "@slack/web-api";
import { afterEach, describe, expect, it } from "vitest";
import { createFakeSlack, readManifest } from "../../../src/sandbox/slack/index.ts";
import {
  CHANNELS,
  type FakeSlackInTest,
  PEOPLE,
  TEST_MANIFEST,
  useFakeSlack,
} from "../../support/fake-slack.ts";
import { useReceiver } from "./receiver.ts";

const slack = useFakeSlack();
const startReceiver = useReceiver();

const api = (path: string) =>
  slack().apiUrl().replace("/sandbox/slack/api/", `/sandbox/api${path}`);
const get = async (path: string) => {
  const response = await fetch(api(path));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const send = async (path: string, body: unknown, type = "application/json") => {
  const response = await fetch(api(path), {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": type },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const web = (fake: Pick<FakeSlackInTest, "credentials" | "apiUrl">) =>
  new WebClient(fake.credentials.botToken, { slackApiUrl: fake.apiUrl() });

/** What Dana has not read: name and whether it is highlighted. */
const unread = async () => {
  const { conversations } = (await get(`/state?user=${PEOPLE.dana}`)).body as {
    conversations: { name: string; unreadCount: number; isHighlighted: boolean }[];
  };
  return conversations
    .filter(({ unreadCount }) => unreadCount > 0)
    .map(({ name, isHighlighted }) => [name, isHighlighted]);
};
const testAuth = async () =>
  (await fetch(`${slack().apiUrl()}auth.test`, { method: "POST" })).status;

describe("the page's protocol", () => {
  it("shows the workspace", async () => {
    expect((await get("/workspace")).body).toMatchObject({
      name: "Acme",
      bot: { name: "claude-spend", userId: PEOPLE.bot },
      commands: [{ command: "/claude-spend" }],
      shortcuts: [{ callbackId: "request_budget_raise" }],
    });
  });

  it("counts what a person has not read", async () => {
    await web(slack()).chat.postMessage({ channel: "#finops", text: `hi <@${PEOPLE.dana}>` });
    await web(slack()).chat.postMessage({ channel: PEOPLE.dana, text: "hello" });
    expect(await unread()).toEqual([
      ["finops", true],
      ["claude-spend", true],
    ]);
    await send("/read", { user: PEOPLE.dana, channel: CHANNELS.finops });
    expect(await unread()).toEqual([["claude-spend", true]]);
  });

  it("lets go of open windows, and of those that come back, when it is about to stop", async () => {
    const events = api(`/events?user=${PEOPLE.dana}`);
    const open = await fetch(events);
    slack().closePages();

    expect(await open.text()).toBe(": listening\n\n");
    expect((await fetch(events)).status).toBe(503);
  });

  it("escapes and links what people type", async () => {
    await send("/messages", {
      user: PEOPLE.dana,
      channel: CHANNELS.finops,
      text: "<b> @finops see #team-search",
    });

    expect(
      (await get(`/messages?user=${PEOPLE.ana}&channel=${CHANNELS.finops}`)).body,
    ).toMatchObject({
      messages: [
        { text: `&lt;b&gt; <@${PEOPLE.finn}> see <#${CHANNELS.search}|team-search>`, isBot: false },
      ],
    });
  });

  it("keeps threads out of the channel", async () => {
    const { ts } = await web(slack()).chat.postMessage({ channel: "#finops", text: "parent" });
    await web(slack()).chat.postMessage({ channel: "#finops", text: "reply", thread_ts: ts ?? "" });
    const path = `/messages?user=${PEOPLE.dana}&channel=${CHANNELS.finops}`;

    expect((await get(path)).body).toMatchObject({ messages: [{ text: "parent", replyCount: 1 }] });
    expect((await get(`${path}&thread=${ts ?? ""}`)).body).toMatchObject({
      messages: [{ text: "parent" }, { text: "reply", threadTs: ts }],
    });
  });

  it("sends clicks with what stands in the other fields", async () => {
    const { received, url } = await startReceiver();
    slack().setRequestUrl(url);
    const radio: RadioButtons = {
      type: "radio_buttons",
      action_id: "pick",
      options: [{ text: { type: "plain_text", text: "A" }, value: "a" }],
    };
    const button = {
      type: "button",
      action_id: "go",
      value: "1",
      text: { type: "plain_text", text: "Go" },
    } as const;
    const { ts } = await web(slack()).chat.postMessage({
      channel: "#finops",
      text: "a",
      blocks: [{ type: "actions", block_id: "b", elements: [radio, button] }],
    });
    const container = { type: "message", channel: CHANNELS.finops, ts };

    const clicked = await send("/actions", {
      user: PEOPLE.dana,
      container,
      blockId: "b",
      actionId: "go",
      entered: { b: { pick: "a" } },
    });

    expect(clicked.body).toEqual({ ok: true });
    expect(received[0]?.payload).toMatchObject({
      type: "block_actions",
      actions: [{ type: "button", action_id: "go", block_id: "b", value: "1" }],
      state: { values: { b: { pick: { selected_option: { value: "a" } } } } },
      container: { is_ephemeral: false },
      message: { ts },
    });
  });

  it("pushes a notice for each change that a person sees, and none for others", async () => {
    const response = await fetch(api(`/events?user=${PEOPLE.bo}`));
    const reader = response.body?.getReader();
    const read = async () =>
      Buffer.from((await reader?.read())?.value as Uint8Array).toString("utf8");
    await read();

    await web(slack()).chat.postMessage({ channel: "#team-support", text: "not for Bo" });
    const { ts } = await web(slack()).chat.postMessage({ channel: "#team-search", text: "for Bo" });
    const notice = await read();
    await reader?.cancel();

    expect(notice).toContain(
      `"kind":"message","change":"posted","channel":"${CHANNELS.search}","ts":"${ts ?? ""}"`,
    );
    expect(notice).not.toContain(CHANNELS.support);
  });

  it.each([
    ["/state?user=U0NOBODY00", 404],
    [`/messages?user=${PEOPLE.bo}&channel=${CHANNELS.support}`, 404],
    ["/state", 400],
    ["/nothing", 404],
  ])("GET %s answers %i", async (path, status) => {
    const answer = await get(path);

    expect(answer.status).toBe(status);
    expect(answer.body["error"]).toEqual(expect.any(String));
  });

  it("takes JSON only, so that no foreign page can post a form", async () => {
    const body = { user: PEOPLE.dana, channel: CHANNELS.finops, text: "a" };

    expect((await send("/messages", body, "text/plain")).status).toBe(400);
    expect((await send("/messages", { ...body, text: 5 })).body["error"]).toContain("text");
  });

  it("adds faults", async () => {
    await send("/faults", { kind: "http_500", method: "auth.test" });

    expect(await testAuth()).toBe(500);
    expect(await testAuth()).toBe(200);
    expect((await send("/faults", { kind: "earthquake" })).status).toBe(400);
  });
});

describe("a fake that keeps a file", () => {
  const folders: string[] = [];
  afterEach(async () => {
    await Promise.all(
      folders.splice(0).map(async (folder) => await rm(folder, { recursive: true })),
    );
  });

  it("goes on with its messages, later ones after earlier ones", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fake-slack-"));
    folders.push(folder);
    const file = join(folder, "deep", "slack.json");
    const start = async (now: number) => {
      const fake = createFakeSlack({ manifest: TEST_MANIFEST, now: () => now, file });
      await fake.listen();
      return fake;
    };

    const first = await start(1_700_000_000_000);
    await first.as(PEOPLE.dana).say("#finops", "before");
    await web(first).views.publish({
      user_id: PEOPLE.dana,
      view: { type: "home", blocks: [{ type: "divider" }] },
    });
    await first.close();
    const second = await start(1_600_000_000_000);
    await second.as(PEOPLE.dana).say("#finops", "after");
    const { homes } = JSON.parse(await readFile(file, "utf8")) as { homes: unknown[] };
    const messages = second.messages("#finops");
    const home = second.as(PEOPLE.dana).home();
    await second.close();

    expect(messages.map(({ text }) => text)).toEqual(["before", "after"]);
    expect(String(messages[1]?.ts) > String(messages[0]?.ts)).toBe(true);
    expect(home.blocks).toMatchObject([{ type: "divider" }]);
    expect(homes).toHaveLength(1);
  });
});

describe("the project's own manifest", () => {
  it("is what the sandbox grants", async () => {
    const manifest = readManifest(await readFile("manifest.yml", "utf8"));

    expect(manifest.commands.map(({ command }) => command)).toContain("/claude-spend");
    expect(manifest).toMatchObject({ hasHomeTab: true, hasMessagesTab: true });
    expect(manifest.scopes).toContain("chat:write");
  });

  it("is refused when it is none", () => {
    expect(() => readManifest("display_information: { name: '' }")).toThrow("name");
  });
});
