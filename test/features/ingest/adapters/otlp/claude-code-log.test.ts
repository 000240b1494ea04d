/** Claude Code's events as usage events: the recorded shape, each encoding of a number, each key. */
import { describe, expect, it } from "vitest";
import { parseUsd } from "../../../../../src/domain/money.ts";
import { instant } from "../../../../../src/domain/time.ts";
import {
  claudeCodeLogs,
  onlyEvent,
  onlyRejection,
  otlpFixture,
  parsedOtlp,
} from "../../../../support/otlp-builders.ts";

const eventOf = (...parameters: Parameters<typeof claudeCodeLogs>) =>
  onlyEvent(parsedOtlp("logs", claudeCodeLogs(...parameters)));
const rejectionOf = (...parameters: Parameters<typeof claudeCodeLogs>) =>
  onlyRejection(parsedOtlp("logs", claudeCodeLogs(...parameters)));

describe("Claude Code's api_request", () => {
  it("becomes an event whose cost is the reported one", () => {
    const events = parsedOtlp("logs", otlpFixture("claude-code-logs"));

    expect(events).toEqual([
      {
        kind: "event",
        index: 0,
        event: {
          source: "otel",
          eventId: "claude_code:req_011CX",
          occurredAt: instant("2026-11-23T13:23:07.988Z"),
          provider: "anthropic",
          model: "claude-opus-5-5",
          usage: {
            uncachedInputTokens: 12,
            cacheCreation5mInputTokens: 900,
            cacheCreation1hInputTokens: 0,
            cacheReadInputTokens: 18000,
            outputTokens: 340,
            webSearchRequests: 0,
            serviceTier: undefined,
            inferenceGeo: undefined,
            speed: undefined,
            iterations: [],
          },
          requestId: "req_011CX",
          messageId: undefined,
          userEmail: "dev@example.com",
          claimedTeam: "platform",
          claimedProject: undefined,
          workspaceId: undefined,
          apiKeyId: undefined,
          sessionId: "5f0c",
          operationId: undefined,
          tags: { "service.name": "claude-code", "user.account_id": "user_01BWBeN28" },
          promptHash: undefined,
          reportedCost: parseUsd("0.012345"),
          costBasis: "reported",
          isIncomplete: false,
        },
      },
    ]);
  });

  it("is the only event of Claude Code that is about usage", () => {
    expect(parsedOtlp("logs", otlpFixture("claude-code-other-events"))).toEqual([]);
  });

  it.each([
    ["its full name", { "event.name": "claude_code.api_request" }, {}, {}],
    ["its body alone", { "event.name": undefined }, {}, {}],
    [
      "the record's event name",
      { "event.name": undefined },
      { body: undefined, eventName: "claude_code.api_request" },
      {},
    ],
    ["its short name and the service", {}, { body: undefined }, {}],
    [
      "its short name in the desktop app",
      {},
      { body: undefined },
      { "service.name": "claude-code-desktop" },
    ],
  ])("is recognised by %s", (_by, attributes, record, resource) => {
    expect(eventOf(attributes, { record, resource }).eventId).toBe("claude_code:req_011CX");
  });

  it("is recognised by its short name and the scope", () => {
    const parts = { record: { body: undefined }, resource: { "service.name": "my-agents" } };

    expect(eventOf({}, { ...parts, scope: "com.anthropic.claude_code.events" }).model).toBe(
      "claude-opus-5-5",
    );
  });

  it("is not mistaken for another product's event of that name", () => {
    const request = claudeCodeLogs(
      {},
      { record: { body: undefined }, resource: { "service.name": "shop" } },
    );

    expect(parsedOtlp("logs", request)).toEqual([]);
  });

  it.each([
    ["the request", {}, "claude_code:req_011CX", "req_011CX"],
    [
      "the client's request",
      { request_id: undefined, client_request_id: "c-1" },
      "claude_code:client:c-1",
      undefined,
    ],
    ["the session's count", { request_id: undefined }, "claude_code:session:5f0c/7", undefined],
    [
      "the session's count when the request is empty",
      { request_id: "" },
      "claude_code:session:5f0c/7",
      undefined,
    ],
  ])("is known by the id of %s", (_by, attributes, eventId, requestId) => {
    expect(eventOf(attributes)).toMatchObject({ eventId, requestId });
  });

  it("is refused without any id, because it could not be told from its repetition", () => {
    const attributes = { request_id: undefined, "session.id": undefined };

    expect(rejectionOf(attributes)).toContain("request_id: expected one");
  });

  it.each([
    ["micro-dollars before dollars", { cost_usd_micros: 5, cost_usd: 9 }, "0.000005"],
    ["dollars as a float", { cost_usd_micros: undefined, cost_usd: 0.1 + 0.2 }, "0.3"],
    ["dollars as text", { cost_usd_micros: undefined, cost_usd: "0.25" }, "0.25"],
    ["dollars with an exponent", { cost_usd_micros: undefined, cost_usd: "1.5e-05" }, "0.000015"],
    ["micro-dollars as text", { cost_usd_micros: "12" }, "0.000012"],
    ["nothing, which is a cost too", { cost_usd_micros: 0 }, "0"],
  ])("reports its cost: %s", (_how, attributes, dollars) => {
    expect(eventOf(attributes)).toMatchObject({
      reportedCost: parseUsd(dollars),
      costBasis: "reported",
    });
  });

  it("is priced by its tokens when it reports no cost", () => {
    expect(eventOf({ cost_usd_micros: undefined })).toMatchObject({
      reportedCost: undefined,
      costBasis: "computed",
    });
  });

  it.each([
    ["model", { model: undefined }],
    ["model", { model: "x".repeat(300) }],
    ["input_tokens", { input_tokens: undefined }],
    ["input_tokens", { input_tokens: -1 }],
    ["output_tokens", { output_tokens: 1.5 }],
    ["output_tokens", { output_tokens: "many" }],
    ["cache_read_tokens", { cache_read_tokens: true }],
    ["cache_creation_tokens", { cache_creation_tokens: "-3" }],
    ["cost_usd_micros", { cost_usd_micros: -1 }],
    ["cost_usd", { cost_usd_micros: undefined, cost_usd: "-0.5" }],
    ["request_id", { request_id: "req_\0" }],
  ])("names %s when it is wrong", (field, attributes) => {
    expect(rejectionOf(attributes)).toMatch(new RegExp(`^${field}: `));
  });

  it("takes the event's own time before the record's, and receipt when there is none", () => {
    const timestamp = "2026-11-23T12:00:00.5Z";

    expect(eventOf({ "event.timestamp": timestamp }).occurredAt).toEqual(instant(timestamp));
    expect(eventOf({}, { record: { timeUnixNano: 1795440187988000000 } }).occurredAt).toEqual(
      instant("2026-11-23T13:23:07.988Z"),
    );
    const observed = { timeUnixNano: "0", observedTimeUnixNano: "1795440000000000000" };
    expect(eventOf({}, { record: observed }).occurredAt).toEqual(instant("2026-11-23T13:20:00Z"));
    expect(eventOf({}, { record: { timeUnixNano: undefined } }).occurredAt).toEqual(
      instant("2026-11-23T13:30:00Z"),
    );
  });

  it("refuses times that are none, or too long ago", () => {
    expect(rejectionOf({}, { record: { timeUnixNano: "yesterday" } })).toContain("timeUnixNano");
    expect(rejectionOf({}, { record: { timeUnixNano: "1000000000" } })).toContain("400 days");
  });

  it("takes team and project from the resource, and what else it is labelled with as tags", () => {
    const resource = {
      "team.id": "search",
      project: "ranking",
      department: "engineering",
      cost_center: "CC-100",
      "os.type": "linux",
      "process.command_args": "claude -p Tell me a secret",
      "custom.prompt": "Tell me a secret",
    };

    const event = eventOf({ "organization.id": "org-1" }, { resource });

    expect(event).toMatchObject({ claimedTeam: "search", claimedProject: "ranking" });
    expect(event.tags).toEqual({
      "organization.id": "org-1",
      department: "engineering",
      cost_center: "CC-100",
      "service.name": "claude-code",
    });
  });

  it("believes the event before its resource about the team", () => {
    const event = eventOf({ "team.id": "own" }, { resource: { "team.id": "shared" } });

    expect(event.claimedTeam).toBe("own");
  });

  it("knows a person by the gateway's sign-in, and keeps the event of nobody in particular", () => {
    expect(eventOf({ "user.id": "Ana@Example.com" }).userEmail).toBe("ana@example.com");
    expect(eventOf({ "user.email": "nobody", "user.id": "f3a1" }).userEmail).toBeUndefined();
  });

  it("keeps the long-context name and fast mode for pricing", () => {
    const event = eventOf({ model: "claude-opus-5-5[1m]", speed: "fast" });

    expect(event.model).toBe("claude-opus-5-5[1m]");
    expect(event.usage.speed).toBe("fast");
  });
});
