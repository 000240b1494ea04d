/** OTLP requests as senders write them; a test names only what it is about. */
import { readFileSync } from "node:fs";
import { AppError } from "../../src/domain/errors.ts";
import { instant } from "../../src/domain/time.ts";
import type { UsageEvent } from "../../src/domain/usage.ts";
import { parseOtlpDelivery } from "../../src/features/ingest/adapters/otlp/delivery.ts";
import type { ParsedEvent } from "../../src/features/ingest/rules.ts";
import type { OtlpSignal } from "../../src/http/otlp.ts";

type Value = string | number | boolean;
export type AttributeValues = Readonly<Record<string, Value | undefined>>;

export const OTLP_CONTEXT = { source: "otel", now: instant("2026-11-23T13:30:00Z") };

export function otlpFixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/webhooks/otlp/${name}.json`, import.meta.url));
}

export function otlpAttributes(values: AttributeValues): readonly object[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValue(value) }],
  );
}

function anyValue(value: Value): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

const API_REQUEST = {
  "event.name": "api_request",
  "event.sequence": 7,
  "session.id": "5f0c",
  model: "claude-opus-5-5",
  input_tokens: 12,
  output_tokens: 340,
  cache_read_tokens: 18000,
  cache_creation_tokens: 900,
  cost_usd_micros: 12345,
  request_id: "req_011CX",
};

/** A request with one `api_request` event; a value of undefined leaves the attribute out. */
export function claudeCodeLogs(
  overrides: AttributeValues = {},
  {
    resource = {},
    record = {},
    scope = "test",
  }: { resource?: AttributeValues; record?: object; scope?: string } = {},
): object {
  const logRecord = {
    timeUnixNano: "1795440187988000000",
    body: { stringValue: "claude_code.api_request" },
    attributes: otlpAttributes({ ...API_REQUEST, ...overrides }),
    ...record,
  };
  return {
    resourceLogs: [
      {
        resource: {
          attributes: otlpAttributes({ "service.name": "claude-code", ...resource }),
        },
        scopeLogs: [{ scope: { name: scope }, logRecords: [logRecord] }],
      },
    ],
  };
}

const CHAT = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "anthropic",
  "gen_ai.request.model": "claude-opus-5-5",
  "gen_ai.usage.input_tokens": 1000,
  "gen_ai.usage.output_tokens": 100,
};

export interface SpanParts {
  readonly scope?: string;
  readonly resource?: AttributeValues;
  readonly span?: object;
}

export function aSpan(overrides: AttributeValues = {}, span: object = {}): object {
  return {
    traceId: "5b8aa5a2d2c872e8321cf37308d69df2",
    spanId: "051581bf3cb55c13",
    name: "chat claude-opus-5-5",
    kind: 3,
    endTimeUnixNano: "1795440187988000000",
    attributes: otlpAttributes({ ...CHAT, ...overrides }),
    ...span,
  };
}

/** A request with one GenAI span. */
export function genAiSpans(overrides: AttributeValues = {}, parts: SpanParts = {}): object {
  return spansRequest([aSpan(overrides, parts.span)], parts);
}

export function spansRequest(spans: readonly object[], parts: SpanParts = {}): object {
  const scope = { name: parts.scope ?? "test" };
  return {
    resourceSpans: [
      {
        resource: { attributes: otlpAttributes(parts.resource ?? {}) },
        scopeSpans: [{ scope, spans }],
      },
    ],
  };
}

/** What a request in JSON gives. */
export function parsedOtlp(signal: OtlpSignal, request: unknown): readonly ParsedEvent[] {
  const body = Buffer.isBuffer(request) ? request : Buffer.from(JSON.stringify(request));
  return parseOtlpDelivery({ signal, contentType: "application/json", body }, OTLP_CONTEXT).events;
}

/** The one event of a request. */
export function onlyEvent(events: readonly ParsedEvent[]): UsageEvent {
  const [parsed] = events;
  if (events.length !== 1 || parsed?.kind !== "event") {
    throw new Error(`expected one event, got ${JSON.stringify(events)}`);
  }
  return parsed.event;
}

/** The message of the one rejection of a request. */
export function onlyRejection(events: readonly ParsedEvent[]): string {
  const [parsed] = events;
  if (events.length !== 1 || parsed?.kind !== "rejected") {
    throw new Error(`expected one rejection, got ${String(events.length)} elements`);
  }
  return parsed.rejection.message;
}

/** Everything that is kept of a result, as text to search in. */
export function storedText(result: unknown): string {
  return JSON.stringify(result, (_key, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
}

/** What becomes of a body, good or not: its events, or the code of the error. */
export function otlpOutcome(
  signal: OtlpSignal,
  contentType: string,
  body: Buffer,
): readonly ParsedEvent[] | string {
  try {
    return parseOtlpDelivery({ signal, contentType, body }, OTLP_CONTEXT).events;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

/** Whether all that is counted is whole and not negative. */
export function hasWholeCounts(events: readonly ParsedEvent[]): boolean {
  return events.every(
    (parsed) =>
      parsed.kind === "rejected" ||
      [parsed.event.usage, ...parsed.event.usage.iterations]
        .flatMap((quantities) => Object.values(quantities) as unknown[])
        .every((value) => typeof value !== "number" || (Number.isSafeInteger(value) && value >= 0)),
  );
}
