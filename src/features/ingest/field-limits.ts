/**
 * What a field of an event may hold, and what an element is that holds something else. Loads nothing
 * but words of the domain, so that a thread that reads files is at work at once: the library that the
 * shapes are built with takes longer to load than a file to read.
 */
import { parseEmail } from "../../domain/email.ts";
import { parseUsd, usd } from "../../domain/money.ts";
import type { UsageEvent } from "../../domain/usage.ts";
import type { ParsedEvent } from "./rules.ts";

export const ID_CHARS_MAX = 256;
export const TAGS_MAX = 32;
export const TAG_CHARS_MAX = 256;
/** Of one request. */
export const ITERATIONS_MAX = 1_000;
/** Far above any real request, far below where sums of a batch would lose their meaning. */
export const TOKENS_MAX = 1_000_000_000_000;
/** The same for dollars; two amounts at the end of what Postgres can hold would add up to an error. */
const REPORTED_MAX = usd(1_000_000_000_000_000_000_000n);
/** Text that Postgres can store: no NUL, no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !SUSPICIOUS.test(text) || !BROKEN.test(text);
}

/** Few texts have such a character at all, and looking for pairs takes longer. */
const SUSPICIOUS = /[\0\ud800-\udfff]/;
const BROKEN = /[\0\p{Surrogate}]/u;

/** Whether `requiredId` takes it. */
export function isId(value: unknown): value is string {
  return isText(value, ID_CHARS_MAX) && value !== "";
}

export function isText(value: unknown, charsMax: number): value is string {
  return typeof value === "string" && value.length <= charsMax && isStorable(value);
}

/** Whether `isoTime` takes it: ISO 8601 with a zone, a day that there is. */
export function isIsoTime(value: unknown): value is string {
  return typeof value === "string" && ISO_TIME.test(value);
}

const LEAP_DAY = /(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29/
  .source;
const OTHER_DAY =
  /\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|(?:02)-(?:0[1-9]|1\d|2[0-8]))/
    .source;
const TIME_OF_DAY = /(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?/.source;
const ZONE = /(?:Z|([+-](?:[01]\d|2[0-3]):[0-5]\d))/.source;
/** The same expression as the library of the shapes has; a test compares them. */
export const ISO_TIME = new RegExp(`^(?:${LEAP_DAY}|${OTHER_DAY})T(?:${TIME_OF_DAY}${ZONE})$`);

/** Whether `count` takes it. */
export function isCount(value: unknown): boolean {
  return (
    typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= TOKENS_MAX
  );
}
/**
 * Dollars as a decimal or a float, exact to 12 places; undefined when absent. A text as the result
 * says what is wrong with `field`.
 */
export function parseReportedCost(
  value: string | number | null | undefined,
  field = "reported_cost_usd",
): UsageEvent["reportedCost"] | string {
  if (value === undefined || value === null) return undefined;
  const decimal =
    typeof value === "number" && Number.isFinite(value) ? value.toFixed(12) : String(value);
  const amount = parseUsd(decimal);
  if (amount === undefined || amount < 0n) {
    return `${field}: expected dollars as a decimal of at least 0 with at most 12 places`;
  }
  return amount > REPORTED_MAX ? `${field}: expected at most 1000000000 dollars` : amount;
}

/** The person; undefined when absent, "invalid" for what is no e-mail address. */
export function parseUserEmail(
  value: string | null | undefined,
): UsageEvent["userEmail"] | "invalid" {
  if (value === undefined || value === null) return undefined;
  return parseEmail(value) ?? "invalid";
}

/** An element that is no event. Its id is told where it has one that can be stored. */
export function invalidElement(
  index: number,
  eventId: unknown,
  message: string,
): Extract<ParsedEvent, { kind: "rejected" }> {
  return {
    kind: "rejected",
    rejection: { index, eventId: isId(eventId) ? eventId : undefined, code: "invalid", message },
  };
}

/** An object as JSON knows it. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
