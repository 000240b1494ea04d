import { describe, expect, test } from "vitest";
import { usdFromDecimal } from "../../../../src/domain/money.ts";
import {
  eventsOf,
  failureOf,
  onlyEvent,
  parseDelivery,
  rejectionsOf,
  webhookFixture,
} from "../../../support/native-deliveries.ts";
import { aNativeEvent } from "../../../support/usage-builders.ts";

const NDJSON = { contentType: "application/x-ndjson" };

describe("a native event", () => {
  test("is read whole", () => {
    expect(onlyEvent(parseDelivery(webhookFixture("native/event.json")))).toEqual({
      source: "checkout",
      eventId: "req_011CVeXample0000000000001",
      occurredAt: new Date("2026-11-23T09:00:00.250Z"),
      provider: "anthropic",
      model: "claude-opus-5-5",
      usage: {
        uncachedInputTokens: 1000,
        cacheCreation5mInputTokens: 500,
        cacheCreation1hInputTokens: 1500,
        cacheReadInputTokens: 50000,
        outputTokens: 800,
        webSearchRequests: 2,
        serviceTier: "standard",
        inferenceGeo: "us",
        speed: "fast",
        iterations: [],
      },
      requestId: "req_011CVeXample0000000000001",
      messageId: "msg_01HtNativeExample0000001",
      userEmail: "dev@example.com",
      claimedTeam: "search",
      claimedProject: "checkout",
      workspaceId: "wrkspc_01",
      apiKeyId: "apikey_01",
      sessionId: "s1",
      operationId: "op-7",
      tags: { env: "prod", feature: "summary" },
      promptHash: "sha256:9f86d081",
      reportedCost: usdFromDecimal("0.0525"),
      costBasis: "computed",
      isIncomplete: false,
    });
  });

  test("says itself that its stream was cut off", () => {
    expect(onlyEvent(parseDelivery(aNativeEvent({ is_incomplete: true }))).isIncomplete).toBe(true);
  });

  test("may have other fields whose names another shape uses", () => {
    const event = aNativeEvent({ type: "message", message: { id: 7 }, result: {}, custom_id: "x" });
    expect(onlyEvent(parseDelivery(event)).eventId).toBe(event["event_id"]);
  });
});

describe("JSON", () => {
  test("is one event or an array, each with its index", () => {
    expect(eventsOf(parseDelivery(aNativeEvent()))).toHaveLength(1);
    const parsed = parseDelivery([aNativeEvent(), 7, aNativeEvent()]);
    expect(parsed.map((element) => element.kind)).toEqual(["event", "rejected", "event"]);
    expect(parsed).toMatchObject([{ index: 0 }, { rejection: { index: 1 } }, { index: 2 }]);
    expect(parseDelivery([])).toEqual([]);
  });

  test.each([
    ["application/json; charset=utf-8"],
    ["application/x-www-form-urlencoded"],
    [undefined],
  ])("is read whatever a sender calls it: %s", (contentType) => {
    expect(eventsOf(parseDelivery(aNativeEvent(), { contentType }))).toHaveLength(1);
  });

  test.each([["{"], [""], ['"hello"'], ["7"], ["null"], ["{}\n{}"]])(
    "is refused as a whole when it is %j",
    (body) => {
      expect(failureOf(() => parseDelivery(body))?.code).toBe("invalid");
    },
  );

  test("of more than 5,000 events is too large", () => {
    const many = (length: number) => Array.from({ length }, () => ({}));
    expect(rejectionsOf(parseDelivery(many(5_000)))).toHaveLength(5_000);
    expect(failureOf(() => parseDelivery(many(5_001)))?.code).toBe("too-large");
  });
});

describe("NDJSON", () => {
  test.each([
    ["application/x-ndjson"],
    ["application/jsonl"],
    ["Application/NDJSON; charset=utf-8"],
  ])("%s is one event a line; a bad line spoils no other", (contentType) => {
    const parsed = parseDelivery(webhookFixture("native/events.ndjson"), { contentType });
    expect(eventsOf(parsed).map((event) => event.eventId)).toEqual(["line-1", "line-7"]);
    expect(rejectionsOf(parsed)).toEqual([
      "1: line 3: expected a JSON object in UTF-8",
      "2: usage.input_tokens: expected a whole number from 0 to 1000000000000",
      "3: event: invalid input: expected object, received array",
    ]);
  });

  test("does not care for the kind of line end, a missing last one, or blank lines", () => {
    const lines = [aNativeEvent(), aNativeEvent()].map((event) => JSON.stringify(event));
    expect(eventsOf(parseDelivery(lines.join("\r\n"), NDJSON))).toHaveLength(2);
    expect(eventsOf(parseDelivery(`\n\r\n \t\n${lines.join("\n\n")}\n\n`, NDJSON))).toHaveLength(2);
    expect(parseDelivery("", NDJSON)).toEqual([]);
  });

  test("with a line that is not UTF-8 keeps the others", () => {
    const body = Buffer.concat([
      Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
      Buffer.from(JSON.stringify(aNativeEvent())),
    ]);
    const parsed = parseDelivery(body, NDJSON);
    expect(rejectionsOf(parsed)).toEqual(["0: line 1: expected a JSON object in UTF-8"]);
    expect(eventsOf(parsed)).toHaveLength(1);
  });

  test("of more than 5,000 lines is too large; blank ones don't count", () => {
    expect(parseDelivery("{}\n\n".repeat(5_000), NDJSON)).toHaveLength(5_000);
    expect(failureOf(() => parseDelivery("{}\n".repeat(5_001), NDJSON))?.code).toBe("too-large");
  });
});

describe("the query", () => {
  const query = {
    occurred_at: "2026-11-20T10:00:00 01:00",
    team: "search",
    project: "ranking",
    user_email: "dev@example.com",
    other: "ignored",
  };

  test("fills what an element does not say itself", () => {
    const silent = aNativeEvent({ occurred_at: undefined, project: null });
    const events = eventsOf(parseDelivery([silent, aNativeEvent({ team: "checkout" })], { query }));
    expect(events).toMatchObject([
      { claimedTeam: "search", claimedProject: "ranking", userEmail: "dev@example.com" },
      { claimedTeam: "checkout", claimedProject: "ranking" },
    ]);
    expect(events.map(({ occurredAt }) => occurredAt.toISOString())).toEqual([
      "2026-11-20T09:00:00.000Z",
      "2026-11-23T10:00:00.000Z",
    ]);
  });

  test.each([
    [{ occurred_at: "yesterday" }, /occurred_at: invalid ISO datetime/],
    [{ team: ["a", "b"] }, /team: /],
    [{ project: "" }, /project: /],
  ])("is refused with the name of the parameter: %j", (wrong, message) => {
    const failure = failureOf(() => parseDelivery([], { query: wrong }));
    expect(failure?.code).toBe("invalid");
    expect(failure?.message).toMatch(message);
  });
});
