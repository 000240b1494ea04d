import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import {
  contentSha256,
  parseNativeEvent,
  timedByReceipt,
} from "../../../src/features/ingest/native-event.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const now = instant("2026-11-23T12:00:00Z");
const parse = (raw: unknown) => parseNativeEvent(raw, { index: 3, source: "default", now });

function eventOf(raw: unknown) {
  const parsed = parse(raw);
  if (parsed.kind !== "event") throw new Error(parsed.rejection.message);
  return parsed.event;
}

describe("parseNativeEvent", () => {
  test("reads Anthropic's usage object unchanged", () => {
    expect(eventOf(aNativeEvent()).usage).toEqual({
      uncachedInputTokens: 1000,
      cacheCreation5mInputTokens: 2000,
      cacheCreation1hInputTokens: 0,
      cacheReadInputTokens: 50000,
      outputTokens: 800,
      webSearchRequests: 0,
      serviceTier: "standard",
      inferenceGeo: "global",
      speed: "standard",
      iterations: [],
    });
  });

  test.each([
    ["no split: five minutes", null, 2000, [2000, 0]],
    ["all for an hour", { ephemeral_1h_input_tokens: 2000 }, 2000, [0, 2000]],
    [
      "a rest beyond the split: five minutes",
      { ephemeral_1h_input_tokens: 500 },
      2000,
      [1500, 500],
    ],
    [
      "a split without a total",
      { ephemeral_5m_input_tokens: 7, ephemeral_1h_input_tokens: 5 },
      null,
      [7, 5],
    ],
    ["nothing at all", null, null, [0, 0]],
  ])("splits cache writes by lifetime: %s", (_name, split, total, [fiveMinutes, oneHour]) => {
    const { usage } = eventOf(
      aNativeEvent({
        usage: {
          input_tokens: 1,
          output_tokens: 1,
          cache_creation: split,
          cache_creation_input_tokens: total,
        },
      }),
    );
    expect([usage.cacheCreation5mInputTokens, usage.cacheCreation1hInputTokens]).toEqual([
      fiveMinutes,
      oneHour,
    ]);
  });

  const usage = { input_tokens: 1, output_tokens: 1 };
  test.each([
    ["no event_id", { event_id: undefined }, /^event_id: /],
    ["an empty event_id", { event_id: "" }, /^event_id: /],
    ["a date without a zone", { occurred_at: "2026-11-23T10:00:00" }, /^occurred_at: /],
    ["a number for a date", { occurred_at: 1795440187 }, /^occurred_at: /],
    ["no model", { model: undefined }, /^model: /],
    ["no usage", { usage: undefined }, /^usage: /],
    [
      "negative tokens",
      { usage: { ...usage, input_tokens: -5 } },
      /^usage\.input_tokens: expected a whole number from 0 to /,
    ],
    [
      "fractional tokens",
      { usage: { ...usage, output_tokens: 1.5 } },
      /^usage\.output_tokens: expected a whole number from 0 to /,
    ],
    [
      "tokens as text",
      { usage: { ...usage, output_tokens: "8" } },
      /^usage\.output_tokens: expected a whole number from 0 to /,
    ],
    [
      "more tokens than exist",
      { usage: { ...usage, input_tokens: 1e15 } },
      /^usage\.input_tokens: expected a whole number from 0 to /,
    ],
    [
      "missing output",
      { usage: { input_tokens: 1 } },
      /^usage\.output_tokens: expected a whole number from 0 to /,
    ],
    ["a bad address", { user_email: "not an address" }, /^user_email: expected an e-mail address/],
    ["tags that are no text", { tags: { env: 1 } }, /^tags\.env: /],
    ["a NUL in a name", { team: "a\0b" }, /^team: /],
    ["half a surrogate pair", { project: "\ud800" }, /^project: /],
    ["a negative reported cost", { reported_cost_usd: -1 }, /^reported_cost_usd: /],
    ["a reported cost in words", { reported_cost_usd: "a lot" }, /^reported_cost_usd: /],
    [
      "a far future",
      { occurred_at: "2026-11-25T10:00:00Z" },
      /^occurred_at: expected a time not more than a day ahead/,
    ],
    [
      "a distant past",
      { occurred_at: "2025-10-01T10:00:00Z" },
      /^occurred_at: expected a time within the last 400 days/,
    ],
  ])("refuses %s and names the field", (_name, overrides, message) => {
    const parsed = parse(aNativeEvent({ event_id: "e-9", ...overrides }));
    const rejection = parsed.kind === "rejected" ? parsed.rejection : undefined;
    expect(rejection?.index).toBe(3);
    expect(rejection?.message).toMatch(message);
  });

  test("never keeps text of a prompt or an answer", () => {
    const event = eventOf(
      aNativeEvent({
        prompt: "my secret",
        messages: [{ content: "my secret" }],
        content: [{ text: "my secret" }],
        usage: { ...usage, prompt: "my secret", server_tool_use: { query: "my secret" } },
      }),
    );
    expect(JSON.stringify(event)).not.toContain("my secret");
  });

  test("takes any JSON without throwing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (raw) => {
        expect(["event", "rejected"]).toContain(parse(raw).kind);
      }),
    );
  });
});

