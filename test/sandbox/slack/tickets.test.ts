import { WebClient } from "@slack/web-api";
import { describe, expect, it } from "vitest";
import { type FakeSlackInTest, PEOPLE, useFakeSlack } from "../../support/fake-slack.ts";
import { useReceiver } from "./receiver.ts";

const slack = useFakeSlack();
const startReceiver = useReceiver();

const web = (fake: FakeSlackInTest) =>
  new WebClient(fake.credentials.botToken, {
    slackApiUrl: fake.apiUrl(),
    retryConfig: { retries: 0 },
  });
const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } });

async function listening(...args: Parameters<typeof startReceiver>) {
  const receiver = await startReceiver(...args);
  slack().setRequestUrl(receiver.url);
  return receiver;
}

const view = { type: "modal", title: { type: "plain_text", text: "T" }, blocks: [section("hi")] };

async function newTrigger(): Promise<string> {
  const { received } = await listening();
  await slack().as(PEOPLE.bo).shortcut("request_budget_raise");
  return String(received[0]?.payload["trigger_id"]);
}

const open = async (trigger_id: string) =>
  await web(slack()).apiCall("views.open", { trigger_id, view });

const home = (text: string) => ({ type: "home", blocks: [section(text)] });

const publish = async (args: object) =>
  await web(slack()).apiCall("views.publish", { user_id: PEOPLE.bo, ...args });

const respond = async (url: string, body: unknown) => {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  return { status: response.status, answer: (await response.json()) as { error?: string } };
};

async function newUrl(): Promise<string> {
  const { received } = await listening();
  await slack().as(PEOPLE.bo).command("/claude-spend");
  return String(received[0]?.payload["response_url"]);
}

describe("trigger ids", () => {
  it("open one modal", async () => {
    const trigger = await newTrigger();

    await open(trigger);

    expect(slack().as(PEOPLE.bo).modal()).toMatchObject({ title: { text: "T" }, submit: null });
    await expect(open(trigger)).rejects.toThrow("exchanged_trigger_id");
  });

  it("live for three seconds", async () => {
    const trigger = await newTrigger();
    slack().pass(3001);

    await expect(open(trigger)).rejects.toThrow("expired_trigger_id");
  });

  it("cannot be made up", async () => {
    await expect(open("1.2.x")).rejects.toThrow("invalid_trigger_id");
  });

  it("are not used up by a view that Slack refuses", async () => {
    const trigger = await newTrigger();
    const call = web(slack()).apiCall("views.open", {
      trigger_id: trigger,
      view: { ...view, blocks: [section("")] },
    });

    await expect(call).rejects.toMatchObject({
      data: {
        error: "invalid_arguments",
        response_metadata: { messages: [expect.stringContaining("/view/blocks/0/text/text")] },
      },
    });
    await expect(open(trigger)).resolves.toMatchObject({ ok: true });
  });

  it("of a modal push up to three views", async () => {
    const fake = slack();
    const { received } = await listening(({ payload }) =>
      payload["type"] === "view_submission" ? { body: { response_action: "update", view } } : {},
    );
    const bo = fake.as(PEOPLE.bo);
    await bo.shortcut("request_budget_raise");
    const api = async (method: string) =>
      await web(fake).apiCall(method, { trigger_id: received.at(-1)?.payload["trigger_id"], view });
    await expect(api("views.push")).rejects.toThrow("not_found");
    await bo.shortcut("request_budget_raise");
    await api("views.open");
    for (const _ of [2, 3]) {
      await bo.submit(await bo.waitForModal(), {});
      await api("views.push");
    }
    await bo.submit(await bo.waitForModal(), {});

    await expect(api("views.push")).rejects.toThrow("push_limit_reached");
  });
});

describe("views", () => {
  it("change only for who knows their present hash", async () => {
    const first = (await publish({ view: home("1") })) as unknown as {
      view: { id: string; hash: string };
    };
    await publish({ view: home("2"), hash: first.view.hash });

    await expect(publish({ view: home("3"), hash: first.view.hash })).rejects.toThrow(
      "hash_conflict",
    );
    expect(slack().as(PEOPLE.bo).home()).toMatchObject({
      viewId: first.view.id,
      blocks: [{ text: { text: "2" } }],
    });
  });

  it.each([
    ["views.publish", { user_id: "U0NOBODY00", view: home("a") }, "user_not_found"],
    [
      "views.publish",
      {
        user_id: PEOPLE.bo,
        view: { type: "modal", title: { type: "plain_text", text: "T" }, blocks: [] },
      },
      "invalid_arguments",
    ],
    [
      "views.publish",
      { user_id: PEOPLE.bo, view: { ...home("a"), private_metadata: "x".repeat(250_001) } },
      "view_too_large",
    ],
    ["views.update", { view_id: "V0UNKNOWN0", view: home("a") }, "not_found"],
  ])("%s refuses %#: %s", async (method, args, error) => {
    await expect(web(slack()).apiCall(method, args)).rejects.toThrow(error);
  });
});

describe("response URLs", () => {
  it("take five messages", async () => {
    const url = await newUrl();
    for (const text of ["1", "2", "3", "4", "5"]) {
      expect(await respond(url, { text })).toMatchObject({ status: 200 });
    }

    expect(await respond(url, { text: "6" })).toMatchObject({
      status: 404,
      answer: { error: "used_url" },
    });
    expect(slack().as(PEOPLE.bo).messages("#general")).toHaveLength(5);
    expect(slack().messages("#general")).toHaveLength(0);
  });

  it("live for thirty minutes", async () => {
    const url = await newUrl();
    slack().pass(29 * 60_000);
    expect(await respond(url, { text: "just" })).toMatchObject({ status: 200 });
    slack().pass(60_001);

    expect(await respond(url, { text: "late" })).toMatchObject({
      status: 404,
      answer: { error: "expired_url" },
    });
  });

  it("post for all on request, and check blocks", async () => {
    const url = await newUrl();

    expect(await respond(url, { text: "a", blocks: [section("")] })).toMatchObject({
      status: 404,
      answer: { error: "invalid_blocks" },
    });
    expect(await respond(url, {})).toMatchObject({ answer: { error: "no_text" } });
    expect(await respond(url, { text: "all", response_type: "in_channel" })).toMatchObject({
      status: 200,
    });
    expect(slack().messages("#general")).toMatchObject([{ text: "all", isEphemeral: false }]);
  });

  it("delete the message whose button was clicked", async () => {
    const { received } = await listening();
    const button = {
      type: "button",
      action_id: "x",
      text: { type: "plain_text", text: "X" },
    } as const;
    await web(slack()).chat.postMessage({
      channel: "#finops",
      text: "a",
      blocks: [{ type: "actions", elements: [button] }],
    });
    const dana = slack().as(PEOPLE.dana);
    await dana.click(await dana.waitForMessage("#finops"), "x");

    await respond(String(received[0]?.payload["response_url"]), { delete_original: true });

    expect(slack().messages("#finops")).toEqual([]);
  });
});
