/** GenAI spans as usage events: which spans count, which figures they have, and as which request. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AttributeValues,
  aSpan,
  genAiSpans,
  onlyEvent,
  onlyRejection,
  parsedOtlp,
  type SpanParts,
  spansRequest,
  storedText,
} from "../../../../support/otlp-builders.ts";

const SDK = { scope: "com.anthropic.sdk.typescript" };
const eventOf = (attributes: AttributeValues, parts: SpanParts = {}) =>
  onlyEvent(parsedOtlp("traces", genAiSpans(attributes, parts)));
const eventsOf = (attributes: AttributeValues, parts: SpanParts = {}) =>
  parsedOtlp("traces", genAiSpans(attributes, parts));

describe("which spans count", () => {
  it.each([
    [
      "no figures",
      { "gen_ai.usage.input_tokens": undefined, "gen_ai.usage.output_tokens": undefined },
    ],
    ["nothing used", { "gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0 }],
    ["an agent around calls", { "gen_ai.operation.name": "invoke_agent" }],
    ["a tool", { "gen_ai.operation.name": "execute_tool" }],
    [
      "another vendor's model",
      { "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5" },
    ],
    [
      "another model on Bedrock",
      { "gen_ai.provider.name": "aws.bedrock", "gen_ai.request.model": "amazon.nova-pro-v1:0" },
    ],
  ])("not one with %s", (_what, attributes) => {
    expect(eventsOf(attributes)).toEqual([]);
  });

  it("not Claude Code's own spans, whose events are counted", () => {
    expect(eventsOf({}, { span: { name: "claude_code.llm_request" } })).toEqual([]);
  });

  it.each([
    ["Anthropic's provider, whatever the model", { "gen_ai.request.model": "opus-next" }],
    [
      "Claude on Bedrock",
      {
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": "us.anthropic.claude-opus-4-6-v1",
      },
    ],
    [
      "the older name of the provider",
      {
        "gen_ai.provider.name": undefined,
        "gen_ai.system": "anthropic",
        "gen_ai.request.model": "m",
      },
    ],
  ])("one of %s", (_what, attributes) => {
    expect(eventsOf(attributes)).toMatchObject([{ kind: "event" }]);
  });

  it("not a failed call, unless it had output or Anthropic's SDK says that its input was counted", () => {
    const failed = { span: { status: { code: 2 } } };
    const attributes = { "gen_ai.usage.output_tokens": undefined };

    expect(eventsOf(attributes, failed)).toEqual([]);
    expect(eventOf({}, failed).usage.outputTokens).toBe(100);
    expect(eventOf(attributes, { ...failed, ...SDK })).toMatchObject({
      isIncomplete: true,
      usage: { uncachedInputTokens: 1000, outputTokens: 0 },
    });
  });

  it("one span of a call that is instrumented twice: the more detailed one", () => {
    const id = { "gen_ai.response.id": "msg_01" };
    const plain = aSpan(id, { spanId: "a" });
    const detailed = aSpan({ ...id, "gen_ai.usage.cache_read.input_tokens": 400 }, { spanId: "b" });

    for (const spans of [
      [plain, detailed],
      [detailed, plain],
    ]) {
      const event = onlyEvent(parsedOtlp("traces", spansRequest(spans)));
      expect(event.usage.cacheReadInputTokens).toBe(400);
    }
  });
});

describe("figures of a span", () => {
  it.each([
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",
  ])("input includes what %s says was read from the cache", (name) => {
    expect(eventOf({ [name]: "600" }).usage).toMatchObject({
      uncachedInputTokens: 400,
      cacheReadInputTokens: 600,
    });
  });

  it.each([
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
  ])("input includes what %s says was written to the cache", (name) => {
    expect(eventOf({ [name]: 600 }).usage).toMatchObject({
      uncachedInputTokens: 400,
      cacheCreation5mInputTokens: 600,
    });
  });

  it("splits cache writes by lifetime, and takes a rest as five-minute writes", () => {
    const usage = eventOf({
      "gen_ai.usage.cache_write.input_tokens": 500,
      "anthropic.usage.cache_creation.ephemeral_5m_input_tokens": 100,
      "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 300,
    }).usage;

    expect(usage).toMatchObject({
      uncachedInputTokens: 500,
      cacheCreation5mInputTokens: 200,
      cacheCreation1hInputTokens: 300,
    });
  });

  it("bills compactions beside the message", () => {
    const usage = eventOf({
      "anthropic.usage.compaction.input_tokens": 7000,
      "anthropic.usage.compaction.output_tokens": 70,
    }).usage;

    expect(usage.iterations).toMatchObject([
      { type: "message", uncachedInputTokens: 1000, outputTokens: 100 },
      { type: "compaction", uncachedInputTokens: 7000, outputTokens: 70 },
    ]);
  });

  it("never has less than nothing uncached, and never loses a token", () => {
    const count = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(count, count, count, (input, read, written) => {
        const [parsed] = eventsOf({
          "gen_ai.usage.input_tokens": input,
          "gen_ai.usage.cache_read.input_tokens": read,
          "gen_ai.usage.cache_write.input_tokens": written,
        });
        if (parsed?.kind !== "event") throw new Error("expected an event");
        const { usage } = parsed.event;
        expect(usage.uncachedInputTokens).toBeGreaterThanOrEqual(0);
        expect(
          usage.uncachedInputTokens +
            usage.cacheReadInputTokens +
            usage.cacheCreation5mInputTokens +
            usage.cacheCreation1hInputTokens,
        ).toBe(Math.max(input, read + written));
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    [
      "a known split by cache",
      { "gen_ai.usage.cache_read.input_tokens": 0, "gen_ai.usage.cache_write.input_tokens": 0 },
      "computed",
    ],
    ["an unknown split", {}, "reported"],
    [
      "no tokens",
      { "gen_ai.usage.input_tokens": undefined, "gen_ai.usage.output_tokens": undefined },
      "reported",
    ],
    ["a cost of nothing", { "gen_ai.usage.cost": 0 }, "computed"],
    ["no cost", { "gen_ai.usage.cost": undefined }, "computed"],
  ])("with %s the cost is %s", (_what, attributes, costBasis) => {
    expect(eventOf({ "gen_ai.usage.cost": 0.01, ...attributes }).costBasis).toBe(costBasis);
  });

  it.each([
    ["gen_ai.usage.input_tokens", { "gen_ai.usage.input_tokens": -1 }],
    ["gen_ai.usage.output_tokens", { "gen_ai.usage.output_tokens": 0.5 }],
    ["gen_ai.usage.total_cost", { "gen_ai.usage.total_cost": "free" }],
    ["gen_ai.request.model", { "gen_ai.request.model": undefined }],
  ])("names %s when it is wrong", (field, attributes) => {
    expect(onlyRejection(eventsOf(attributes))).toMatch(new RegExp(`^${field}: `));
  });
});

describe("names and ids of a span", () => {
  it("takes the model that answered, but Bedrock's own name, which has the region", () => {
    expect(eventOf({ "gen_ai.response.model": "claude-sonnet-5-5" }).model).toBe(
      "claude-sonnet-5-5",
    );
    const bedrock = "us.anthropic.claude-opus-4-6-v1";
    expect(
      eventOf({ "gen_ai.request.model": bedrock, "gen_ai.response.model": "claude-opus-4-6" })
        .model,
    ).toBe(bedrock);
  });

  it.each([
    [
      { "gen_ai.response.id": "msg_1", "anthropic.request.id": "req_1" },
      "span:msg_1",
      "req_1",
      "msg_1",
    ],
    [{ "anthropic.request.id": "req_1" }, "span:req_1", "req_1", undefined],
    [{ "gen_ai.response.id": "req_1" }, "span:req_1", "req_1", undefined],
    [{ "gen_ai.response.id": "gen-1" }, "span:gen-1", undefined, undefined],
    [{}, "span:5b8aa5a2d2c872e8321cf37308d69df2/051581bf3cb55c13", undefined, undefined],
  ])("knows a call with %j as %s", (attributes, eventId, requestId, messageId) => {
    expect(eventOf(attributes)).toMatchObject({ eventId, requestId, messageId });
  });

  it("refuses a span without any id", () => {
    const nameless = { span: { traceId: "", spanId: "" } };

    expect(onlyRejection(eventsOf({}, nameless))).toContain("spanId: expected");
  });

  it("keeps nothing of prompts and answers", () => {
    const secret = "Tell me a secret";
    const event = eventOf(
      {
        "gen_ai.prompt": secret,
        "gen_ai.completion": secret,
        "gen_ai.input.messages": secret,
        "gen_ai.output.messages": secret,
        "gen_ai.system_instructions": secret,
        "gen_ai.tool.call.arguments": secret,
      },
      {
        resource: { "process.command_line": secret },
        span: {
          events: [{ name: secret }],
          status: { code: 0, message: secret },
          name: secret,
        },
      },
    );

    expect(storedText(event)).not.toContain(secret);
  });
});