describe("contentSha256", () => {
  test("does not depend on the order of fields or tags, nor on fields that are not kept", () => {
    const first = { ...aNativeEvent(), event_id: "same", tags: { a: "1", b: "2" } };
    const second = Object.fromEntries(
      Object.entries({ ...first, tags: { b: "2", a: "1" }, extra: 1 }).toReversed(),
    );
    expect(contentSha256(eventOf(second))).toBe(contentSha256(eventOf(first)));
  });

  test("depends on everything that is kept", () => {
    const event = { ...aNativeEvent(), event_id: "same" };
    const base = contentSha256(eventOf(event));
    for (const change of [
      { model: "claude-opus-5" },
      { occurred_at: "2026-11-23T10:00:01Z" },
      { usage: { input_tokens: 2, output_tokens: 1 } },
      { user_email: "dev@example.com" },
      { tags: { env: "prod" } },
      { reported_cost_usd: "0.04" },
    ]) {
      expect(contentSha256(eventOf({ ...event, ...change }))).not.toBe(base);
    }
  });

  test("is what it was when the events were stored that are there already", () => {
    const usage = {
      input_tokens: 1000,
      cache_read_input_tokens: 50000,
      output_tokens: 800,
      service_tier: "standard",
      iterations: [{ type: "message", input_tokens: 1, output_tokens: 2 }],
    };
    const common = { occurred_at: "2026-11-23T10:00:00Z", model: "claude-opus-5-5", usage };
    const small = eventOf({ ...common, event_id: "evt_1" });
    const full = eventOf({
      ...common,
      event_id: "evt_2",
      provider: "bedrock",
      request_id: "r",
      message_id: "m",
      user_email: "Dev@Acme.test",
      team: "t",
      project: "p",
      workspace_id: "w",
      api_key_id: "k",
      session_id: "s",
      operation_id: "o",
      tags: { b: "2", a: "1" },
      prompt_hash: "h",
      reported_cost_usd: "0.04",
      is_incomplete: true,
      corrects: "evt_0",
    });
    const voiding = eventOf({
      event_id: "evt_3",
      occurred_at: "2026-11-23T10:00:00Z",
      voids: "evt_2",
    });
    expect([small, timedByReceipt(small), full, voiding].map(contentSha256)).toEqual([
      "1c12413bd09c985f27c8e499b9e44aa57e1485bf95e0876514cdcb1bbee16d65",
      "ca1d88b6c391aa605dfd49247599faee4c9ead716403913c3789b86823a827c3",
      "f4745b852ff9576870e16f20a0734f7d157cbe30c720c1f2008a8328f90933e8",
      "4ae2b9cb2a6e2866957027e8e956287ae6158f714e68f5d3bca3e29dedd438fe",
    ]);
  });
});
