import { WebClient } from "@slack/web-api";
import { describe, expect, it } from "vitest";
import { PATIENCE_MS, useFakeSlack } from "../../support/fake-slack.ts";

const slack = useFakeSlack();

/** Slack's own client, without its retries. */
function client(timeout = PATIENCE_MS) {
  const fake = slack();
  return new WebClient(fake.credentials.botToken, {
    slackApiUrl: fake.apiUrl(),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout,
  });
}
const post = async (channel = "#finops") =>
  await client().chat.postMessage({ channel, text: "hi" });
const texts = () =>
  slack()
    .messages("#finops")
    .map((message) => message.text);

describe("faults on demand", () => {
  it("limits the rate, as often as asked", async () => {
    slack().faults.add({ kind: "ratelimited", method: "chat.postMessage", retryAfterSeconds: 7 });

    await expect(post()).rejects.toMatchObject({ retryAfter: 7 });
    await expect(post()).resolves.toMatchObject({ ok: true });
  });

  it("answers 500 without doing anything", async () => {
    slack().faults.add({ kind: "http_500" });

    await expect(post()).rejects.toMatchObject({ statusCode: 500 });
    expect(texts()).toEqual([]);
  });

  it("archives a channel until somebody takes it back", async () => {
    slack().faults.add({ kind: "archive", channel: "#finops" });

    await expect(post()).rejects.toMatchObject({ data: { error: "is_archived" } });
    await expect(post("#general")).resolves.toMatchObject({ ok: true });
    const listed = await client().conversations.list({ exclude_archived: true });
    expect(listed.channels?.map(({ name }) => name)).not.toContain("finops");

    slack().faults.add({ kind: "unarchive", channel: "#finops" });
    await expect(post()).resolves.toMatchObject({ ok: true });
  });

  it("cuts the line before the effect, or after it", async () => {
    slack().faults.add({ kind: "drop_before" });
    await expect(post()).rejects.toThrow("fetch failed");
    expect(texts()).toEqual([]);

    slack().faults.add({ kind: "drop_after" });
    await expect(post()).rejects.toThrow("fetch failed");
    expect(texts()).toEqual(["hi"]);
  });

  it("is slow: the caller gives up, the message arrives", async () => {
    slack().faults.add({ kind: "slow", delayMs: 500 });

    const impatient = client(100).chat.postMessage({ channel: "#finops", text: "hi" });
    await expect(impatient).rejects.toThrow("timeout");
    await slack().waitForMessage("#finops");
  });

  it("hits only the channel that it is for, by id or by name", async () => {
    slack().faults.add({ kind: "http_500", channel: "#finops" });

    await expect(post("#team-search")).resolves.toMatchObject({ ok: true });
    await expect(post("C02FINOPS00")).rejects.toMatchObject({ statusCode: 500 });
  });

  it("logs each call with its outcome", async () => {
    slack().faults.add({ kind: "http_500" });
    await post().catch(() => undefined);
    await post();

    const calls = slack().calls("chat.postMessage");
    expect(calls.map(({ status, args }) => [status, args["channel"]])).toEqual([
      [500, "#finops"],
      [200, "#finops"],
    ]);
    expect(JSON.stringify(calls)).not.toContain("xoxb");
  });
});

describe("the limit of one message a second", () => {
  const limited = useFakeSlack({ isRateLimited: true });

  it("holds for each channel by itself", async () => {
    const fake = limited();
    const web = new WebClient(fake.credentials.botToken, {
      slackApiUrl: fake.apiUrl(),
      rejectRateLimitedCalls: true,
    });
    const send = async (channel: string) => await web.chat.postMessage({ channel, text: "a" });

    await send("#finops");
    await expect(send("C02FINOPS00")).rejects.toMatchObject({ retryAfter: 1 });
    await expect(send("#team-search")).resolves.toMatchObject({ ok: true });
    fake.pass(1000);
    await expect(send("#finops")).resolves.toMatchObject({ ok: true });
  });
});
