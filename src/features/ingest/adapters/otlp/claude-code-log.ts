/**
 * Claude Code's event `claude_code.api_request` → a usage event (code.claude.com/docs/en/
 * monitoring-usage). Its input excludes the cache, and cache writes are not split by lifetime, so
 * what it reports as cost counts. Its other events are not about usage and give none.
 */
import { z } from "zod";
import { usd } from "../../../../domain/money.ts";
import { type Instant, instant } from "../../../../domain/time.ts";
import type { UsageEvent } from "../../../../domain/usage.ts";
import { timedByReceipt } from "../../call-event.ts";
import { describeIssues, id, isoTime, looseCount, requiredId } from "../../event-fields.ts";
import { invalidElement } from "../../field-limits.ts";
import { checkOccurredAt, type ParsedEvent } from "../../rules.ts";
import type { AdapterContext } from "../adapter.ts";
import { ownerOf, tagsOf, timeFromNanos } from "./attribution.ts";
import { parseDollars } from "./dollars.ts";
import { type OtlpRecord, objectOf, plainValue } from "./records.ts";

const PICO_PER_MICRO = 1_000_000n;
const EVENT = "claude_code.api_request";
const USER_NAMES = ["user.email", "user.id"]; // Behind a gateway `user.id` is who signed in.
const TAG_NAMES = [
  "organization.id",
  "user.account_id",
  "user.groups",
  "query_source",
  "effort",
  "agent.name",
  "skill.name",
  "department",
  "cost_center",
];

const apiRequest = z.object({
  model: requiredId,
  input_tokens: looseCount,
  output_tokens: looseCount,
  cache_read_tokens: looseCount.nullish(),
  cache_creation_tokens: looseCount.nullish(),
  cost_usd_micros: looseCount.nullish(),
  cost_usd: z.union([z.string(), z.number()]).nullish(),
  speed: z.string().nullish(),
  request_id: id,
  client_request_id: id,
  "session.id": id,
  "event.sequence": looseCount.nullish(),
});
type ApiRequest = z.infer<typeof apiRequest>;

/** The event of a log record; undefined for a record that is about something else. */
export function parseClaudeCodeLog(
  record: OtlpRecord,
  { source, now }: AdapterContext,
): ParsedEvent | undefined {
  if (!isApiRequest(record)) return undefined;
  const { index, attributes, resource } = record;
  const parsed = apiRequest.safeParse(attributes);
  if (!parsed.success) {
    return invalidElement(index, attributes["request_id"], describeIssues(parsed.error));
  }
  const call = parsed.data;
  const eventId = eventIdOf(call);
  if (eventId === undefined) {
    const expected = "expected one, or client_request_id, or session.id and event.sequence";
    return invalidElement(index, undefined, `request_id: ${expected}`);
  }
  const toldAt = timeOf(record);
  if (toldAt === "invalid") {
    return invalidElement(index, eventId, "timeUnixNano: expected nanoseconds since 1970");
  }
  const cost = costOf(call);
  if (typeof cost === "string") return invalidElement(index, eventId, cost);

  const event: UsageEvent = {
    source,
    eventId,
    occurredAt: toldAt ?? now,
    provider: "anthropic",
    model: call.model,
    usage: usageOf(call),
    requestId: call.request_id ?? undefined,
    messageId: undefined,
    ...ownerOf([attributes, resource], USER_NAMES),
    workspaceId: undefined,
    apiKeyId: undefined,
    sessionId: call["session.id"] ?? undefined,
    operationId: undefined,
    tags: tagsOf(record, TAG_NAMES),
    promptHash: undefined,
    reportedCost: cost,
    costBasis: cost === undefined ? "computed" : "reported",
    isIncomplete: false,
  };
  const rejection = checkOccurredAt(event, index, now);
  return rejection === undefined
    ? { kind: "event", index, event: toldAt === undefined ? timedByReceipt(event) : event }
    : { kind: "rejected", rejection };
}

/** The full name is unique; the short one counts where the resource or scope is Claude Code's. */
function isApiRequest({ fields, attributes, resource, scopeName }: OtlpRecord): boolean {
  const name =
    attributes["event.name"] ?? fields["eventName"] ?? plainValue(objectOf(fields, "body"));
  if (name === EVENT) return true;
  if (name !== "api_request") return false;
  return (
    plainValue(objectOf(fields, "body")) === EVENT ||
    fields["eventName"] === EVENT ||
    String(resource["service.name"]).startsWith("claude-code") ||
    scopeName.startsWith("com.anthropic.claude_code")
  );
}

function eventIdOf(call: ApiRequest): string | undefined {
  const { request_id: requestId, client_request_id: clientRequestId } = call;
  if (typeof requestId === "string") return `claude_code:${requestId}`;
  if (typeof clientRequestId === "string") return `claude_code:client:${clientRequestId}`;
  const [session, sequence] = [call["session.id"], call["event.sequence"]];
  return typeof session === "string" && typeof sequence === "number"
    ? `claude_code:session:${session}/${String(sequence)}`
    : undefined;
}

function timeOf({ attributes, fields }: OtlpRecord): Instant | undefined | "invalid" {
  const own = attributes["event.timestamp"];
  const timestamp = own === undefined ? undefined : isoTime.safeParse(own);
  if (timestamp?.success === true) return instant(timestamp.data);
  return timeFromNanos(fields["timeUnixNano"]) ?? timeFromNanos(fields["observedTimeUnixNano"]);
}

/** Claude Code's own estimate; the whole micro-dollars are exact, the float is not. */
function costOf(call: ApiRequest): UsageEvent["reportedCost"] | string {
  if (typeof call.cost_usd_micros === "number") {
    return usd(BigInt(call.cost_usd_micros) * PICO_PER_MICRO);
  }
  return parseDollars(call.cost_usd, "cost_usd");
}

function usageOf(call: ApiRequest): UsageEvent["usage"] {
  return {
    uncachedInputTokens: call.input_tokens,
    cacheCreation5mInputTokens: call.cache_creation_tokens ?? 0,
    cacheCreation1hInputTokens: 0,
    cacheReadInputTokens: call.cache_read_tokens ?? 0,
    outputTokens: call.output_tokens,
    webSearchRequests: 0,
    serviceTier: undefined,
    inferenceGeo: undefined,
    speed: call.speed === "fast" ? "fast" : undefined,
    iterations: [],
  };
}
