import { describe, expect, test } from "vitest";
import { addMs, DAY_MS } from "../../../../src/domain/time.ts";
import { contentSha256 } from "../../../../src/features/ingest/native-event.ts";
import {
  DELIVERY_CONTEXT,
  eventsOf,
  onlyEvent,
  parseDelivery,
  rejectionsOf,
  webhookFixture,
} from "../../../support/native-deliveries.ts";

type Json = Readonly<Record<string, unknown>>;

const fixture = (name: string) => JSON.parse(webhookFixture(`anthropic/${name}`)) as Json;
const message = fixture("message.json")["message"] as Json;
const messageUsage = message["usage"] as Json;
const LINES = { contentType: "application/x-ndjson" };

describe("a response of the Messages API", () => {
  test("is read with its envelope", () => {
    expect(onlyEvent(parseDelivery(fixture("message.json")))).toMatchObject({
      eventId: "req_011CVeXample0000000000003",
      requestId: "req_011CVeXample0000000000003",
      messageId: "msg_01HtMessageExample000001",
      occurredAt: new Date("2026-11-23T10:00:00Z"),
      provider: "anthropic",
      model: "claude-opus-5-5",
      userEmail: "dev@example.com",
      claimedTeam: "search",
      tags: { feature: "answers" },
      usage: {
        uncachedInputTokens: 2095,
        cacheCreation5mInputTokens: 51,
        cacheCreation1hInputTokens: 2000,
        cacheReadInputTokens: 18000,
        outputTokens: 503,
        serviceTier: "standard",
        inferenceGeo: "global",
        speed: undefined,
      },
      costBasis: "computed",
      isIncomplete: false,
    });
  });

  test.each([
    ["in an envelope", { message }],
    ["by itself", message],
  ])("needs nothing else, %s: its id names it, its receipt dates it", (_name, body) => {
    expect(onlyEvent(parseDelivery(body))).toMatchObject({
      eventId: message["id"],
      requestId: message["id"],
      messageId: message["id"],
      occurredAt: DELIVERY_CONTEXT.now,
    });
  });

  test("is the same content when it is delivered again, later", () => {
    const later = { ...DELIVERY_CONTEXT, now: addMs(DELIVERY_CONTEXT.now, DAY_MS) };
    const hashOf = (body: Json, context = DELIVERY_CONTEXT) =>
      contentSha256(onlyEvent(parseDelivery(body, {}, context)));
    expect(hashOf({ message }, later)).toBe(hashOf({ message }));
    expect(hashOf({ message, occurred_at: "2026-11-23T10:00:00Z" })).not.toBe(hashOf({ message }));
  });

  test("without a stop reason is one that was cut off", () => {
    const cut = { message: { ...message, stop_reason: null }, partial_output_characters: 4_000 };
    expect(onlyEvent(parseDelivery(cut))).toMatchObject({
      isIncomplete: true,
      usage: { outputTokens: 1_000 },
    });
    expect(
      onlyEvent(parseDelivery({ ...cut, message: { ...message, stop_reason: undefined } })),
    ).toMatchObject({ isIncomplete: false, usage: { outputTokens: 503 } });
  });

  test("that is an error costs nothing", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    expect(parseDelivery([error, { message: error }, { stream_events: [error] }])).toEqual([]);
  });

  test.each([
    ["no usage", { usage: undefined }, /^0: message\.usage: /],
    [
      "negative tokens",
      { usage: { ...messageUsage, input_tokens: -1 } },
      /^0: message\.usage\.input_tokens: /,
    ],
    ["no id", { id: undefined }, /^0: message\.id: /],
    ["no model", { model: null }, /^0: message\.model: /],
  ])("with %s is rejected and names the field", (_name, overrides, problem) => {
    const parsed = parseDelivery({ request_id: "req_1", message: { ...message, ...overrides } });
    expect(rejectionsOf(parsed)[0]).toMatch(problem);
    expect(parsed[0]).toMatchObject({ rejection: { eventId: "req_1" } });
  });
});

