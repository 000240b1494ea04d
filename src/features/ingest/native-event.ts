/**
 * The native usage event: JSON as in docs/usage-events.md → UsageEvent. `usage` is Anthropic's own
 * object unchanged. Fields that we do not know are dropped here, so that text of a prompt or an
 * answer never gets any further. Adapters of Anthropic's own shapes share its envelope.
 */
import { z } from "zod";
import { type AnthropicUsage, anthropicUsage } from "./anthropic-usage.ts";
import { type Call, type ElementContext, eventFromCall } from "./call-event.ts";
import {
  describeIssues,
  id,
  isoTime,
  reportedCost,
  requiredId,
  tags,
  text,
} from "./event-fields.ts";
import { invalidElement, parseUserEmail } from "./field-limits.ts";
import { isPlainCall } from "./plain-call.ts";
import type { ParsedEvent } from "./rules.ts";

export { contentSha256, timedByReceipt } from "./call-event.ts";

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

/** The native event as JSON Schema, for the description of the API. */
export function nativeEventJsonSchema(): object {
  return z.toJSONSchema(nativeEvent, { io: "input", unrepresentable: "any" });
}
