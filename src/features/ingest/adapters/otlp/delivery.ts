/**
 * One OTLP/HTTP request → usage events: Claude Code's logs and GenAI spans. Metrics are taken and
 * give none: Claude Code counts the same spend in its metrics and in its events, and a metric that
 * is sent again can't be told from a new one.
 */
import { AppError } from "../../../../domain/errors.ts";
import { USAGE_EVENTS_MAX } from "../../../../http/limits.ts";
import { type OtlpSignal, otlpEncoding } from "../../../../http/otlp.ts";
import type { ParsedEvent } from "../../rules.ts";
import type { AdapterContext } from "../adapter.ts";
import { parseClaudeCodeLog } from "./claude-code-log.ts";
import { parseGenAiSpan } from "./gen-ai-span.ts";
import { decodeOtlpBody, type OtlpRecord, objectOf, objectsOf, recordsOf } from "./records.ts";

/** Most records are not about usage, so a request has many more of them than events. */
const RECORDS_MAX = 50_000;
/** Claude Code's metrics of spend; others are nobody's concern here. */
const SPEND_METRICS: readonly unknown[] = ["claude_code.cost.usage", "claude_code.token.usage"];
const METRIC_KINDS = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"];

interface OtlpRequest {
  readonly signal: OtlpSignal;
  readonly contentType: string | undefined;
  /** Without its content encoding. */
  readonly body: Buffer;
}

interface OtlpDelivery {
  readonly events: readonly ParsedEvent[];
  /** Log records, spans or data points in the request, whatever they are about. */
  readonly records: number;
  /** A warning for the sender, though nothing was refused. */
  readonly message: string | undefined;
}

/** Throws `AppError`: "invalid" for what is not OTLP, "too-large" for too many records. */
export function parseOtlpDelivery(request: OtlpRequest, context: AdapterContext): OtlpDelivery {
  const { signal } = request;
  const encoding = otlpEncoding(request.contentType);
  if (encoding === undefined) {
    throw new AppError({
      code: "invalid",
      message: "Content-Type: expected application/x-protobuf or application/json.",
    });
  }
  const records = recordsOf(signal, decodeOtlpBody(signal, { encoding, body: request.body }));
  if (signal === "metrics") return metricsDelivery(records);

  const parse = signal === "logs" ? parseClaudeCodeLog : parseGenAiSpan;
  const events: ParsedEvent[] = [];
  let count = 0;
  for (const record of records) {
    count += 1;
    refuseAbove(RECORDS_MAX, count, "records");
    const parsed = parse(record, context);
    if (parsed !== undefined) events.push(parsed);
    refuseAbove(USAGE_EVENTS_MAX, events.length, "records about usage");
  }
  return {
    events: signal === "traces" ? countedOnce(events) : events,
    records: count,
    message: undefined,
  };
}

function metricsDelivery(metrics: Iterable<OtlpRecord>): OtlpDelivery {
  let count = 0;
  let hasSpend = false;
  for (const { fields } of metrics) {
    hasSpend ||= SPEND_METRICS.includes(fields["name"]);
    for (const kind of METRIC_KINDS)
      count += objectsOf(objectOf(fields, kind), "dataPoints").length;
  }
  const message = hasSpend
    ? "Metrics are not counted, because Claude Code's events say the same with more detail. Set OTEL_LOGS_EXPORTER=otlp and OTEL_METRICS_EXPORTER=none."
    : undefined;
  return { events: [], records: count, message };
}

function refuseAbove(max: number, count: number, what: string): void {
  if (count <= max) return;
  throw new AppError({
    code: "too-large",
    message: `Send at most ${String(max)} ${what} at a time. An OpenTelemetry Collector has send_batch_max_size for it.`,
  });
}

/**
 * An application may be instrumented twice, so that one request has two spans of one call with
 * figures of different detail. The first of the most detailed ones is the event.
 */
function countedOnce(events: readonly ParsedEvent[]): readonly ParsedEvent[] {
  const best = new Map<string, Extract<ParsedEvent, { kind: "event" }>>();
  for (const parsed of events) {
    if (parsed.kind !== "event") continue;
    const known = best.get(parsed.event.eventId);
    if (known === undefined || detailOf(parsed) > detailOf(known)) {
      best.set(parsed.event.eventId, parsed);
    }
  }
  return events.filter(
    (parsed) => parsed.kind === "rejected" || best.get(parsed.event.eventId) === parsed,
  );
}

function detailOf({ event }: Extract<ParsedEvent, { kind: "event" }>): number {
  const { usage } = event;
  return [
    event.requestId !== undefined,
    usage.outputTokens > 0,
    usage.cacheReadInputTokens > 0,
    usage.cacheCreation5mInputTokens + usage.cacheCreation1hInputTokens > 0,
  ].filter(Boolean).length;
}
