/** Days and months as people name them, in the organization's calendar. Pure. */
import {
  DAY_MS,
  type FiscalCalendar,
  type Instant,
  localParts,
  MONTHS,
  type Period,
  parseLocalDate,
  startOfLocalDay,
  type TimeZone,
  WEEKDAYS,
  type Weekday,
} from "./time.ts";

export interface Calendar extends FiscalCalendar {
  readonly timeZone: TimeZone;
  readonly weekStartsOn: Weekday;
}

const MONTH_WORDS = MONTHS.flatMap((name, index) => [
  [name, index + 1] as const,
  [name.slice(0, 3), index + 1] as const,
]);
const MONTH_NUMBERS: ReadonlyMap<string, number> = new Map([...MONTH_WORDS, ["sept", 9]]);

/** "2026-10", "october", "oct 2026": the last one of that name that has begun. */
export function monthOf(
  words: string,
  now: Instant,
  { timeZone: zone }: Calendar,
): readonly [year: number, month: number] | undefined {
  const numbers = /^(20\d{2})-(0[1-9]|1[0-2])$/.exec(words);
  if (numbers !== null) return [Number(numbers[1]), Number(numbers[2])];
  const match = /^([a-z]{3,9})(?:,? (20\d{2}))?$/.exec(words);
  const month = MONTH_NUMBERS.get(match?.[1] ?? "");
  if (month === undefined) return undefined;
  if (match?.[2] !== undefined) return [Number(match[2]), month];
  const today = localParts(now, zone);
  return [month > today.month ? today.year - 1 : today.year, month];
}

/** "2026-11-03", "monday", "nov 3": the last one that has begun. */
export function dayNamed(words: string, now: Instant, calendar: Calendar): Period | undefined {
  const { timeZone: zone } = calendar;
  const iso = parseLocalDate(words, zone);
  if (iso !== undefined) return dayAt(iso, calendar);
  const day = words.replace(/^last /, "");
  const weekday = WEEKDAYS.findIndex((name) => day === name || day === name.slice(0, 3));
  if (weekday !== -1) {
    const ago = (localParts(now, zone).weekday - weekday + 7) % 7;
    // On a Monday "monday" is today, and "last monday" is not.
    const isWeekAgo = ago === 0 && day !== words;
    return dayAt(dayStart(now, calendar, isWeekAgo ? -7 : -ago), calendar);
  }
  const date = dateNamed(words, now, zone);
  return date === undefined ? undefined : dayAt(date, calendar);
}

/** "mon, nov 23": the date says which Monday it was. */
const WEEKDAY_BEFORE = new RegExp(
  `^(?:${WEEKDAYS.flatMap((name) => [name, name.slice(0, 3)]).join("|")}),? (?=.*\\d)`,
);

/** "nov 3", "3rd november 2025": without a year the last one that has begun. */
function dateNamed(words: string, now: Instant, zone: TimeZone): Instant | undefined {
  const date = words.replace(WEEKDAY_BEFORE, "");
  const match =
    /^([a-z]{3,9}) (\d{1,2})(?:st|nd|rd|th)?(?:,? (20\d{2}))?$/.exec(date) ??
    /^(?<day>\d{1,2})(?:st|nd|rd|th)? (?<name>[a-z]{3,9})(?:,? (?<year>20\d{2}))?$/.exec(date);
  const month = MONTH_NUMBERS.get(match?.groups?.["name"] ?? match?.[1] ?? "");
  if (match === null || month === undefined) return undefined;
  const day = Number(match.groups?.["day"] ?? match[2]);
  const named = (year: number): Instant | undefined =>
    parseLocalDate(`${String(year)}-${twoDigits(month)}-${twoDigits(day)}`, zone);
  if (match[3] !== undefined) return named(Number(match[3]));
  const { year } = localParts(now, zone);
  const thisYear = named(year);
  return thisYear !== undefined && thisYear <= now ? thisYear : named(year - 1);
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

function dayAt(start: Instant, calendar: Calendar): Period {
  return { start, end: dayStart(start, calendar, 1) };
}

/** The start of the local day that is `offset` days after that of `at`. */
export function dayStart(
  at: Instant,
  { timeZone: zone }: Pick<Calendar, "timeZone">,
  offset: number,
): Instant {
  const { year, month, day } = localParts(at, zone);
  return startOfLocalDay([year, month, day + offset], zone);
}

/** Counts local days, whatever their length. */
export function dayNumber(at: Instant, zone: TimeZone): number {
  const { year, month, day } = localParts(at, zone);
  return Math.round(Date.UTC(year, month - 1, day) / DAY_MS);
}
