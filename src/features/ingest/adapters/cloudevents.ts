/**
 * CloudEvents 1.0 over HTTP: what a structured, batched or binary event says about the element in
 * its `data` (github.com/cloudevents/spec, http-protocol-binding.md). Source and id name the
 * element, and time dates it, where the element does not do so itself.
 */
import { z } from "zod";
import type { RequestHeaders } from "../../../http/authorization.ts";
import { describeIssues, requiredId } from "../event-fields.ts";
import { ID_CHARS_MAX, invalidElement } from "../field-limits.ts";
import type { ParsedEvent } from "../rules.ts";
import { type NativeElementContext, nativeElement } from "./native-element.ts";

const SOURCE_CHARS_MAX = 2_048;

const attributes = z.object({
  specversion: z.literal("1.0"),
  id: requiredId,
  source: z.string().min(1).max(SOURCE_CHARS_MAX),
  type: z.string().min(1),
  time: z.string().nullish(),
});
const structured = z.object({ data: z.unknown().optional(), data_base64: z.string().nullish() });

/** An event in CloudEvents' JSON format, alone or as one of a batch. */
export function structuredElement(
  raw: unknown,
  context: NativeElementContext,
): ParsedEvent | undefined {
  const parsed = structured.safeParse(raw);
  if (!parsed.success)
    return invalidElement(context.index, undefined, describeIssues(parsed.error));
  const { data, data_base64: base64 } = parsed.data;
  if (data !== undefined && data !== null) return elementOf(raw, data, context);
  if (typeof base64 !== "string") {
    return rejected(raw, context, "data: expected a usage event");
  }
  const decoded = jsonFromBase64(base64);
  if (decoded === undefined) {
    return rejected(raw, context, "data_base64: expected JSON in UTF-8, in base64");
  }
  return elementOf(raw, decoded, context);
}

/** An event whose attributes are the `ce-` headers; `data` is the parsed body. */
export function binaryElement(
  headers: RequestHeaders,
  data: unknown,
  context: NativeElementContext,
): ParsedEvent | undefined {
  const given = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith("ce-") && typeof value === "string" ? [[name.slice(3), fromHeader(value)]] : [],
  );
  return elementOf(Object.fromEntries(given), data, context);
}

/** Whether a request is a CloudEvent in binary mode, unless its content type says structured. */
export function isBinaryCloudEvent(headers: RequestHeaders): boolean {
  return headers["ce-specversion"] !== undefined;
}

function elementOf(
  raw: unknown,
  data: unknown,
  context: NativeElementContext,
): ParsedEvent | undefined {
  const parsed = attributes.safeParse(raw);
  if (!parsed.success) return rejected(raw, context, describeIssues(parsed.error));
  const { id, source, time } = parsed.data;
  // No URI has a bar, so that the two parts can't be confused.
  const eventId = `${source.replaceAll("|", "%7C")}|${id}`;
  if (!requiredId.safeParse(eventId).success) {
    return rejected(
      raw,
      context,
      `source: expected source and id of at most ${String(ID_CHARS_MAX - 1)} characters together, without NUL or broken characters`,
    );
  }
  return nativeElement(data, {
    ...context,
    defaults: {
      ...context.defaults,
      ...(typeof time === "string" ? { occurred_at: time } : {}),
      event_id: eventId,
    },
  });
}

function rejected(raw: unknown, { index }: NativeElementContext, message: string): ParsedEvent {
  const eventId = z.object({ id: z.unknown() }).safeParse(raw).data?.id;
  return invalidElement(index, eventId, message);
}

function jsonFromBase64(base64: string): unknown {
  try {
    return JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(base64, "base64")),
    );
  } catch {
    return undefined; // Told to the sender by the caller, without quoting what it sent.
  }
}

/** Undoes quotes and percent-encoding. Some senders don't encode: what can't be decoded is as it is. */
function fromHeader(value: string): string {
  const quoted = /^"(.*)"$/s.exec(value)?.[1];
  const unquoted = quoted === undefined ? value : quoted.replace(/\\(.)/gs, "$1");
  try {
    return decodeURIComponent(unquoted);
  } catch {
    return unquoted;
  }
}