describe("the events of a stream", () => {
  const stream = fixture("stream-web-search.json");
  const events = stream["stream_events"] as readonly Json[];
  const outputOf = (streamEvents: readonly unknown[], envelope: Json = {}) => {
    const event = onlyEvent(parseDelivery({ ...stream, ...envelope, stream_events: streamEvents }));
    return [event.usage.outputTokens, event.isIncomplete];
  };

  test("are cumulative: each overwrites what it gives, nothing is summed", () => {
    expect(onlyEvent(parseDelivery(stream))).toMatchObject({
      eventId: "req_011CVeXample0000000000004",
      messageId: "msg_01G7StreamExample0000001",
      model: "claude-opus-5-5",
      usage: {
        uncachedInputTokens: 10682,
        cacheCreation5mInputTokens: 0,
        cacheCreation1hInputTokens: 300,
        cacheReadInputTokens: 0,
        outputTokens: 510,
        webSearchRequests: 1,
        serviceTier: "standard",
        inferenceGeo: "us",
      },
      isIncomplete: false,
    });
  });

  test("may be the usage pieces alone", () => {
    const pieces = events
      .filter(({ type }) => type === "message_start" || type === "message_delta")
      .map(({ delta: _delta, ...piece }) => piece);
    expect(outputOf(pieces)).toEqual([510, false]);
  });

  test("that end early give a floor, and say so", () => {
    const [start] = events;
    expect(onlyEvent(parseDelivery(fixture("stream-cut-off.json")))).toMatchObject({
      usage: { uncachedInputTokens: 25, outputTokens: 250 },
      isIncomplete: true,
    });
    expect(outputOf([start])).toEqual([3, true]);
    expect(outputOf([start], { partial_output_characters: 11 })).toEqual([3, true]);
    expect(outputOf([start], { partial_output_characters: 40 })).toEqual([10, true]);
    expect(outputOf(events.slice(0, 6), { partial_output_characters: 40 })).toEqual([120, true]);
    expect(outputOf([start, { type: "message_stop" }])).toEqual([3, true]);
    expect(outputOf([start, { type: "error", error: { type: "overloaded_error" } }])).toEqual([
      3,
      true,
    ]);
  });

  test("that end as they should need no estimate", () => {
    expect(outputOf(events, { partial_output_characters: 1_000_000 })).toEqual([510, false]);
  });

  test("bring the iterations of the request", () => {
    const iteration = { type: "compaction", input_tokens: 5, output_tokens: 7 };
    const last = { type: "message_delta", usage: { output_tokens: 9, iterations: [iteration] } };
    expect(
      onlyEvent(parseDelivery({ stream_events: [events[0], last] })).usage.iterations,
    ).toMatchObject([{ type: "compaction", uncachedInputTokens: 5, outputTokens: 7 }]);
  });

  test.each([
    ["no start", events.slice(1), "0: stream_events: expected an event of type message_start"],
    ["nothing", [], "0: stream_events: expected an event of type message_start"],
    [
      "two messages",
      [events[0], events[0]],
      "0: stream_events: expected the events of one message, not of several",
    ],
    [
      "fractional tokens",
      [events[0], { type: "message_delta", usage: { output_tokens: 1.5 } }],
      "0: stream_events.1.usage.output_tokens: expected a whole number from 0 to 1000000000000",
    ],
    [
      "a start without a message",
      [{ type: "ping" }, { type: "message_start" }],
      "0: stream_events.1.message: invalid input: expected object, received undefined",
    ],
  ])("with %s are rejected and say what is wrong", (_name, streamEvents, problem) => {
    expect(rejectionsOf(parseDelivery({ ...stream, stream_events: streamEvents }))).toEqual([
      problem,
    ]);
  });
});

describe("the results of a message batch", () => {
  const results = webhookFixture("anthropic/batch-results.jsonl");

  test("are charged as a batch where they succeeded, and not at all elsewhere", () => {
    const query = { occurred_at: "2026-11-22T10:00:00Z", team: "search" };
    const parsed = parseDelivery(results, { ...LINES, query });
    expect(rejectionsOf(parsed)).toEqual([]);
    expect(parsed.map((element) => element.kind === "event" && element.index)).toEqual([0, 4]);
    expect(eventsOf(parsed)).toMatchObject([
      {
        eventId: "msg_014VwiXbi91y3JMjcpyGBHX5",
        requestId: "msg_014VwiXbi91y3JMjcpyGBHX5",
        occurredAt: new Date("2026-11-22T10:00:00Z"),
        claimedTeam: "search",
        usage: { uncachedInputTokens: 11, outputTokens: 36, serviceTier: "batch" },
      },
      {
        eventId: "msg_01FqfsLoHwgeFbguDgpz48m7",
        usage: { uncachedInputTokens: 10, outputTokens: 34, serviceTier: "batch" },
      },
    ]);
  });

  test("without a time are dated by their receipt", () => {
    expect(eventsOf(parseDelivery(results, LINES)).map((event) => event.occurredAt)).toEqual([
      DELIVERY_CONTEXT.now,
      DELIVERY_CONTEXT.now,
    ]);
  });

  test.each([
    [{ type: "succeeded" }, /^0: result\.message: /],
    [{ type: "succeeded", message: { ...message, usage: null } }, /^0: result\.message\.usage: /],
    [{ type: "lost" }, /^0: result\.type: expected succeeded, errored, canceled or expired$/],
    [{}, /^0: result\.type: /],
  ])("that can't be read are rejected: %j", (result, problem) => {
    expect(rejectionsOf(parseDelivery({ custom_id: "c-1", result }))[0]).toMatch(problem);
  });

  test("that can't be read are told by the message's id", () => {
    const broken = { custom_id: "c-1", result: { type: "succeeded", message: { id: "msg_9" } } };
    expect(parseDelivery(broken)).toMatchObject([{ rejection: { eventId: "msg_9" } }]);
  });
});
