/**
 * What Anthropic's Messages API gave, as it is, in the envelope of a native event: a response, the
 * usage pieces of a stream, a line of a Message Batch's results. Only ids, the model and quantities
 * are read; content is dropped (platform.claude.com/docs/en/build-with-claude/streaming, …/batch-processing).
 */
import { z } from "zod";
import { type AnthropicUsage, anthropicUsage } from "../anthropic-usage.ts";
import { type ElementContext, eventFromCall } from "../call-event.ts";
import { describeIssues, id, isoTime, optionalCount, requiredId } from "../event-fields.ts";
import { invalidElement } from "../field-limits.ts";
import { envelopeFields } from "../native-event.ts";
import type { ParsedEvent } from "../rules.ts";

/** Anthropic's own gateway estimates with the same ratio. */
export const CHARACTERS_PER_TOKEN = 4;

const envelope = {
  event_id: id,
  occurred_at: isoTime.nullish(),
  ...envelopeFields,
  /** How much of an answer had arrived when its stream was cut off. */
  partial_output_characters: optionalCount,
};

const message = z.object({
  id: requiredId,
  model: requiredId,
  usage: anthropicUsage,
  /** Null while a stream goes on, and for ever when it was cut off. */
  stop_reason: z.unknown().optional(),
});
const messageElement = z.object({ ...envelope, message });

const streamElement = z.object({ ...envelope, stream_events: z.array(z.unknown()) });
const streamEvent = z.object({ type: z.unknown() });
const messageStart = z.object({ message });
const messageDelta = z.object({
  usage: anthropicUsage
    .partial()
    .extend({ input_tokens: optionalCount, output_tokens: optionalCount })
    .nullish(),
  delta: z.object({ stop_reason: z.unknown().optional() }).nullish(),
});
type DeltaUsage = NonNullable<z.infer<typeof messageDelta>["usage"]>;

const batchResult = z.object({ result: z.object({ type: z.string() }) });
const succeededElement = z.object({ ...envelope, result: z.object({ message }) });

type Envelope = z.infer<z.ZodObject<typeof envelope>>;

/** `{ message, …envelope }`: the response itself. Without a stop reason it is one that was cut off. */
export function parseMessage(raw: unknown, context: ElementContext): ParsedEvent {
  const parsed = messageElement.safeParse(raw);
  if (!parsed.success) return invalid(raw, context, describeIssues(parsed.error));
  const { message: response, ...rest } = parsed.data;
  return eventFrom(rest, { ...response, isIncomplete: response.stop_reason === null }, context);
}

/** `{ stream_events: [message_start, …, message_delta, …], …envelope }`. Other events may be among them. */
export function parseStreamEvents(raw: unknown, context: ElementContext): ParsedEvent | undefined {
  const parsed = streamElement.safeParse(raw);
  if (!parsed.success) return invalid(raw, context, describeIssues(parsed.error));
  const { stream_events: events, ...rest } = parsed.data;
  const types = events.map((event) => streamEvent.safeParse(event).data?.type);
  const startAt = types.indexOf("message_start");
  if (startAt === -1) {
    // A request that failed before it began costs nothing.
    if (types.includes("error")) return undefined;
    return invalid(raw, context, "stream_events: expected an event of type message_start");
  }
  if (types.lastIndexOf("message_start") !== startAt) {
    return invalid(
      raw,
      context,
      "stream_events: expected the events of one message, not of several",
    );
  }
  const start = messageStart.safeParse(events[startAt]);
  if (!start.success) return invalid(raw, context, inStream(startAt, start.error));

  let usage = start.data.message.usage;
  let isComplete = false;
  for (const [at, event] of events.entries()) {
    if (types[at] !== "message_delta") continue;
    const delta = messageDelta.safeParse(event);
    if (!delta.success) return invalid(raw, context, inStream(at, delta.error));
    usage = overwritten(usage, delta.data.usage ?? {});
    const isLast = types.includes("message_stop") || delta.data.delta?.stop_reason !== null;
    if (isLast && typeof delta.data.usage?.output_tokens === "number") isComplete = true;
  }
  return eventFrom(rest, { ...start.data.message, usage, isIncomplete: !isComplete }, context);
}

/**
 * A line of a batch's results, with or without an envelope. Undefined for requests that errored,
 * expired or were canceled: they are not billed.
 */
export function parseBatchResult(raw: unknown, context: ElementContext): ParsedEvent | undefined {
  const type = batchResult.safeParse(raw).data?.result.type;
  switch (type) {
    case "errored":
    case "canceled":
    case "expired":
      return undefined;
    case "succeeded": {
      const parsed = succeededElement.safeParse(raw);
      if (!parsed.success) return invalid(raw, context, describeIssues(parsed.error));
      const { result, ...rest } = parsed.data;
      const { usage } = result.message;
      const tier = usage.service_tier ?? "batch";
      const billed = { ...usage, service_tier: tier };
      return eventFrom(rest, { ...result.message, usage: billed, isIncomplete: false }, context);
    }
    case undefined:
    default:
      return invalid(raw, context, "result.type: expected succeeded, errored, canceled or expired");
  }
}

/** Pieces of a stream are cumulative: what a later one gives replaces what was, nothing is summed. */
function overwritten(usage: AnthropicUsage, delta: DeltaUsage): AnthropicUsage {
  const given = Object.entries(delta).filter(([, value]) => value !== null && value !== undefined);
  return { ...usage, ...Object.fromEntries(given) };
}

interface Response {
  readonly id: string;
  readonly model: string;
  readonly usage: AnthropicUsage;
  readonly isIncomplete: boolean;
}

function eventFrom(
  { partial_output_characters: characters, ...rest }: Envelope,
  { id: messageId, model, usage, ...response }: Response,
  context: ElementContext,
): ParsedEvent {
  const isIncomplete = response.isIncomplete || rest.is_incomplete === true;
  const floor = Math.floor((characters ?? 0) / CHARACTERS_PER_TOKEN);
  return eventFromCall(
    {
      ...rest,
      event_id: rest.event_id ?? rest.request_id ?? messageId,
      // A message that comes through two sources is known by its id where nobody kept the request's.
      request_id: rest.request_id ?? messageId,
      message_id: rest.message_id ?? messageId,
      model,
      usage: isIncomplete
        ? { ...usage, output_tokens: Math.max(usage.output_tokens, floor) }
        : usage,
      is_incomplete: isIncomplete,
    },
    context,
  );
}

function inStream(at: number, error: z.ZodError): string {
  return describeIssues(error, `stream_events.${String(at)}.`);
}

/** The ids of an element that may have any form, as far as they can be read. */
const named = z.object({ id: id.catch(null) }).catch({ id: null });
const ids = z.object({
  event_id: id.catch(null),
  request_id: id.catch(null),
  message: named,
  result: z.object({ message: named }).catch({ message: { id: null } }),
});

function invalid(raw: unknown, { index }: ElementContext, problem: string): ParsedEvent {
  const found = ids.safeParse(raw).data;
  const messageId = found?.message.id ?? found?.result.message.id;
  return invalidElement(index, found?.event_id ?? found?.request_id ?? messageId, problem);
}
