/**
 * The usage event of a call of Claude whose fields have the right form already, whoever checked them,
 * and the hash of what we keep of it. Loads without the shapes, for threads that only read.
 */
import { hash } from "node:crypto";
import { usdToDecimal } from "../../domain/money.ts";
import { type Instant, instant } from "../../domain/time.ts";
import type { UsageEvent } from "../../domain/usage.ts";
import type { AnthropicUsage } from "./anthropic-usage.ts";
import { invalidElement, parseReportedCost, parseUserEmail } from "./field-limits.ts";
import { checkOccurredAt, type ParsedEvent } from "./rules.ts";
import { usageFromAnthropic } from "./usage-from-anthropic.ts";

/** Where an element stands and what proved to have sent it. */
export interface ElementContext {
  /** Position of the element in its delivery. */
  readonly index: number;
  readonly source: string;
  readonly now: Instant;
}

type Optional<Value> = Value | null | undefined;

/** A call of Claude with its envelope, each field already of the right form. */
export interface Call {
  readonly event_id: string;
  /** Absent: the time of receipt. */
  readonly occurred_at?: Optional<string>;
  readonly model: string;
  readonly usage: AnthropicUsage;
  readonly provider?: Optional<string>;
  readonly request_id?: Optional<string>;
  readonly message_id?: Optional<string>;
  readonly user_email?: Optional<string>;
  readonly team?: Optional<string>;
  readonly project?: Optional<string>;
  readonly workspace_id?: Optional<string>;
  readonly api_key_id?: Optional<string>;
  readonly session_id?: Optional<string>;
  readonly operation_id?: Optional<string>;
  readonly tags?: Optional<Readonly<Record<string, string>>>;
  readonly prompt_hash?: Optional<string>;
  readonly reported_cost_usd?: Optional<string | number>;
  /** The stream was cut off: the output is a floor. */
  readonly is_incomplete?: Optional<boolean>;
  /** The event of the same source that this one replaces. */
  readonly corrects?: Optional<string>;
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

/** The event of a call, or what its fields still have wrong: the address, the cost, the time. */
export function eventFromCall(
  call: Call,
  { index, source, now }: ElementContext,
  voids?: string,
): ParsedEvent {
  const userEmail = parseUserEmail(call.user_email);
  if (userEmail === "invalid") {
    return invalidElement(index, call.event_id, "user_email: expected an e-mail address");
  }
  const cost = parseReportedCost(call.reported_cost_usd);
  if (typeof cost === "string") return invalidElement(index, call.event_id, cost);
  const corrects = call.corrects ?? undefined;
  if ((corrects ?? voids) === call.event_id) {
    const field = corrects === undefined ? "voids" : "corrects";
    return invalidElement(index, call.event_id, `${field}: expected the event_id of another event`);
  }

  const isTimed = typeof call.occurred_at === "string";
  const plain: UsageEvent = {
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
  const event =
    corrects === undefined && voids === undefined ? plain : referring(plain, { corrects, voids });
  const rejection = checkOccurredAt(event, index, now);
  return rejection === undefined
    ? { kind: "event", index, event: isTimed ? event : timedByReceipt(event) }
    : { kind: "rejected", rejection };
}

/** The same event, with the one that it corrects or cancels. */
function referring(
  event: UsageEvent,
  {
    corrects,
    voids,
  }: { readonly corrects: string | undefined; readonly voids: string | undefined },
): UsageEvent {
  return {
    ...event,
    ...(corrects === undefined ? {} : { corrects }),
    ...(voids === undefined ? {} : { voids }),
  };
}

/**
 * SHA-256 over what we keep of an event, whatever order or spelling its JSON had. A time of receipt
 * is no part of it.
 */
export function contentSha256(event: UsageEvent): string {
  // Stored hashes were made of each adapter's names in its own order: neither may ever change.
  const canonical = {
    ...event,
    occurredAt: "isTimedByReceipt" in event ? null : event.occurredAt.toISOString(),
    reportedCost: event.reportedCost === undefined ? null : usdToDecimal(event.reportedCost),
    tags: Object.entries(event.tags).toSorted(([left], [right]) => (left < right ? -1 : 1)),
  };
  return hash("sha256", JSON.stringify(canonical));
}
