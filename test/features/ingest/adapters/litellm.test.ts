import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../../../src/domain/errors.ts";
import { usd, usdToDecimal } from "../../../../src/domain/money.ts";
import { instant } from "../../../../src/domain/time.ts";
import { parseLitellmDelivery } from "../../../../src/features/ingest/adapters/litellm.ts";
import { listCostOf } from "../../../support/pricing-builders.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/webhooks/litellm/${name}`, import.meta.url));
const context = { source: "gateway", now: instant("2026-11-23T14:00:00Z") };
const deliver = (body: Buffer | string, contentType = "application/json") =>
  parseLitellmDelivery({ contentType, body: Buffer.from(body) }, context);

type Payload = Readonly<Record<string, unknown>>;
const realistic = (): Payload => {
  const [payload] = JSON.parse(fixture("json-array.json").toString()) as [Payload];
  return payload;
};
const metadataOf = (payload: Payload) => payload["metadata"] as Payload;
const withMetadata = (metadata: Payload): Payload => ({
  ...realistic(),
  metadata: { ...metadataOf(realistic()), ...metadata },
});
const deliverOne = (payload: Payload) => deliver(JSON.stringify(payload));

function eventOf(payload: Payload) {
  const [parsed] = deliverOne(payload);
  if (parsed?.kind !== "event") {
    throw new Error(parsed === undefined ? "no event" : parsed.rejection.message);
  }
  return parsed.event;
}

function rejectionOf(payload: Payload) {
  const [parsed] = deliverOne(payload);
  if (parsed?.kind !== "rejected") throw new Error("not rejected");
  return parsed.rejection;
}

