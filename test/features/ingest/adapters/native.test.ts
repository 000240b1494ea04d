import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../../../src/domain/errors.ts";
import { usdFromDecimal } from "../../../../src/domain/money.ts";
import type { UsageQuantities } from "../../../../src/domain/usage.ts";
import type { ParsedEvent } from "../../../../src/features/ingest/rules.ts";
import {
  eventsOf,
  onlyEvent,
  parseDelivery,
  rejectionsOf,
  webhookFixture,
} from "../../../support/native-deliveries.ts";
import { aNativeEvent } from "../../../support/usage-builders.ts";

const NDJSON = { contentType: "application/x-ndjson" };

function failureOf(parse: () => unknown): AppError | undefined {
  try {
    parse();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return undefined;
}

/** Everything that a result holds; money is a bigint, which JSON does not know. */
function asText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "bigint" ? part.toString() : part,
  );
}

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
      "2: usage.input_tokens: too small: expected number to be >=0",
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

describe("whatever is sent", () => {
  const contentTypes = fc.constantFrom(
    "application/json",
    "application/x-ndjson",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
  );
  const binary = fc.constantFrom(
    {},
    { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" },
  );
  const fixtures = [
    "native/event.json",
    "cloudevents/structured.json",
    "cloudevents/batch.json",
    "anthropic/message.json",
    "anthropic/stream-web-search.json",
    "anthropic/stream-cut-off.json",
  ].map((name) => webhookFixture(name));
  const batchLine = webhookFixture("anthropic/batch-results.jsonl").split("\n")[0] ?? "";

  /** A fixture with some of its values replaced by any JSON. */
  const disturbed = fc
    .tuple(
      fc.constantFrom(...fixtures, batchLine),
      fc.array(
        fc.tuple(
          fc.nat(60),
          fc.oneof(
            fc.jsonValue(),
            fc.double(),
            fc.constantFrom(-1, 0.5, 1e300, "12", "\0", "\ud800"),
          ),
        ),
      ),
    )
    .map(([json, changes]) => {
      const replacements = new Map<number, unknown>(changes);
      let at = 0;
      return JSON.parse(json, (_key, value: unknown) => {
        at += 1;
        return replacements.has(at) ? replacements.get(at) : value;
      }) as unknown;
    });

  const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

  function quantitiesOf(part: UsageQuantities): readonly number[] {
    return [
      part.uncachedInputTokens,
      part.cacheCreation5mInputTokens,
      part.cacheCreation1hInputTokens,
      part.cacheReadInputTokens,
      part.outputTokens,
    ];
  }

  /** What must never come of a delivery: an empty list. */
  function faultsOf(parse: () => readonly ParsedEvent[]): readonly string[] {
    let parsed: readonly ParsedEvent[] = [];
    const failure = failureOf(() => {
      parsed = parse();
    });
    if (failure !== undefined) return failure.code === "invalid" ? [] : [failure.code];
    const faults = eventsOf(parsed).flatMap(({ usage, eventId, occurredAt }) => {
      const counts = [usage, ...usage.iterations].flatMap(quantitiesOf);
      return [
        ...[...counts, usage.webSearchRequests].filter((value) => !isWhole(value)).map(String),
        ...(eventId === "" ? ["no event id"] : []),
        ...(Number.isNaN(occurredAt.getTime()) ? ["no time"] : []),
      ];
    });
    // Postgres stores neither.
    return /\\u0000|\\ud[89a-f]/i.test(asText(parsed)) ? [...faults, "broken text"] : faults;
  }

  test("any JSON is events with whole quantities, rejections, or refused", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), disturbed),
        contentTypes,
        binary,
        (value, contentType, headers) => {
          const body = JSON.stringify(value);
          expect(faultsOf(() => parseDelivery(body, { contentType, headers }))).toEqual([]);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(faultsOf(() => parseDelivery(fixtures[0]))).toEqual([]);
  });

  test("so is anything that is no JSON", () => {
    const truncated = fc
      .tuple(fc.constantFrom(...fixtures), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([json, share]) => Buffer.from(json.slice(0, Math.floor(json.length * share))));
    const bytes = fc.uint8Array().map((array) => Buffer.from(array));
    fc.assert(
      fc.property(fc.oneof(bytes, truncated), contentTypes, (body, contentType) => {
        expect(faultsOf(() => parseDelivery(body, { contentType }))).toEqual([]);
      }),
    );
    expect(faultsOf(() => parseDelivery(""))).toEqual([]);
  });

  /** Names, ids and times are kept by intent; a prompt or an answer is in none of these fields. */
  const kept = new Set(
    "event_id request_id message_id id custom_id source type model provider user_email team project workspace_id api_key_id session_id operation_id prompt_hash service_tier inference_geo speed env feature occurred_at time".split(
      " ",
    ),
  );

  test("text is kept from no field that could hold a prompt or an answer", () => {
    const secret = "the quick brown fox of our customer";
    const withSecrets = (json: string): unknown =>
      JSON.parse(json, (key, value: unknown) => {
        if (typeof value === "object" && value !== null && !Array.isArray(value)) {
          const isMap = key === "tags";
          return isMap ? value : { ...value, prompt: secret, text: { [secret]: [secret] } };
        }
        return typeof value === "string" && !kept.has(key) && Number.isNaN(Number(key))
          ? secret
          : value;
      }) as unknown;
    const bodies = [...fixtures, batchLine];
    for (const body of bodies) {
      for (const contentType of [
        "application/json",
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
      ]) {
        let parsed: readonly ParsedEvent[] = [];
        const failure = failureOf(() => {
          parsed = parseDelivery(JSON.stringify(withSecrets(body)), { contentType });
        });
        expect(asText([parsed, failure?.message])).not.toContain("quick brown");
      }
    }
    const read = bodies.map((body) => eventsOf(parseDelivery(withSecrets(body))).length);
    expect(read.filter((events) => events > 0).length).toBeGreaterThanOrEqual(4);
  });

  test("text in the place of a number is not repeated in the rejection", () => {
    fc.assert(
      fc.property(fc.constantFrom(...fixtures, batchLine), fc.nat(60), (json, target) => {
        let at = 0;
        const value = JSON.parse(json, (_key, field: unknown) => {
          at += 1;
          return at === target && typeof field === "number" ? "quick brown" : field;
        }) as unknown;
        expect(asText(parseDelivery(value))).not.toContain("quick brown");
      }),
    );
  });
});
