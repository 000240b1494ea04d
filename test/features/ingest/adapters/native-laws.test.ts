/** Laws of the native endpoint, whatever is sent to it and in whichever framing. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { UsageQuantities } from "../../../../src/domain/usage.ts";
import type { ParsedEvent } from "../../../../src/features/ingest/rules.ts";
import {
  eventsOf,
  failureOf,
  parseDelivery,
  webhookFixture,
} from "../../../support/native-deliveries.ts";

/** Everything that a result holds; money is a bigint, which JSON does not know. */
function asText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "bigint" ? part.toString() : part,
  );
}

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
