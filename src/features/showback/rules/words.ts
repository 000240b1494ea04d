/**
 * A question as people type it, taken apart: what it is about, for which time, by what. The words
 * come in any order, and a name may look like a time ("march"), so there may be several readings:
 * only who knows the organization can tell which one is meant. Pure.
 */
import type { Calendar } from "../../../domain/calendar-words.ts";
import { periodReadings, type Reading } from "../../../domain/period-readings.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Dimension } from "../rules.ts";

export interface TypedQuestion {
  /** Every word as a name first; then with as many words as possible for the time. */
  readonly readings: readonly Reading[];
  readonly by: Dimension | undefined;
  readonly isExact: boolean;
}

const DIMENSION_WORDS: ReadonlyMap<string, Dimension> = new Map([
  ["user", "user"],
  ["users", "user"],
  ["person", "user"],
  ["people", "user"],
  ["project", "project"],
  ["projects", "project"],
  ["model", "model"],
  ["models", "model"],
  ["key", "api_key"],
  ["keys", "api_key"],
  ["team", "team"],
  ["teams", "team"],
]);

/** "people" → user; undefined for a word that is no dimension. */
export function dimensionOf(word: string): Dimension | undefined {
  return DIMENSION_WORDS.get(word.toLowerCase());
}

/** How a dimension is typed after "by". */
export const DIMENSION_TYPED: Readonly<Record<Dimension, string>> = {
  team: "team",
  project: "project",
  user: "person",
  model: "model",
  api_key: "key",
};

/** A name this long was pasted by accident; each word is tried many times. */
const WORDS_MAX = 40;

export function readWords(text: string, now: Instant, calendar: Calendar): TypedQuestion {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const { rest, by, isExact } = splitView(words);
  const whole: Reading = { scopeText: words.join(" "), period: undefined };
  const plain: Reading = { scopeText: rest.join(" "), period: undefined };
  if (words.length > WORDS_MAX) return { readings: [whole], by: undefined, isExact: false };
  return {
    readings: [whole, ...periodReadings(rest, now, calendar), plain],
    by,
    isExact,
  };
}

/** Takes "by model" and "exact" out, the last of each: names come before what is added to them. */
function splitView(words: readonly string[]): {
  readonly rest: readonly string[];
  readonly by: Dimension | undefined;
  readonly isExact: boolean;
} {
  const exactAt = words.findLastIndex((word) => /^exact(?:ly)?$/i.test(word));
  const byAt = words.findLastIndex(
    (word, at) => /^(?:by|per)$/i.test(word) && dimensionOf(words[at + 1] ?? "") !== undefined,
  );
  const taken = new Set([exactAt, ...(byAt === -1 ? [] : [byAt, byAt + 1])]);
  return {
    rest: words.filter((_word, at) => !taken.has(at)),
    by: byAt === -1 ? undefined : dimensionOf(words[byAt + 1] ?? ""),
    isExact: exactAt !== -1,
  };
}
