import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deliverByHttp } from "../../../src/sandbox/slack/delivery.ts";
import {
  type FakeSlackInTest,
  PATIENCE_MS,
  PEOPLE,
  TEST_MANIFEST,
  useFakeSlack,
} from "../../support/fake-slack.ts";
import { useReceiver } from "./receiver.ts";

const NOW = Date.UTC(2026, 10, 23, 12, 0, 7, 800);
const slack = useFakeSlack({ now: () => NOW });
const startReceiver = useReceiver();

async function listening(...args: Parameters<typeof startReceiver>) {
  const receiver = await startReceiver(...args);
  slack().setRequestUrl(receiver.url);
  return receiver;
}

describe("deliveries", () => {
  it("are signed over the raw body and carry Slack's exact content type", async () => {
    const { received } = await listening();

    await slack().as(PEOPLE.bo).command("/claude-spend ö & ü");

    const [{ headers, body, payload } = { headers: {}, body: "", payload: {} }] = received;
    const timestamp = String(headers["x-slack-request-timestamp"]);
    const expected = createHmac("sha256", slack().credentials.signingSecret)
      .update(`v0:${timestamp}:${body}`)
      .digest("hex");
    expect(headers["x-slack-signature"]).toBe(`v0=${expected}`);
    expect(headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(Number(timestamp)).toBe(Math.floor(NOW / 1_000));
    expect(payload).toMatchObject({
      command: "/claude-spend",
      text: "ö &amp; ü",
      user_id: PEOPLE.bo,
      user_name: "bo",
      channel_name: "general",
      team_domain: "acme",
    });
  });

  it("name people and channels of a command by their ids when the manifest asks for it", async () => {
    const { received } = await listening();

    await slack().as(PEOPLE.bo).command("/claude-spend @ana #finops", "dm");

    expect(received[0]?.payload).toMatchObject({
      text: `<@${PEOPLE.ana}|ana> <#C02FINOPS00|finops>`,
      channel_name: "directmessage",
    });
  });

  describe("of a command that the manifest does not escape", () => {
    const commands = TEST_MANIFEST.commands.map((command) => ({ ...command, shouldEscape: false }));
    const plain = useFakeSlack({ manifest: { ...TEST_MANIFEST, commands } });

    it("carry the text as it was typed", async () => {
      const { received, url } = await startReceiver();
      plain().setRequestUrl(url);

      await plain().as(PEOPLE.bo).command("/claude-spend @ana <3");

      expect(received[0]?.payload["text"]).toBe("@ana <3");
    });
  });

  it("fail when the bot says that it failed", async () => {
    await listening(() => ({ status: 500 }));
    expect(await slack().as(PEOPLE.bo).command("/claude-spend")).toMatchObject({
      error: "dispatch_failed",
    });
  });

  describe("to a bot that takes its time", () => {
    const impatient = useFakeSlack({ dispatchTimeoutMs: 100 });

    it("are given up, which is another failure", async () => {
      impatient().setRequestUrl(slowUrl(impatient()));
      impatient().faults.add({ kind: "slow", delayMs: 1000 });
      expect(await impatient().as(PEOPLE.bo).command("/claude-spend")).toEqual({
        ok: false,
        error: "operation_timeout",
        message: '/claude-spend failed with the error "operation_timeout"',
      });
    });
  });

  it("go nowhere when the bot has no address", async () => {
    expect(await slack().as(PEOPLE.bo).command("/claude-spend")).toMatchObject({
      error: "dispatch_failed",
    });
  });
});

/** Something that takes its time to answer: the fake's own API under a fault. */
function slowUrl(fake: FakeSlackInTest): string {
  return `${fake.apiUrl()}api.test`;
}

describe("events", () => {
  it("are tried again three times, each one numbered", async () => {
    const { received } = await listening(() => ({ status: 500 }));

    await slack().as(PEOPLE.bo).openHome();
    await expect.poll(() => received.length).toBe(4);

    expect(received.map(({ headers }) => headers["x-slack-retry-num"])).toEqual([
      undefined,
      "1",
      "2",
      "3",
    ]);
    expect(received[1]?.headers["x-slack-retry-reason"]).toBe("http_error");
    expect(new Set(received.map(({ payload }) => payload["event_id"])).size).toBe(1);
  });

  it("are not to be tried again when the bot says so", async () => {
    const { url } = await startReceiver(() => ({
      status: 500,
      headers: { "x-slack-no-retry": "1" },
    }));
    const target = { url, signingSecret: "secret", timeoutMs: PATIENCE_MS, now: () => NOW };

    expect(await deliverByHttp(target, { kind: "events_api", payload: {} })).toMatchObject({
      ok: false,
      shouldRetry: false,
    });
  });

  it("prove the address with a challenge", async () => {
    await listening(({ payload }) => ({ body: { challenge: payload["challenge"] } }));
    expect(await slack().verifyRequestUrl()).toBe(true);

    await listening(() => ({ body: { challenge: "guess" } }));
    expect(await slack().verifyRequestUrl()).toBe(false);
  });

  describe("that nobody subscribed to", () => {
    const quiet = useFakeSlack({ manifest: { ...TEST_MANIFEST, events: [] } });

    it("are not sent", async () => {
      const { received, url } = await startReceiver();
      quiet().setRequestUrl(url);

      await quiet().as(PEOPLE.bo).openHome();

      expect(received).toEqual([]);
    });
  });
});
