import { CloudEvent, HTTP, type Message } from "cloudevents";
import { describe, expect, test } from "vitest";
import {
  eventsOf,
  onlyEvent,
  parseDelivery,
  rejectionsOf,
  webhookFixture,
} from "../../../support/native-deliveries.ts";

const STRUCTURED = { contentType: "application/cloudevents+json; charset=UTF-8" };
const BATCH = { contentType: "application/cloudevents-batch+json" };

function structuredFixture(overrides: Readonly<Record<string, unknown>>): unknown {
  return { ...(JSON.parse(webhookFixture("cloudevents/structured.json")) as object), ...overrides };
}

describe("a structured event", () => {
  test("names and dates the usage in its data", () => {
    const event = onlyEvent(
      parseDelivery(webhookFixture("cloudevents/structured.json"), STRUCTURED),
    );
    expect(event).toMatchObject({
      eventId: "https://checkout.example.com/summaries|A234-1234-1234",
      model: "claude-haiku-5-5",
      usage: { uncachedInputTokens: 12, outputTokens: 34 },
      requestId: "req_011CVeXample0000000000002",
      claimedTeam: "search",
    });
    expect(event.occurredAt.toISOString()).toBe("2026-11-23T10:00:00.000Z");
  });

  test("leaves alone what its data says itself", () => {
    const data = {
      event_id: "own-id",
      occurred_at: "2026-11-22T10:00:00Z",
      model: "claude-haiku-5-5",
      usage: { input_tokens: 1, output_tokens: 2 },
    };
    const event = onlyEvent(parseDelivery(structuredFixture({ data }), STRUCTURED));
    expect(event.eventId).toBe("own-id");
    expect(event.occurredAt.toISOString()).toBe("2026-11-22T10:00:00.000Z");
  });

  test("is another event when source and id are divided otherwise", () => {
    const idOf = (source: string, id: string) =>
      onlyEvent(parseDelivery(structuredFixture({ source, id }), STRUCTURED)).eventId;
    expect(idOf("a|b", "c")).not.toBe(idOf("a", "b|c"));
  });

  test.each([
    ["no id", { id: undefined }, /^0: id: /],
    ["no source", { source: undefined }, /^0: source: /],
    ["no type", { type: undefined }, /^0: type: /],
    ["an old version", { specversion: "0.3" }, /^0: specversion: /],
    ["no data", { data: undefined }, /^0: data: expected a usage event$/],
    ["data that is text", { data: "{}" }, /^0: event: /],
    ["data without usage", { data: { model: "claude-haiku-5-5" } }, /^0: usage: /],
    ["no time at all", { time: undefined }, /^0: occurred_at: /],
    ["a time without a zone", { time: "2026-11-23T10:00:00" }, /^0: occurred_at: /],
    [
      "too long a name",
      { source: "s".repeat(300) },
      /^0: source: expected source and id of at most 255/,
    ],
    ["a name with a NUL", { source: "a\0b" }, /^0: source: /],
  ])("with %s is rejected and names the field", (_name, overrides, message) => {
    const rejections = rejectionsOf(parseDelivery(structuredFixture(overrides), STRUCTURED));
    expect(rejections).toHaveLength(1);
    expect(rejections[0]).toMatch(message);
  });

  test("takes its time from the query when neither event nor data has one", () => {
    const query = { occurred_at: "2026-11-21T00:00:00Z" };
    const parse = (body: unknown) => onlyEvent(parseDelivery(body, { ...STRUCTURED, query }));
    expect(parse(structuredFixture({ time: undefined })).occurredAt.toISOString()).toBe(
      "2026-11-21T00:00:00.000Z",
    );
    expect(parse(structuredFixture({})).occurredAt.toISOString()).toBe("2026-11-23T10:00:00.000Z");
  });

  test.each([
    ["an array", STRUCTURED, "[]"],
    ["a batch that is none", BATCH, "{}"],
    ["another format", { contentType: "application/cloudevents+xml" }, "<event/>"],
  ])("is refused as a whole when it is %s", (_name, rest, body) => {
    expect(() => parseDelivery(body, rest)).toThrow(
      expect.objectContaining({ name: "AppError", code: "invalid" }),
    );
  });
});

describe("a batch", () => {
  test("gives each event its own answer", () => {
    const parsed = parseDelivery(webhookFixture("cloudevents/batch.json"), BATCH);
    expect(eventsOf(parsed).map(({ eventId, usage }) => [eventId, usage.outputTokens])).toEqual([
      ["own-id", 2],
      ["/checkout|2", 4],
      ["/checkout|6", 6],
    ]);
    expect(rejectionsOf(parsed)).toEqual([
      '2: specversion: invalid input: expected "1.0"',
      "3: data: expected a usage event",
      "4: data_base64: expected JSON in UTF-8, in base64",
    ]);
    expect(parseDelivery("[]", BATCH)).toEqual([]);
  });

  test("of more than 5,000 events is too large", () => {
    expect(() =>
      parseDelivery(
        Array.from({ length: 5_001 }, () => ({})),
        BATCH,
      ),
    ).toThrow(expect.objectContaining({ code: "too-large" }));
  });
});

describe("a binary event", () => {
  const fixture = JSON.parse(webhookFixture("cloudevents/binary.json")) as {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };

  test("has percent-encoded attributes in its headers", () => {
    const event = onlyEvent(parseDelivery(fixture.body, { headers: fixture.headers }));
    expect(event.eventId).toBe('/café "north"|€-1');
    expect(event.occurredAt.toISOString()).toBe("2026-11-23T10:00:00.000Z");
  });

  test("keeps a header as it is whose sender did not encode it", () => {
    const headers = { ...fixture.headers, "ce-id": "100%" };
    expect(onlyEvent(parseDelivery(fixture.body, { headers })).eventId).toBe('/café "north"|100%');
  });

  test("without an attribute is rejected and names it", () => {
    const { "ce-id": _id, ...headers } = fixture.headers;
    expect(rejectionsOf(parseDelivery(fixture.body, { headers }))[0]).toMatch(/^0: id: /);
  });
});

describe("the client of npm", () => {
  const cloudEvent = new CloudEvent({
    id: "grüße-1",
    source: "/checkout",
    type: "com.example.claude.usage.v1",
    time: "2026-11-23T10:00:00.000Z",
    data: { model: "claude-haiku-5-5", usage: { input_tokens: 12, output_tokens: 34 } },
  });

  /** The message as an HTTP server sees it. */
  function received({ headers, body }: Message) {
    const lowered = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    return parseDelivery(String(body), {
      contentType: lowered["content-type"],
      headers: lowered,
    });
  }

  test.each([
    ["binary", HTTP.binary(cloudEvent)],
    ["structured", HTTP.structured(cloudEvent)],
  ])("is understood in %s mode, as the same event", (_mode, message) => {
    expect(onlyEvent(received(message))).toMatchObject({
      eventId: "/checkout|grüße-1",
      usage: { uncachedInputTokens: 12, outputTokens: 34 },
    });
  });

  test("is understood with binary data", () => {
    const data = new TextEncoder().encode(JSON.stringify(cloudEvent.data));
    const message = HTTP.structured(cloudEvent.cloneWith({ data }));
    expect(String(message.body)).toContain("data_base64");
    expect(onlyEvent(received(message)).eventId).toBe("/checkout|grüße-1");
  });
});
