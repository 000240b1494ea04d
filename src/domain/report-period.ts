/**
 * The span of time that people mean: "7d", "last month", "since monday", "from nov 3 to nov 9",
 * "october", in the organization's calendar. Strict: what is not a span is none. Pure.
 */

import { type Calendar, dayNamed, dayNumber, dayStart, monthOf } from "./calendar-words.ts";
import { dayText, monthText, weekdayText } from "./date-text.ts";
import { asLong, endOfQuarterHour, monthToDate, monthWord, wholeMonth } from "./month-to-date.ts";
import {
  addMs,
  type Instant,
  localDate,
  type Period,
  periodOf,
  startOfLocalDay,
  type TimeZone,
} from "./time.ts";

export interface ReportPeriod {
  readonly current: Period;
  /** As long a span, one period earlier. */
  readonly previous: Period;
  /** "Month to date", for a sentence. */
  readonly label: string;
  readonly previousLabel: string;
  /** How a button types it: one word for whatever words it was, and the same span next year. */
  readonly typed: string;
  /** How a person would type it, where that is something else: "since Mon, Nov 23". */
  readonly said?: string;
}

const DAYS_MAX = 366;

/** Reads the words of a span; undefined for anything else, also for one that has not begun yet. */
export function parseReportPeriod(
  text: string,
  now: Instant,
  calendar: Calendar,
): ReportPeriod | undefined {
  const words = text
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, " ");
  const days = dayCount(words);
  if (days !== undefined) return lastDays(days, now, calendar);
  const name = words.replaceAll(" ", "-");
  const named = NAMED.get(name);
  if (named !== undefined) return named(now, calendar);
  const month = monthOf(words, now, calendar);
  if (month !== undefined) return namedMonth(month, now, calendar);
  return spanOf(words, now, calendar);
}

/** "7d", "7 days", "last 7 days", "past 2 weeks"; 1 is today. */
function dayCount(words: string): number | undefined {
  const match = /^(?:(?:the )?(?:last|past) )?(\d{1,3}) ?(d|days?|w|weeks?)$/.exec(words);
  if (match === null) return undefined;
  const count = Number(match[1]) * (match[2]?.startsWith("w") === true ? 7 : 1);
  return count >= 1 && count <= DAYS_MAX ? count : undefined;
}

function lastDays(days: number, now: Instant, calendar: Calendar): ReportPeriod {
  const start = dayStart(now, calendar, 1 - days);
  if (days === 1) {
    return toDate({
      current: { start, end: endOfQuarterHour(now) },
      previousStart: dayStart(now, calendar, -1),
      label: "Today",
      previousLabel: "yesterday by this time",
      typed: "today",
    });
  }
  return toDate({
    current: { start, end: endOfQuarterHour(now) },
    previousStart: dayStart(now, calendar, 1 - 2 * days),
    label: `Last ${String(days)} days`,
    previousLabel: `the ${String(days)} days before`,
    typed: `${String(days)}d`,
  });
}

type Named = (now: Instant, calendar: Calendar) => ReportPeriod;

const today: Named = (now, calendar) => lastDays(1, now, calendar);

const yesterday: Named = (now, calendar) => {
  const start = dayStart(now, calendar, -1);
  return {
    current: { start, end: dayStart(now, calendar, 0) },
    previous: { start: dayStart(now, calendar, -2), end: start },
    label: "Yesterday",
    previousLabel: "the day before",
    typed: "yesterday",
  };
};

const thisMonth: Named = (now, calendar) => {
  const word = monthWord(calendar);
  return {
    ...monthToDate(now, calendar),
    label: `${capitalized(word)} to date`,
    previousLabel: `same days last ${word}`,
    typed: "mtd",
  };
};

const lastMonth: Named = (now, calendar) => {
  const word = monthWord(calendar);
  const current = wholeMonth(addMs(wholeMonth(now, calendar).start, -1), calendar);
  return {
    current,
    previous: wholeMonth(addMs(current.start, -1), calendar),
    label: `Last ${word}`,
    previousLabel: `the ${word} before`,
    typed: "last-month",
  };
};

type LongKind = "weekly" | "quarterly" | "yearly";

const CALLED: Readonly<Record<LongKind, { readonly word: string; readonly toDate: string }>> = {
  weekly: { word: "week", toDate: "Week to date" },
  quarterly: { word: "quarter", toDate: "Quarter to date" },
  yearly: { word: "year", toDate: "Year to date" },
};

function running(kind: LongKind): Named {
  return (now, calendar) => {
    const { start } = calendarPeriod(now, kind, calendar);
    const before = calendarPeriod(addMs(start, -1), kind, calendar);
    const { word, toDate: label } = CALLED[kind];
    return toDate({
      current: { start, end: endOfQuarterHour(now) },
      previousStart: before.start,
      label,
      previousLabel: `same days last ${word}`,
      typed: `this-${word}`,
    });
  };
}

function former(kind: LongKind): Named {
  return (now, calendar) => {
    const { start } = calendarPeriod(now, kind, calendar);
    const current = calendarPeriod(addMs(start, -1), kind, calendar);
    const { word } = CALLED[kind];
    return {
      current,
      previous: calendarPeriod(addMs(current.start, -1), kind, calendar),
      label: `Last ${word}`,
      previousLabel: `the ${word} before`,
      typed: `last-${word}`,
    };
  };
}

function calendarPeriod(at: Instant, kind: LongKind, calendar: Calendar): Period {
  return periodOf(at, { ...calendar, kind, zone: calendar.timeZone });
}

