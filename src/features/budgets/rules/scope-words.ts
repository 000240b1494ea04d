/**
 * What people type after `budget` and `forecast`, taken apart: whose, and perhaps of which period
 * or time, in any order. Which reading is meant only who knows the organization can tell. Pure.
 */
import type { Calendar } from "../../../domain/calendar-words.ts";
import { periodReadings } from "../../../domain/period-readings.ts";
import type { ReportPeriod } from "../../../domain/report-period.ts";
import type { Instant, PeriodKind } from "../../../domain/time.ts";
import { PERIOD_WORDS } from "./commands.ts";

export interface BudgetReading {
  /** Empty: nobody was named. */
  readonly scopeText: string;
  /** Budgets of that period: "weekly", "this week". */
  readonly periodKind: PeriodKind | undefined;
  /** A time that is not one that runs: "last month". Budgets tell nothing of it, a report does. */
  readonly period: ReportPeriod | undefined;
}

/** A name this long was pasted by accident; each word is tried many times. */
const WORDS_MAX = 40;
const FILLERS: ReadonlySet<string> = new Set(["a", "each", "every", "my", "per", "the"]);

/** Times that run, by how a button types them. */
const RUNNING: ReadonlyMap<string, PeriodKind> = new Map([
  ["today", "daily"],
  ["this-week", "weekly"],
  ["mtd", "monthly"],
  ["this-quarter", "quarterly"],
  ["this-year", "yearly"],
]);

/** Every word as a name first, then with a period or time among them, and all of them at last. */
export function budgetReadings(
  text: string,
  now: Instant,
  calendar: Calendar,
): readonly BudgetReading[] {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const whole = { scopeText: words.join(" "), periodKind: undefined, period: undefined };
  if (words.length > WORDS_MAX) return [whole, whole];
  const times = periodReadings(words, now, calendar).map(({ scopeText, period }): BudgetReading => {
    const periodKind = RUNNING.get(period?.typed ?? "");
    return { scopeText, periodKind, period: periodKind === undefined ? period : undefined };
  });
  return [whole, ...kindReadings(words), ...times, whole];
}

/** "search weekly", "weekly search", "search per week": the kind stands at an end. */
function kindReadings(words: readonly string[]): readonly BudgetReading[] {
  const ends = [
    { word: words.at(-1), rest: words.slice(0, -1) },
    { word: words[0], rest: words.slice(1) },
  ];
  return ends.flatMap(({ word = "", rest }) => {
    const periodKind = PERIOD_WORDS[word.toLowerCase()];
    if (periodKind === undefined) return [];
    const isFiller = (one: string | undefined): boolean => FILLERS.has(one?.toLowerCase() ?? "");
    const named = isFiller(rest.at(-1)) ? rest.slice(0, -1) : rest;
    return [{ scopeText: named.join(" "), periodKind, period: undefined }];
  });
}
