/**
 * One element of a native delivery, whichever of its shapes it has: a native usage event, or what
 * Anthropic's Messages API gave, as it is. What holds for a whole delivery (its query, the
 * attributes of a CloudEvent) fills the fields that the element does not have itself.
 */
import type { ElementContext } from "../call-event.ts";
import { isRecord } from "../field-limits.ts";
import { parseNativeEvent } from "../native-event.ts";
import type { ParsedEvent } from "../rules.ts";
import { parseBatchResult, parseMessage, parseStreamEvents } from "./anthropic-message.ts";

/** Fields of the envelope, by their native names, for elements that lack them. */
export type EnvelopeDefaults = Readonly<Record<string, string>>;

export interface NativeElementContext extends ElementContext {
  readonly defaults?: EnvelopeDefaults;
}

/** Undefined for what is rightly no usage: an answer that is an error costs nothing. */
export function nativeElement(
  raw: unknown,
  context: NativeElementContext,
): ParsedEvent | undefined {
  if (!isRecord(raw)) return parseNativeEvent(raw, context);
  const element = filled(raw, context.defaults);
  if (isResponse(raw)) return parseMessage({ ...element, message: raw }, context);
  // A native event may carry fields of any name beside its own; what has `usage` is one.
  if (raw["usage"] === undefined) {
    if (isError(raw)) return undefined;
    if (isRecord(raw["message"])) {
      return isError(raw["message"]) ? undefined : parseMessage(element, context);
    }
    if (Array.isArray(raw["stream_events"])) return parseStreamEvents(element, context);
    if (raw["custom_id"] !== undefined && isRecord(raw["result"])) {
      return parseBatchResult(element, context);
    }
  }
  return parseNativeEvent(element, context);
}

/** A response of the Messages API by itself, not one whose fields somebody made an event of. */
function isResponse(raw: Readonly<Record<string, unknown>>): boolean {
  return raw["type"] === "message" && raw["usage"] !== undefined && raw["event_id"] === undefined;
}

/** Anthropic's error body. */
function isError(raw: Readonly<Record<string, unknown>>): boolean {
  return raw["type"] === "error" && isRecord(raw["error"]);
}

function filled(
  raw: Readonly<Record<string, unknown>>,
  defaults: EnvelopeDefaults | undefined,
): Readonly<Record<string, unknown>> {
  if (defaults === undefined) return raw;
  const missing = Object.entries(defaults).filter(([field]) => (raw[field] ?? null) === null);
  return { ...raw, ...Object.fromEntries(missing) };
}
