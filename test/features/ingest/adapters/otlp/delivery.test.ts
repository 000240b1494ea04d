/** Whole OTLP requests: encodings, shapes, limits, and metrics, which are not counted. */
import { describe, expect, it } from "vitest";
import { AppError } from "../../../../../src/domain/errors.ts";
import { parseOtlpDelivery } from "../../../../../src/features/ingest/adapters/otlp/delivery.ts";
import type { OtlpSignal } from "../../../../../src/http/otlp.ts";
import {
  aSpan,
  claudeCodeLogs,
  genAiSpans,
  OTLP_CONTEXT,
  otlpFixture,
  parsedOtlp,
  spansRequest,
} from "../../../../support/otlp-builders.ts";

const JSON_TYPE = "application/json";
const PROTOBUF_TYPE = "application/x-protobuf";

const parse = (signal: OtlpSignal, contentType: string | undefined, body: Buffer) =>
  parseOtlpDelivery({ signal, contentType, body }, OTLP_CONTEXT);

function errorOf(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("expected an AppError");
}

describe("an OTLP request", () => {
  it.each<[OtlpSignal, string, string]>([
    ["logs", JSON_TYPE, ""],
    ["logs", JSON_TYPE, "{}"],
    ["metrics", JSON_TYPE, '{"resourceMetrics":[]}'],
    ["traces", JSON_TYPE, '{"resourceSpans":null}'],
    ["logs", PROTOBUF_TYPE, ""],
    ["metrics", PROTOBUF_TYPE, ""],
    ["traces", PROTOBUF_TYPE, ""],
  ])("may be empty: %s in %s as '%s'", (signal, contentType, body) => {
    const nothing = { events: [], records: 0, message: undefined };

    expect(parse(signal, contentType, Buffer.from(body))).toEqual(nothing);
  });

  it("counts all records, and gives the position of each event among them", () => {
    const others = JSON.parse(otlpFixture("claude-code-other-events").toString()) as {
      resourceLogs: object[];
    };
    const own = claudeCodeLogs() as { resourceLogs: object[] };
    const request = { resourceLogs: [...others.resourceLogs, ...own.resourceLogs] };

    const delivery = parse("logs", JSON_TYPE, Buffer.from(JSON.stringify(request)));

    expect(delivery.records).toBe(4);
    expect(delivery.events).toMatchObject([{ kind: "event", index: 3 }]);
  });

  it("keeps the good events beside a bad one", () => {
    const spans = [
      aSpan({}, { spanId: "1" }),
      aSpan({ "gen_ai.usage.input_tokens": -1 }, { spanId: "2" }),
      aSpan({}, { spanId: "3" }),
    ];

    expect(parsedOtlp("traces", spansRequest(spans)).map(({ kind }) => kind)).toEqual([
      "event",
      "rejected",
      "event",
    ]);
  });

  it("ignores fields that it does not know, and values that are not plain", () => {
    const request = JSON.stringify(genAiSpans()).replace(
      '"attributes":[{"key":"gen_ai.operation.name"',
      '"flags":257,"future":{"a":[1]},"attributes":[{"key":"list","value":{"arrayValue":{"values":[{"stringValue":"x"}]}}},{"key":"none"},{"value":{"stringValue":"keyless"}},{"key":"gen_ai.operation.name"',
    );

    expect(parse("traces", JSON_TYPE, Buffer.from(request)).events).toEqual(
      parsedOtlp("traces", genAiSpans()),
    );
  });

  it.each([
    ["text/plain", "{}", "Content-Type: expected"],
    [undefined, "{}", "Content-Type: expected"],
    [JSON_TYPE, "{", "not JSON"],
    [JSON_TYPE, "[]", "not an OTLP request"],
    [JSON_TYPE, "null", "not an OTLP request"],
    [JSON_TYPE, '{"resourceLogs":{}}', "resourceLogs: expected a list"],
    [JSON_TYPE, '{"resourceLogs":[5]}', "resourceLogs: expected a list of objects"],
    [JSON_TYPE, '{"resourceLogs":[{"resource":"x"}]}', "resource: expected an object"],
    [JSON_TYPE, '{"resourceLogs":[{"scopeLogs":[{"logRecords":"x"}]}]}', "logRecords: expected"],
    [PROTOBUF_TYPE, "{}", "not an OTLP logs request in protobuf"],
  ])("in %s that reads %s is refused as a whole", (contentType, body, message) => {
    const error = errorOf(() => parse("logs", contentType, Buffer.from(body)));

    expect(error.code).toBe("invalid");
    expect(error.message).toContain(message);
  });

  it("has at most 5,000 events and 50,000 records", () => {
    const events = (count: number) =>
      spansRequest(Array.from({ length: count }, (_, index) => aSpan({}, { spanId: `${index}` })));
    const empty = (count: number) => spansRequest(Array.from({ length: count }, () => ({})));
    const body = (request: object) => Buffer.from(JSON.stringify(request));

    expect(parse("traces", JSON_TYPE, body(events(5_000))).events).toHaveLength(5_000);
    expect(errorOf(() => parse("traces", JSON_TYPE, body(events(5_001)))).code).toBe("too-large");
    expect(parse("traces", JSON_TYPE, body(empty(50_000))).records).toBe(50_000);
    expect(errorOf(() => parse("traces", JSON_TYPE, body(empty(50_001)))).code).toBe("too-large");
  });
});

describe("metrics", () => {
  it("are taken but not counted, and their sender is told to send events", () => {
    const delivery = parse("metrics", JSON_TYPE, otlpFixture("claude-code-metrics"));

    expect(delivery).toMatchObject({ events: [], records: 2 });
    expect(delivery.message).toContain("OTEL_LOGS_EXPORTER=otlp");
  });

  it("of something else are taken in silence", () => {
    const metrics = [{ name: "claude_code.session.count", sum: { dataPoints: [{}, {}] } }];
    const request = { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] };

    expect(parse("metrics", JSON_TYPE, Buffer.from(JSON.stringify(request)))).toEqual({
      events: [],
      records: 2,
      message: undefined,
    });
  });
});
