/**
 * The native usage event: JSON as in docs/usage-events.md → UsageEvent. `usage` is Anthropic's own
 * object unchanged. Fields that we do not know are dropped here, so that text of a prompt or an
 * answer never gets any further. Adapters of Anthropic's own shapes share its envelope.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { usdToDecimal } from "../../domain/money.ts";
import { type Instant, instant } from "../../domain/time.ts";
import type { UsageEvent } from "../../domain/usage.ts";
import { type AnthropicUsage, anthropicUsage, usageFromAnthropic } from "./anthropic-usage.ts";
import {
  describeIssues,
  id,
  invalidElement,
  isoTime,
  parseReportedCost,
  parseUserEmail,
  reportedCost,
  requiredId,
  tags,
  text,
} from "./event-fields.ts";
import { checkOccurredAt, type ParsedEvent } from "./rules.ts";

/** What is said about a call besides its usage. */
export const envelopeFields = {
  provider: text(64).min(1).nullish(),
  request_id: id,
  message_id: id,
  user_email: text(256).nullish(),
  team: id,
  project: id,
  workspace_id: id,
  api_key_id: id,
  session_id: id,
  operation_id: id,
  tags: tags.nullish(),
  prompt_hash: id,
  reported_cost_usd: reportedCost,
  /** The stream was cut off: the output is a floor. */
  is_incomplete: z.boolean().nullish(),
};

const nativeEvent = z.object({
  event_id: requiredId,
  occurred_at: isoTime,
  model: requiredId,
  usage: anthropicUsage,
  ...envelopeFields,
});

/** Where an element stands and what proved to have sent it. */
export interface ElementContext {
  /** Position of the element in its delivery. */
  readonly index: number;
  readonly source: string;
  readonly now: Instant;
}

/** A call of Claude with its envelope, each field already of the right form. */
interface Call extends z.infer<z.ZodObject<typeof envelopeFields>> {
  readonly event_id: string;
  /** Absent: the time of receipt. */
  readonly occurred_at?: string | null | undefined;
  readonly model: string;
  readonly usage: AnthropicUsage;
}

/**
 * An event that got the time of its receipt, since its source told none. The same delivery again
 * has another time and must still be the same content.
 */
interface EventTimedByReceipt extends UsageEvent {
  readonly isTimedByReceipt: true;
}

/** Marks an event whose `occurredAt` is the time of receipt. */
export function timedByReceipt(event: UsageEvent): EventTimedByReceipt {
  return { ...event, isTimedByReceipt: true };
}

/** Parses one element of a batch. Every problem of the event is named in one message. */
export function parseNativeEvent(raw: unknown, context: ElementContext): ParsedEvent {
  const parsed = nativeEvent.safeParse(raw);
  if (parsed.success) return eventFromCall(parsed.data, context);
  const eventId = z.object({ event_id: z.unknown() }).safeParse(raw).data?.event_id;
  return invalidElement(context.index, eventId, describeIssues(parsed.error));
}

/** The event of a call, or what its fields still have wrong: the address, the cost, the time. */
export function eventFromCall(call: Call, { index, source, now }: ElementContext): ParsedEvent {
  const userEmail = parseUserEmail(call.user_email);
  if (userEmail === "invalid") {
    return invalidElement(index, call.event_id, "user_email: expected an e-mail address");
  }
  const cost = parseReportedCost(call.reported_cost_usd);
  if (typeof cost === "string") return invalidElement(index, call.event_id, cost);

  const isTimed = typeof call.occurred_at === "string";
  const event: UsageEvent = {
    source,
    eventId: call.event_id,
    occurredAt: typeof call.occurred_at === "string" ? instant(call.occurred_at) : now,
    provider: call.provider ?? "anthropic",
    model: call.model,
    usage: usageFromAnthropic(call.usage),
    requestId: call.request_id ?? undefined,
    messageId: call.message_id ?? undefined,
    userEmail,
    claimedTeam: call.team ?? undefined,
    claimedProject: call.project ?? undefined,
    workspaceId: call.workspace_id ?? undefined,
    apiKeyId: call.api_key_id ?? undefined,
    sessionId: call.session_id ?? undefined,
    operationId: call.operation_id ?? undefined,
    tags: call.tags ?? {},
    promptHash: call.prompt_hash ?? undefined,
    reportedCost: cost,
    costBasis: "computed",
    isIncomplete: call.is_incomplete ?? false,
  };
  const rejection = checkOccurredAt(event, index, now);
  return rejection === undefined
    ? { kind: "event", index, event: isTimed ? event : timedByReceipt(event) }
    : { kind: "rejected", rejection };
}

/**
 * SHA-256 over what we keep of an event, whatever order or spelling its JSON had. A time of receipt
 * is no part of it.
 */
export function contentSha256(event: UsageEvent): string {
  const canonical = {
    ...event,
    occurredAt: "isTimedByReceipt" in event ? null : event.occurredAt.toISOString(),
    reportedCost: event.reportedCost === undefined ? null : usdToDecimal(event.reportedCost),
    tags: Object.entries(event.tags).toSorted(([left], [right]) => (left < right ? -1 : 1)),
  };
  return createHash("sha256").update(JSON.stringify(canonical)).digest("hex");
}

/** The native event as JSON Schema, for the description of the API. */
export function nativeEventJsonSchema(): object {
  return z.toJSONSchema(nativeEvent, { io: "input", unrepresentable: "any" });
}
