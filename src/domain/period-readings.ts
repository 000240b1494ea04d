/**
 * Names and times among the words that people type, in any order. A name may look like a time
 * ("march"), so there may be several readings: only who knows the names can tell which is meant.
 */
import type { Calendar } from "./calendar-words.ts";
import { parseReportPeriod, type ReportPeriod } from "./report-period.ts";
import type { Instant } from "./time.ts";

export interface Reading {
  /** Empty: no scope was named. */
  readonly scopeText: string;
  /** Undefined: none was named. */
  readonly period: ReportPeriod | undefined;
}

/** "from the 3rd of" and the like have no more words than this. */
const PERIOD_WORDS_MAX = 9;
/** Small words that people put between a name and a time. */
const FILLERS: ReadonlySet<string> = new Set(["for", "in", "of", "during", "on", "spend"]);

/** The longest run of words that is a time first; of equal ones the last. */
export function periodReadings(
  words: readonly string[],
  now: Instant,
  calendar: Calendar,
): readonly Reading[] {
  const readings: Reading[] = [];
  for (let count = Math.min(PERIOD_WORDS_MAX, words.length); count >= 1; count -= 1) {
    for (let from = words.length - count; from >= 0; from -= 1) {
      const period = parseReportPeriod(words.slice(from, from + count).join(" "), now, calendar);
      if (period === undefined) continue;
      const before = withoutFillers(words.slice(0, from));
      const after = withoutFillers(words.slice(from + count));
      readings.push({ scopeText: [...before, ...after].join(" "), period });
    }
  }
  return readings;
}

/** Without the small words at either end. */
function withoutFillers(words: readonly string[]): readonly string[] {
  const first = words.findIndex((word) => !FILLERS.has(word.toLowerCase()));
  const last = words.findLastIndex((word) => !FILLERS.has(word.toLowerCase()));
  return first === -1 ? [] : words.slice(first, last + 1);
}
