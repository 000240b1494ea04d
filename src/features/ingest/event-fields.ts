/**
 * The pieces that shapes of usage are made of, whatever the source: texts that Postgres can store,
 * ids and counts within their limits, reported dollars, and one wording for what is wrong. Each
 * adapter builds its own shape from them; zod drops every field that a shape does not name. The same
 * limits without shapes are in `field-limits.ts`.
 */
import { z } from "zod";
import { ID_CHARS_MAX, isStorable, TAG_CHARS_MAX, TAGS_MAX, TOKENS_MAX } from "./field-limits.ts";

const ISSUES_MAX = 5;
/** A name of ours is shorter; a sender's own name, of a tag, is cut off. */
const PATH_CHARS_MAX = 120;

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
 * The first problems of an element in one line, each with its field: "usage.input_tokens: too
 * small". `within` is the path of what was parsed, if it is a part of the element.
 */
export function describeIssues(error: z.ZodError, within = ""): string {
  return error.issues
    .slice(0, ISSUES_MAX)
    .map((issue) => `${within}${pathOf(issue) || "event"}: ${lowerFirst(issue.message)}`)
    .join("; ");
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
