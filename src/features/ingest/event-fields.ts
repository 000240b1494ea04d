/**
 * The pieces that shapes of usage are made of, whatever the source: texts that Postgres can store,
 * ids and counts within their limits, reported dollars, and one wording for what is wrong. Each
 * adapter builds its own shape from them; zod drops every field that a shape does not name.
 */
import { z } from "zod";
import { parseEmail } from "../../domain/email.ts";
import { parseUsd, usd } from "../../domain/money.ts";
import type { UsageEvent } from "../../domain/usage.ts";
import type { ParsedEvent, Rejection } from "./rules.ts";

export const ID_CHARS_MAX = 256;
export const TAGS_MAX = 32;
export const TAG_CHARS_MAX = 256;
/** Far above any real request, far below where sums of a batch would lose their meaning. */
const TOKENS_MAX = 1_000_000_000_000;
/** The same for dollars; two amounts at the end of what Postgres can hold would add up to an error. */
const REPORTED_MAX = usd(1_000_000_000_000_000_000_000n);
const ISSUES_MAX = 5;
/** A name of ours is shorter; a sender's own name, of a tag, is cut off. */
const PATH_CHARS_MAX = 120;

/** Text that Postgres can store: no NUL, no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !SUSPICIOUS.test(text) || !BROKEN.test(text);
}

/** Few texts have such a character at all, and looking for pairs takes longer. */
const SUSPICIOUS = /[\0\ud800-\udfff]/;
const BROKEN = /[\0\p{Surrogate}]/u;

export const text = (charsMax: number): z.ZodString =>
  z.string().max(charsMax).refine(isStorable, "expected text without NUL or broken characters");

export const requiredId = text(ID_CHARS_MAX).min(1);
/** An id that may be absent; `null` is the same as absent. */
export const id = requiredId.nullish();

const WHOLE_NUMBER = `expected a whole number from 0 to ${String(TOKENS_MAX)}`;
export const count = z
  .number(WHOLE_NUMBER)
  .int(WHOLE_NUMBER)
  .min(0, WHOLE_NUMBER)
  .max(TOKENS_MAX, WHOLE_NUMBER);
/** Whether `count` takes it. */
export function isCount(value: unknown): boolean {
  return (
    typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= TOKENS_MAX
  );
}
export const optionalCount = count.nullish();

/** A count that sources also write as decimal text ("12") or as a float without a fraction. */
export const looseCount = z.preprocess(
  (value) =>
    typeof value === "string" && /^\d{1,15}(?:\.0+)?$/.test(value) ? Number(value) : value,
  count,
);

/** ISO 8601 with a zone. */
export const isoTime = z.iso.datetime({ offset: true });

export const tags = z
  .record(text(TAG_CHARS_MAX).min(1), text(TAG_CHARS_MAX))
  .refine(
    (record) => Object.keys(record).length <= TAGS_MAX,
    `expected at most ${String(TAGS_MAX)} tags`,
  );

export const reportedCost = z.union([z.string(), z.number()]).nullish();

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

/**
 * The first problems of an element in one line, each with its field: "usage.input_tokens: too
 * small". `within` is the path of what was parsed, if it is a part of the element.
 */
export function describeIssues(error: z.ZodError, within = ""): string {
  return error.issues
    .slice(0, ISSUES_MAX)
    .map((issue) => `${within}${pathOf(issue) || "event"}: ${lowerFirst(issue.message)}`)
    .join("; ");
}

/** An element that is no event. Its id is told where it has one that can be stored. */
export function invalidElement(
  index: number,
  eventId: unknown,
  message: string,
): Extract<ParsedEvent, { kind: "rejected" }> {
  const rejection: Rejection = {
    index,
    eventId: requiredId.safeParse(eventId).data,
    code: "invalid",
    message,
  };
  return { kind: "rejected", rejection };
}

function pathOf(issue: z.core.$ZodIssue): string {
  // A tag's name is the sender's: whatever it holds must neither fail in Postgres nor tell a story.
  return issue.path
    .map((part) => String(part).replace(/[\p{Cc}\p{Surrogate}]/gu, ""))
    .join(".")
    .slice(0, PATH_CHARS_MAX);
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
