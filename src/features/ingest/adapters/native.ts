/**
 * The native endpoint's framings: one JSON object, an array, one object a line (NDJSON), or
 * CloudEvents in its three modes. What each element is, `native-element.ts` knows. Refuses a whole
 * delivery only when its elements can't be told apart.
 */
import { z } from "zod";
import { AppError } from "../../../domain/errors.ts";
import type { RequestHeaders } from "../../../http/authorization.ts";
import { parseJson } from "../../../http/body.ts";
import { USAGE_EVENTS_MAX } from "../../../http/limits.ts";
import { describeIssues, id, isoTime } from "../event-fields.ts";
import { invalidElement, isRecord } from "../field-limits.ts";
import { envelopeFields } from "../native-event.ts";
import type { ParsedEvent } from "../rules.ts";
import type { AdapterContext } from "./adapter.ts";
import { binaryElement, isBinaryCloudEvent, structuredElement } from "./cloudevents.ts";
import {
  type EnvelopeDefaults,
  type NativeElementContext,
  nativeElement,
} from "./native-element.ts";

export interface NativeDelivery {
  readonly contentType: string | undefined;
  readonly headers: RequestHeaders;
  /** Without its content encoding. */
  readonly body: Buffer;
  /** Parameters of the request's URL: what holds for each element that does not say it itself. */
  readonly query?: unknown;
}

const NDJSON_TYPES: ReadonlySet<string> = new Set([
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
]);

/**
 * One `ParsedEvent` for each element that is about usage. Throws `AppError` "invalid" for what is
 * not JSON of one of the framings, "too-large" for too many elements.
 */
export function parseNativeDelivery(
  delivery: NativeDelivery,
  context: AdapterContext,
): readonly ParsedEvent[] {
  const { headers, body } = delivery;
  const { source, now } = context;
  const defaults = defaultsFromQuery(delivery.query);
  const at = (index: number): NativeElementContext =>
    defaults === undefined ? { index, source, now } : { index, source, now, defaults };
  const contentType = mediaType(delivery.contentType);
  if (contentType === "application/cloudevents-batch+json") {
    return parsedEach(arrayOf(parseJson(body)), (raw, index) => structuredElement(raw, at(index)));
  }
  if (contentType === "application/cloudevents+json") {
    return parsedEach([objectOf(parseJson(body))], (raw) => structuredElement(raw, at(0)));
  }
  if (contentType.startsWith("application/cloudevents")) {
    throw invalid(
      `Content-Type ${contentType} is not supported. Send CloudEvents as application/cloudevents+json.`,
    );
  }
  if (isBinaryCloudEvent(headers)) {
    return parsedEach([parseJson(body)], (data) => binaryElement(headers, data, at(0)));
  }
  if (NDJSON_TYPES.has(contentType)) {
    return parsedEach(linesOf(body), (line, index) => lineElement(line, at(index)));
  }
  const parsed = parseJson(body);
  const elements = Array.isArray(parsed) ? arrayOf(parsed) : [objectOf(parsed)];
  return parsedEach(elements, (raw, index) => nativeElement(raw, at(index)));
}

function parsedEach<Element>(
  elements: readonly Element[],
  parse: (element: Element, index: number) => ParsedEvent | undefined,
): readonly ParsedEvent[] {
  const events: ParsedEvent[] = [];
  for (const [index, element] of elements.entries()) {
    const parsed = parse(element, index);
    if (parsed !== undefined) events.push(parsed);
  }
  return events;
}

function mediaType(contentType: string | undefined): string {
  return (contentType ?? "").replace(/;.*$/s, "").trim().toLowerCase();
}

function objectOf(parsed: unknown): unknown {
  if (isRecord(parsed)) return parsed;
  throw invalid("Send one usage event as a JSON object, or an array of them.");
}

function arrayOf(parsed: unknown): readonly unknown[] {
  if (!Array.isArray(parsed)) throw invalid("Send a batch of CloudEvents as a JSON array.");
  if (parsed.length > USAGE_EVENTS_MAX) throw tooMany(String(parsed.length));
  return parsed;
}

interface Line {
  /** As an editor counts. */
  readonly number: number;
  readonly bytes: Buffer;
}

/** The lines that are not blank, each a view of the body. */
function linesOf(body: Buffer): readonly Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (let number = 1; start < body.length; number += 1) {
    const newline = body.indexOf("\n", start);
    const end = newline === -1 ? body.length : newline;
    const bytes = body.subarray(start, end);
    if (!isBlank(bytes)) lines.push({ number, bytes });
    if (lines.length > USAGE_EVENTS_MAX) throw tooMany("more");
    start = end + 1;
  }
  return lines;
}

/** JSON's white space. */
function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

/** A line that is not JSON does not spoil the others. */
function lineElement(line: Line, context: NativeElementContext): ParsedEvent | undefined {
  let raw: unknown;
  try {
    raw = parseJson(line.bytes);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return invalidElement(
      context.index,
      undefined,
      `line ${String(line.number)}: expected a JSON object in UTF-8`,
    );
  }
  return nativeElement(raw, context);
}

/** What may hold for a whole delivery. Ids of single requests are not among it. */
const query = z.object({
  occurred_at: z
    .string()
    // A plus that was not encoded arrives as a space.
    .transform((value) => value.replace(/ (?=\d\d:\d\d$)/, "+"))
    .pipe(isoTime)
    .nullish(),
  provider: envelopeFields.provider,
  user_email: envelopeFields.user_email,
  team: id,
  project: id,
  workspace_id: id,
  api_key_id: id,
  session_id: id,
  operation_id: id,
});

function defaultsFromQuery(raw: unknown): EnvelopeDefaults | undefined {
  if (isRecord(raw) && Object.keys(raw).length === 0) return undefined; // As nearly always.
  const parsed = query.safeParse(raw ?? {});
  if (!parsed.success) {
    throw invalid(`The query of the URL is wrong. ${describeIssues(parsed.error)}.`);
  }
  const given = Object.entries(parsed.data).flatMap(([field, value]) =>
    typeof value === "string" ? [[field, value] as const] : [],
  );
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function invalid(message: string): AppError {
  return new AppError({ code: "invalid", message });
}

function tooMany(found: string): AppError {
  return new AppError({
    code: "too-large",
    message: `Send at most ${String(USAGE_EVENTS_MAX)} events at a time, not ${found}.`,
  });
}