describe("the three log formats", () => {
  test("an array, with the cost computed from the split of its tokens", () => {
    const [parsed, ...others] = deliver(fixture("json-array.json"));
    expect(others).toEqual([]);
    expect(parsed).toEqual({
      kind: "event",
      index: 0,
      event: {
        source: "gateway",
        eventId: "5b2f9a60-1c1e-4c1f-9f43-0d9d2a3d1f11",
        occurredAt: instant(1795440189852),
        provider: "anthropic",
        model: "anthropic/claude-opus-5-5",
        usage: {
          uncachedInputTokens: 1000,
          cacheCreation5mInputTokens: 2000,
          cacheCreation1hInputTokens: 0,
          cacheReadInputTokens: 50000,
          outputTokens: 800,
          webSearchRequests: 0,
          serviceTier: undefined,
          inferenceGeo: undefined,
          speed: undefined,
          iterations: [],
        },
        requestId: "chatcmpl-2299b6a2-82a3-465a-b47c-04e685a2227f",
        messageId: "chatcmpl-2299b6a2-82a3-465a-b47c-04e685a2227f",
        userEmail: "dev@example.com",
        claimedTeam: "platform",
        claimedProject: "checkout",
        workspaceId: undefined,
        apiKeyId: "88dc28",
        sessionId: undefined,
        operationId: "0a1b",
        tags: { cost_center: "eng-123", api_key_alias: "platform-prod" },
        promptHash: undefined,
        reportedCost: usd(40_000_000_000n),
        costBasis: "computed",
        isIncomplete: false,
      },
    });
    expect(parsed?.kind === "event" && listCostOf(parsed.event)).toBe("0.040000");
  });

  test("one object, here a call of /v1/messages in Anthropic's own words", () => {
    const [parsed] = deliver(fixture("single.json"));
    expect(parsed).toMatchObject({
      event: {
        eventId: "7d1e2f30-8a9b-4c5d-9e0f-112233445566",
        occurredAt: instant("2026-11-23T09:20:46.847Z"),
        model: "claude-opus-5-5",
        usage: {
          uncachedInputTokens: 1000,
          cacheCreation5mInputTokens: 500,
          cacheCreation1hInputTokens: 1500,
          cacheReadInputTokens: 50000,
          outputTokens: 800,
          webSearchRequests: 2,
          inferenceGeo: "us",
        },
        requestId: "req_011CSHoEeqs5C35K2UUqR7Fy",
        messageId: "msg_01XFDUDYJgAACzvnptvVoYEL",
        userEmail: "bo@example.com",
        claimedTeam: "team-7",
        claimedProject: "ranking",
        apiKeyId: "ci",
        tags: { "User-Agent": "claude-cli", env: "prod", nightly: "true", api_key_alias: "ci" },
        costBasis: "computed",
      },
    });
  });

  test.each(["application/json", "application/x-ndjson"])("lines, sent as %s", (contentType) => {
    const parsed = deliver(fixture("mixed.ndjson"), contentType);
    expect(parsed).toMatchObject([
      {
        index: 0,
        event: {
          eventId: "call-1",
          occurredAt: instant("2026-11-23T09:20:46.847Z"),
          provider: "bedrock",
          usage: {
            uncachedInputTokens: 1000,
            cacheCreation5mInputTokens: 0,
            cacheCreation1hInputTokens: 2000,
            cacheReadInputTokens: 1000,
          },
          costBasis: "computed",
        },
      },
      {
        index: 4,
        event: {
          eventId: "call-5",
          occurredAt: instant("2026-11-23T09:20:46Z"),
          provider: "vertex_ai",
          usage: { uncachedInputTokens: 10000, outputTokens: 100, inferenceGeo: "us-east5" },
          reportedCost: usd(12_500_000_000n),
          costBasis: "reported",
        },
      },
    ]);
    expect(parsed).toHaveLength(2);
  });

  test("a line that is cut off is rejected, the others count", () => {
    const lines = `${JSON.stringify(realistic())}\n{"id":"chat`;
    expect(deliver(lines)[0]).toMatchObject({ kind: "event", index: 0 });
    const cutOff = deliver(lines)[1];
    expect(cutOff).toMatchObject({ rejection: { index: 1, eventId: undefined } });
    expect(cutOff?.kind === "rejected" && cutOff.rejection.message).toMatch(/^event: /);
  });

  test("the empty place of a log that LiteLLM failed to write is rejected", () => {
    expect(deliver("[null]")).toMatchObject([{ kind: "rejected", rejection: { index: 0 } }]);
  });

  test.each([
    ["nothing", ""],
    ["a number", "12"],
    ["text", "hello"],
    ["an array that is cut off", '[{"id":"1"},{"id":'],
    ["other bytes than UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
  ])("refuses %s as a whole", (_name, body) => {
    expect(() => deliver(body)).toThrow(expect.objectContaining({ code: "invalid" }));
  });
});

describe("how much at once", () => {
  const calls = (count: number) => Array.from({ length: count }, () => '{"status":"failure"}');

  test.each([
    ["an array", (lines: string[]) => `[${lines.join(",")}]`],
    ["lines", (lines: string[]) => lines.join("\r\n\r\n")],
  ])("5,000 calls as %s, and no more", (_name, asBody) => {
    expect(deliver(asBody(calls(5_000)))).toEqual([]);
    expect(() => deliver(asBody(calls(5_001)))).toThrow(
      expect.objectContaining({ code: "too-large" }),
    );
  });

  test("JSON as deep as a body can be is refused like any other", () => {
    const deep = `{"litellm_call_id":"1","model":"claude-x","metadata":${"[".repeat(1e6)}${"]".repeat(1e6)}}`;
    expect(deliver(deep)).toMatchObject([{ kind: "rejected" }]);
  });
});

describe("which calls are usage", () => {
  test.each([
    ["failed", { status: "failure" }],
    ["answered out of LiteLLM's cache", { cache_hit: true }],
    ["answered out of LiteLLM's cache, said in Python", { cache_hit: "True" }],
    ["of a vendor that has no Claude", { custom_llm_provider: "openai" }],
    [
      "passed on to another LiteLLM, which reports it itself",
      { custom_llm_provider: "litellm_proxy" },
    ],
    [
      "of another model of the same cloud",
      { custom_llm_provider: "bedrock", model: "amazon.nova-pro-v1:0", hidden_params: null },
    ],
    [
      "without any token",
      { metadata: null, prompt_tokens: 0, completion_tokens: 0, response_cost: 0 },
    ],
  ])("not one that %s", (_name, fields) => {
    expect(deliverOne({ ...realistic(), ...fields })).toEqual([]);
  });

  test.each([
    ["anthropic", "anthropic"],
    ["bedrock_converse", "bedrock"],
    ["vertex_ai_beta", "vertex_ai"],
    ["azure_ai", "azure_ai"],
    [null, "anthropic"],
  ])("Claude by way of %s", (given, provider) => {
    expect(eventOf({ ...realistic(), custom_llm_provider: given }).provider).toBe(provider);
  });

  test("a Bedrock profile that hides its model is known by the key of LiteLLM's price map", () => {
    const event = eventOf({
      ...realistic(),
      custom_llm_provider: "bedrock",
      model: "arn:aws:bedrock:us-east-1:1:application-inference-profile/x1",
      hidden_params: {},
      model_map_information: { model_map_key: "anthropic.claude-opus-5-5" },
    });
    expect(event.model).toBe("anthropic.claude-opus-5-5");
  });
});

describe("what was used and what it costs", () => {
  test("without caching all of the prompt is uncached input, and the cost is computed", () => {
    const usage = { prompt_tokens: 1200, completion_tokens: 30 };
    expect(eventOf(withMetadata({ usage_object: usage }))).toMatchObject({
      usage: { uncachedInputTokens: 1200, cacheReadInputTokens: 0, outputTokens: 30 },
      costBasis: "computed",
    });
  });

  test("uncached input is never negative", () => {
    const usage = { prompt_tokens: 10, completion_tokens: 1, cache_read_input_tokens: 50 };
    expect(eventOf(withMetadata({ usage_object: usage })).usage).toMatchObject({
      uncachedInputTokens: 0,
      cacheReadInputTokens: 50,
    });
  });

  test("the answer's usage tells of caching where LiteLLM's copy does not", () => {
    const event = eventOf({
      ...withMetadata({ usage_object: { prompt_tokens: 53000, completion_tokens: 800 } }),
      response: {
        usage: {
          prompt_tokens: 53000,
          completion_tokens: 800,
          cache_creation_input_tokens: 2000,
          cache_read_input_tokens: 50000,
        },
      },
    });
    expect(listCostOf(event)).toBe("0.040000");
  });

  test("counts may be floats or text", () => {
    const usage = { prompt_tokens: "1200", completion_tokens: 30.0 };
    expect(eventOf(withMetadata({ usage_object: usage })).usage).toMatchObject({
      uncachedInputTokens: 1200,
      outputTokens: 30,
    });
  });

  test.each([
    ["has totals only", { prompt_tokens: 100, completion_tokens: 5 }, 100],
    ["counts nothing", { prompt_tokens: 0, completion_tokens: 0 }, 0],
    ["does not count", { prompt_tokens: null, completion_tokens: null }, 0],
  ])("LiteLLM's cost stands when a payload %s", (_name, totals, input) => {
    const event = eventOf({ ...realistic(), ...totals, metadata: {} });
    expect(event).toMatchObject({ costBasis: "reported", usage: { uncachedInputTokens: input } });
    expect(listCostOf(event)).toBe("0.040000");
  });

  test.each([0, null])("a cost of %s is no knowledge of the price", (cost) => {
    const event = eventOf({ ...realistic(), metadata: {}, response_cost: cost });
    expect(event).toMatchObject({ costBasis: "computed", usage: { uncachedInputTokens: 53000 } });
  });

  test("a cost in tiny floats is kept to the twelfth place", () => {
    const { reportedCost } = eventOf({ ...realistic(), response_cost: 2.85e-7 });
    expect(reportedCost !== undefined && usdToDecimal(reportedCost)).toBe("0.000000285");
  });
});

describe("when", () => {
  test.each([
    [1795425646.847371, "2026-11-23T09:20:46.847Z"],
    ["1795425646.847371", "2026-11-23T09:20:46.847Z"],
    ["2026-11-23 09:20:46.847371", "2026-11-23T09:20:46.847Z"],
    ["2026-11-23T09:20:46", "2026-11-23T09:20:46.000Z"],
    ["2026-11-23T09:20:46.8Z", "2026-11-23T09:20:46.800Z"],
    ["2026-11-23T10:20:46+01:00", "2026-11-23T09:20:46.000Z"],
  ])("%j is %s", (endTime, at) => {
    expect(eventOf({ ...realistic(), endTime }).occurredAt).toEqual(instant(at));
  });

  test("without an end the start counts", () => {
    expect(eventOf({ ...realistic(), endTime: null }).occurredAt).toEqual(instant(1795440186847));
  });
});

describe("whose", () => {
  test("the key's team goes before the caller's tag, the caller's project before the key's", () => {
    const event = eventOf({
      ...withMetadata({ user_api_key_project_alias: "ranking" }),
      request_tags: ["team:search", "project:checkout"],
    });
    expect([event.claimedTeam, event.claimedProject]).toEqual(["platform", "checkout"]);
  });

  test("without a team of the key the tag's counts", () => {
    const event = eventOf({
      ...withMetadata({ user_api_key_team_alias: null }),
      request_tags: ["team:search"],
    });
    expect(event.claimedTeam).toBe("search");
  });

  test("what cannot be kept is left out, and the usage counts", () => {
    const event = eventOf({
      ...withMetadata({
        user_api_key_user_email: "default_user_id",
        user_api_key_team_alias: "bad\0name",
        user_api_key_team_id: null,
        spend_logs_metadata: { long: "x".repeat(257), nested: { a: 1 }, ok: "yes" },
      }),
      request_tags: [
        "",
        12,
        ":",
        "half:\uD800",
        ...Array.from({ length: 40 }, (_, n) => `t${String(n)}`),
      ],
    });
    expect(event).toMatchObject({ userEmail: undefined, claimedTeam: undefined });
    expect(Object.keys(event.tags)).toHaveLength(32);
    expect(event.tags).not.toHaveProperty("half");
  });
});

describe("what is rejected", () => {
  test.each([
    [
      "negative tokens",
      withMetadata({ usage_object: { prompt_tokens: -1 } }),
      /^metadata\.usage_object\.prompt_tokens: /,
    ],
    ["fractional tokens", { ...realistic(), completion_tokens: 1.5 }, /^completion_tokens: /],
    ["tokens as words", { ...realistic(), prompt_tokens: "many" }, /^prompt_tokens: /],
    ["a negative cost", { ...realistic(), response_cost: -1 }, /^response_cost: /],
    ["a huge cost", { ...realistic(), response_cost: 1e300 }, /^response_cost: /],
    ["no id", { ...realistic(), id: null, litellm_call_id: null }, /^litellm_call_id: /],
    ["an id too long", { ...realistic(), litellm_call_id: "x".repeat(257) }, /^litellm_call_id: /],
    ["no time", { ...realistic(), startTime: null, endTime: null }, /^endTime: /],
    ["a day that does not exist", { ...realistic(), endTime: "2026-02-30 00:00:00" }, /^endTime: /],
    ["a time beyond all calendars", { ...realistic(), endTime: 1e300 }, /^endTime: /],
    ["milliseconds for seconds", { ...realistic(), endTime: 1795440189851 }, /^occurred_at: /],
    ["no model", { litellm_call_id: "1", custom_llm_provider: "anthropic" }, /^model: /],
    [
      "no tokens and no cost",
      {
        ...realistic(),
        metadata: {},
        prompt_tokens: null,
        completion_tokens: null,
        response_cost: null,
      },
      /^prompt_tokens: /,
    ],
    [
      "LiteLLM's budget webhook",
      { spend: 1, event: "budget_crossed", key_alias: "ci" },
      /^model: /,
    ],
  ])("%s, naming the field", (_name, payload, message) => {
    expect(rejectionOf(payload).message).toMatch(message);
  });

  test("with the id that the call would have had", () => {
    expect(rejectionOf({ ...realistic(), prompt_tokens: -1 }).eventId).toBe(
      "5b2f9a60-1c1e-4c1f-9f43-0d9d2a3d1f11",
    );
  });
});

describe("whatever is sent", () => {
  const anyOf = (...likely: unknown[]) => fc.oneof(fc.constantFrom(...likely), fc.jsonValue());
  const anyUsage = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        prompt_tokens: anyOf(100, "7", -1, 1.5),
        completion_tokens: anyOf(1, null),
        input_tokens: anyOf(5),
        cache_read_input_tokens: anyOf(200, 1e300),
        cache_creation_input_tokens: anyOf(3),
        cache_creation: anyOf({ ephemeral_1h_input_tokens: 9 }),
        prompt_tokens_details: anyOf({ cached_tokens: 50 }, { cached_tokens: -50 }),
      },
      { requiredKeys: [] },
    ),
  );
  const anyPayload = fc
    .record(
      {
        litellm_call_id: anyOf("call-1"),
        model: anyOf("claude-opus-5-5"),
        custom_llm_provider: anyOf("anthropic"),
        endTime: anyOf(1795440189.8, "2026-11-23 09:20:46"),
        response_cost: anyOf(0.04, "1e400"),
        prompt_tokens: anyOf(5),
        completion_tokens: anyOf(5),
        request_tags: anyOf(["__proto__:x"]),
        metadata: fc.oneof(fc.jsonValue(), fc.record({ usage_object: anyUsage })),
        response: fc.oneof(fc.jsonValue(), fc.record({ usage: anyUsage })),
      },
      { requiredKeys: ["litellm_call_id"] },
    )
    .map((fields) => JSON.stringify([{ ...realistic(), ...fields }]));

  test("tokens are whole and not negative, and only AppError `invalid` is thrown", () => {
    let events = 0;
    fc.assert(
      fc.property(
        fc.oneof({ weight: 4, arbitrary: anyPayload }, fc.json(), fc.string()),
        (body) => {
          try {
            for (const parsed of deliver(body)) {
              if (parsed.kind === "rejected") continue;
              events += 1;
              const counts = Object.values(parsed.event.usage).filter(
                (value) => typeof value === "number",
              );
              expect(counts.every((value) => Number.isSafeInteger(value) && value >= 0)).toBe(true);
            }
          } catch (error) {
            if (!(error instanceof AppError) || error.code !== "invalid") throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(events).toBeGreaterThan(0);
  });

  test("text of prompts, answers and errors is never kept", () => {
    const places: readonly ((text: string) => Payload)[] = [
      (text) => ({ messages: [{ role: "user", content: text }] }),
      (text) => ({ response: text }),
      (text) => ({ response: { id: text, choices: [{ message: { content: text } }] } }),
      (text) => ({ error_str: text, error_information: { error_message: text, traceback: text } }),
      (text) => ({ model_parameters: { system: text, stop: [text] } }),
      (text) => ({ hidden_params: { additional_headers: { "llm_provider-request-id": text } } }),
      (text) => ({ guardrail_information: [{ guardrail_request: text }] }),
      (text) => withMetadata({ requester_metadata: { text }, mcp_tool_call_metadata: { text } }),
      (text) => ({ prompt_tokens: text }),
      (text) => ({ endTime: text }),
      (text) => ({ response_cost: text }),
      (text) => ({ response: { usage: { input_tokens: text } } }),
    ];
    fc.assert(
      fc.property(fc.subarray([...places], { minLength: 1 }), fc.uuid(), (chosen, secret) => {
        const text = `tell nobody about ${secret}`;
        const payload: unknown = Object.assign(realistic(), ...chosen.map((place) => place(text)));
        const parsed = deliver(JSON.stringify(payload));
        expect(parsed).toHaveLength(1);
        const kept = JSON.stringify(parsed, (_key, value: unknown) =>
          typeof value === "bigint" ? String(value) : value,
        );
        expect(kept).not.toContain(secret);
      }),
    );
  });
});
