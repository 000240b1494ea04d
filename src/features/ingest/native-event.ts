/**
 * The native usage event: JSON as in docs/usage-events.md → UsageEvent. `usage` is Anthropic's own
 * object unchanged. Fields that we do not know are dropped here, so that text of a prompt or an
 * answer never gets any further. Adapters of Anthropic's own shapes share its envelope.
 */
import { hash } from "node:crypto";
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
import { isPlainCall } from "./plain-call.ts";
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
  /** The event of the same source that this one replaces. */
  corrects: id,
};

const nativeEvent = z.object({
  event_id: requiredId,
  occurred_at: isoTime,
  model: requiredId,
  usage: anthropicUsage,
  ...envelopeFields,
});

/** Cancels an event, and uses nothing itself. */
const voidEvent = z.object({
  event_id: requiredId,
  occurred_at: isoTime,
  voids: requiredId,
  usage: z
    .null("expected no usage beside voids; to replace the event, send corrects with the new usage")
    .optional(),
  corrects: z.null("expected either corrects or voids").optional(),
  operation_id: id,
});

/** Where an element stands and what proved to have sent it. */
export interface ElementContext {
  /** Position of the element in its delivery. */
  readonly index: number;
  readonly source: string;
  readonly now: Instant;
}

/** A call of Claude with its envelope, each field already of the right form. */
interface Call extends Partial<z.infer<z.ZodObject<typeof envelopeFields>>> {
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
  return isPlainCall(raw) ? eventFromCall(raw, context) : parseByShape(raw, context);
}

/** The same for any element, by the shape alone. */
export function parseByShape(raw: unknown, context: ElementContext): ParsedEvent {
  if ((anyFields.safeParse(raw).data?.["voids"] ?? null) !== null) return parseVoid(raw, context);
  const parsed = nativeEvent.safeParse(raw);
  if (parsed.success) return eventFromCall(parsed.data, context);
  return unreadable(raw, context, parsed.error);
}

const NO_USAGE: AnthropicUsage = { input_tokens: 0, output_tokens: 0 };

function parseVoid(raw: unknown, context: ElementContext): ParsedEvent {
  const parsed = voidEvent.safeParse(raw);
  if (!parsed.success) return unreadable(raw, context, parsed.error);
  const { voids, event_id, occurred_at, operation_id } = parsed.data;
  const call: Call = { event_id, occurred_at, operation_id, model: "", usage: NO_USAGE };
  return eventFromCall(call, context, voids);
}

const anyFields = z.record(z.string(), z.unknown());

function unreadable(raw: unknown, { index }: ElementContext, error: z.ZodError): ParsedEvent {
  const fields = anyFields.safeParse(raw).data ?? {};
  const { rejection, kind } = invalidElement(index, fields["event_id"], describeIssues(error));
  return { kind, rejection: { ...rejection, fields: readableFields(fields) } };
}

const address = z.string().refine((value) => parseUserEmail(value) !== "invalid");

/** Of something that is no event, the fields that are well-formed by themselves; nothing else. */
function readableFields(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const wellFormed = (
    shape: Readonly<Record<string, z.ZodType>>,
    from: Readonly<Record<string, unknown>>,
  ): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      Object.entries(shape).flatMap(([name, field]) => {
        const value = from[name] ?? null;
        const parsed = value === null ? undefined : field.safeParse(value);
        return parsed?.success === true ? [[name, parsed.data]] : [];
      }),
    );
  const usage = anyFields.safeParse(raw["usage"]).data;
  return {
    ...wellFormed(
      {
        ...nativeEvent.shape,
        reported_cost_usd: z.number(),
        voids: voidEvent.shape.voids,
        user_email: address, // What is no address may be any text.
      },
      raw,
    ),
    ...(usage === undefined ? {} : { usage: wellFormed(anthropicUsage.shape, usage) }),
  };
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

/** The native event as JSON Schema, for the description of the API. */
export function nativeEventJsonSchema(): object {
  return z.toJSONSchema(nativeEvent, { io: "input", unrepresentable: "any" });
}
