/** Spans as gateways and the Claude API send them: what of each recorded request counts. */
import { describe, expect, it } from "vitest";
import { parseUsd } from "../../../../../src/domain/money.ts";
import {
  genAiSpans,
  onlyEvent,
  otlpFixture,
  parsedOtlp,
} from "../../../../support/otlp-builders.ts";

const SDK = { scope: "com.anthropic.sdk.typescript" };

describe("spans of vendors", () => {
  it("OpenRouter: the call counts with its own cost, the span around it does not", () => {
    const event = onlyEvent(parsedOtlp("traces", otlpFixture("openrouter-spans")));

    expect(event).toMatchObject({
      eventId: "span:gen-1795440180-abc",
      model: "anthropic/claude-opus-5.5",
      usage: { uncachedInputTokens: 500, cacheReadInputTokens: 1000, outputTokens: 200 },
      reportedCost: parseUsd("0.0065"),
      costBasis: "reported",
      userEmail: "dev@example.com",
      sessionId: "s-9",
    });
    expect(event.tags).toMatchObject({ "trace.metadata.openrouter.api_key_name": "team-key" });
  });

  it("Bifrost and Cloudflare: only Claude counts, and the caller's metadata says whose", () => {
    const events = parsedOtlp("traces", otlpFixture("gateway-spans"));

    expect(events.map((parsed) => (parsed.kind === "event" ? parsed.event : parsed))).toMatchObject(
      [
        {
          eventId: "span:11111111111111111111111111111111/1111111111111111",
          model: "claude-haiku-5-5",
          usage: { uncachedInputTokens: 120, outputTokens: 30 },
          reportedCost: parseUsd("0.00027"),
          costBasis: "reported",
        },
        {
          eventId: "span:22222222222222222222222222222222/2222222222222222",
          usage: { uncachedInputTokens: 500, outputTokens: 50 },
          claimedTeam: "search",
          claimedProject: "ranking",
          userEmail: "ana@example.com",
        },
      ],
    );
  });

  it("Claude API: the server's span counts, the spans inside it do not", () => {
    const event = onlyEvent(parsedOtlp("traces", otlpFixture("claude-api-spans")));

    expect(event).toMatchObject({
      eventId: "api_span:req_011CX",
      requestId: "req_011CX",
      messageId: "msg_01",
      workspaceId: "wrkspc_01",
      usage: {
        uncachedInputTokens: 1000,
        cacheCreation5mInputTokens: 2000,
        cacheReadInputTokens: 50000,
        outputTokens: 800,
      },
      costBasis: "computed",
      tags: { "anthropic.organization.id": "org-1" },
    });
  });

  it("Claude API: its spans are known by their scope, too", () => {
    const internal = { scope: "com.anthropic.claude-platform", span: { kind: 1 } };

    expect(parsedOtlp("traces", genAiSpans({}, internal))).toEqual([]);
  });

  it("Claude API: a test of the destination is no usage", () => {
    const attributes = {
      "gen_ai.usage.input_tokens": undefined,
      "gen_ai.usage.output_tokens": undefined,
    };
    const test = {
      resource: { "service.name": "claude-platform" },
      span: { name: "anthropic.test" },
    };

    expect(parsedOtlp("traces", genAiSpans(attributes, test))).toEqual([]);
  });

  it("Claude API and SDK spans of one request carry the same request id under two event ids", () => {
    const ids = { "anthropic.request.id": "req_011CX", "gen_ai.response.id": "msg_01" };
    const sdk = onlyEvent(parsedOtlp("traces", genAiSpans(ids, SDK)));
    const api = onlyEvent(parsedOtlp("traces", otlpFixture("claude-api-spans")));

    expect(sdk.requestId).toBe(api.requestId);
    expect(sdk.eventId).not.toBe(api.eventId);
  });
});