const NAMED: ReadonlyMap<string, Named> = new Map(
  Object.entries<Named>({
    today,
    yesterday,
    mtd: thisMonth,
    month: thisMonth,
    "this-month": thisMonth,
    "month-to-date": thisMonth,
    "last-month": lastMonth,
    "previous-month": lastMonth,
    week: running("weekly"),
    wtd: running("weekly"),
    "this-week": running("weekly"),
    "last-week": former("weekly"),
    quarter: running("quarterly"),
    qtd: running("quarterly"),
    "this-quarter": running("quarterly"),
    "last-quarter": former("quarterly"),
    ytd: running("yearly"),
    "this-year": running("yearly"),
    "last-year": former("yearly"),
  }),
);

function namedMonth(
  [year, month]: readonly [number, number],
  now: Instant,
  calendar: Calendar,
): ReportPeriod | undefined {
  const complete = completeMonth([year, month], calendar);
  if (complete.current.start > now) return undefined;
  if (complete.current.end <= now) return complete;
  return toDate({
    ...complete,
    current: { start: complete.current.start, end: endOfQuarterHour(now) },
    previousStart: complete.previous.start,
    previousLabel: "same days of the month before",
  });
}

/** A month by its name is the calendar's, as on bills and statements, and says so beside fiscal ones. */
function completeMonth([year, month]: readonly [number, number], calendar: Calendar): ReportPeriod {
  const { timeZone: zone } = calendar;
  const start = startOfLocalDay([year, month, 1], zone);
  const typed = localDate(start, zone).slice(0, 7);
  return {
    current: { start, end: startOfLocalDay([year, month + 1, 1], zone) },
    previous: { start: startOfLocalDay([year, month - 1, 1], zone), end: start },
    label: `${monthWord(calendar) === "month" ? "" : "Calendar month "}${monthText(start, zone)}`,
    previousLabel: "the month before",
    typed,
  };
}

const RANGE = /^(?:from |between )?(.+?)(?: to | until | till | through | and | - |\.\.)(.+)$/;

/** "since monday", "from nov 3 to nov 9", "2026-11-03..2026-11-09", or one day. */
function spanOf(words: string, now: Instant, calendar: Calendar): ReportPeriod | undefined {
  const since = /^(?:since|from) (.+)$/.exec(words)?.[1] ?? /^(.+)\.\.$/.exec(words)?.[1];
  const onward = since === undefined ? undefined : daysNamed(since, now, calendar);
  if (onward !== undefined) return sinceDay(onward.start, now, calendar);
  const range = RANGE.exec(words);
  const first = daysNamed(range?.[1] ?? words, now, calendar);
  const last = range === null ? first : daysNamed(range[2] ?? "", now, calendar);
  if (first === undefined || last === undefined || first.start >= last.end) return undefined;
  if (last.end > now) return sinceDay(first.start, now, calendar);
  return wholeDays({ start: first.start, end: last.end }, now, calendar);
}

function sinceDay(start: Instant, now: Instant, calendar: Calendar): ReportPeriod | undefined {
  const { timeZone: zone } = calendar;
  const days = dayNumber(now, zone) - dayNumber(start, zone) + 1;
  if (start > now || days > DAYS_MAX) return undefined;
  return toDate({
    current: { start, end: endOfQuarterHour(now) },
    previousStart: dayStart(start, calendar, -days),
    label: `Since ${saidDay(start, zone, now)}`,
    previousLabel: days === 1 ? "yesterday by this time" : `the ${String(days)} days before`,
    typed: `${localDate(start, zone)}..`,
    said: `since ${saidDay(start, zone, now)}`,
  });
}

function wholeDays(current: Period, now: Instant, calendar: Calendar): ReportPeriod | undefined {
  const { timeZone: zone } = calendar;
  const days = dayNumber(current.end, zone) - dayNumber(current.start, zone);
  if (days > DAYS_MAX) return undefined;
  const from = dayText(current.start, zone, now);
  const to = dayText(addMs(current.end, -1), zone, now);
  const fromDate = localDate(current.start, zone);
  return {
    current,
    previous: { start: dayStart(current.start, calendar, -days), end: current.start },
    label: days === 1 ? from : `${from} to ${to}`,
    previousLabel: days === 1 ? "the day before" : `the ${String(days)} days before`,
    said: days === 1 ? from : `${from} to ${to}`,
    typed: days === 1 ? fromDate : `${fromDate}..${localDate(addMs(current.end, -1), zone)}`,
  };
}

/** "Mon, Nov 23"; of another year "Nov 23, 2025", where nobody remembers the weekday. */
function saidDay(at: Instant, zone: TimeZone, now: Instant): string {
  const day = dayText(at, zone, now);
  return day.includes(",") ? day : weekdayText(at, zone);
}

/** The days that a date, a weekday, a month or a named span is made of. */
function daysNamed(words: string, now: Instant, calendar: Calendar): Period | undefined {
  const bare = words.replace(/^(?:the|on) /, "");
  const day = dayNamed(bare, now, calendar);
  if (day !== undefined) return day;
  const month = monthOf(bare, now, calendar);
  if (month !== undefined) return completeMonth(month, calendar).current;
  return NAMED.get(bare.replaceAll(" ", "-"))?.(now, calendar).current;
}

/** A period that is still running is compared with as much of the one before. */
function toDate(
  span: Omit<ReportPeriod, "previous"> & { readonly previousStart: Instant },
): ReportPeriod {
  const { previousStart, ...named } = span;
  return { ...named, previous: asLong(span.current, previousStart) };
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
