/**
 * Until when, as people type it: `2026-12-05`, `friday`, `dec 5`, `end of month`. The day that is
 * named is the last one. Strict: what is not understood is refused.
 */
import {
  addMs,
  DAY_MS,
  type Instant,
  localParts,
  parseLocalDate,
  periodOf,
  startOfLocalDay,
  type TimeZone,
  timeZone,
  WEEKDAYS,
  type Weekday,
} from "./time.ts";

/** What lasts longer is no exception any more, and belongs into governance.yml. */
const DAYS_AHEAD_MAX = 366;

export type UntilRefusal = "not-a-date" | "past" | "too-far";

export type ParsedUntil =
  | { readonly kind: "until"; readonly at: Instant }
  | { readonly kind: "refused"; readonly reason: UntilRefusal };

/** What was expected, as a sentence to show beside the field or in an answer. */
export const UNTIL_REFUSAL_TEXT: Readonly<Record<UntilRefusal, string>> = {
  "not-a-date": "Enter a date: 2026-12-05, dec 5, friday, tomorrow or end of month.",
  past: "Choose a date that is not over yet.",
  "too-far": `Choose a date at most ${String(DAYS_AHEAD_MAX)} days ahead.`,
};

export interface UntilCalendar {
  readonly zone: TimeZone;
  readonly weekStartsOn: Weekday;
}

type Day = readonly [year: number, month: number, day: number];

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH_NAME =
  "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
const ORDINAL = "(?:st|nd|rd|th)?";
const END_OF = /^(?:the )?end of (?:the |this )?(day|week|month|quarter|year)$/;
const MONTH_DAY = new RegExp(`^${MONTH_NAME} (\\d{1,2})${ORDINAL}(?:,? (\\d{4}))?$`);
const DAY_MONTH = new RegExp(`^(\\d{1,2})${ORDINAL} ${MONTH_NAME}(?:,? (\\d{4}))?$`);
const PERIOD_KIND = {
  day: "daily",
  week: "weekly",
  month: "monthly",
  quarter: "quarterly",
  year: "yearly",
} as const;

/**
 * Reads a last day; `at` is the first instant after it in the zone. A weekday is the
 * next one after today, a date without a year the next one that is not over.
 */
export function parseUntil(text: string, now: Instant, calendar: UntilCalendar): ParsedUntil {
  const at = endOf(text.trim().toLowerCase().replace(/\s+/g, " "), now, calendar);
  if (at === undefined) return { kind: "refused", reason: "not-a-date" };
  if (at <= now) return { kind: "refused", reason: "past" };
  if (at.getTime() - now.getTime() > DAYS_AHEAD_MAX * DAY_MS) {
    return { kind: "refused", reason: "too-far" };
  }
  return { kind: "until", at };
}

/**
 * Why a date can't be meant wherever the budget's zone is; for a form that does not know the zone
 * yet. What passes is judged again by `parseUntil`.
 */
export function refusalOfDate(text: string, now: Instant): UntilRefusal | undefined {
  const utc: UntilCalendar = { zone: timeZone("UTC"), weekStartsOn: "monday" };
  const earliest = parseUntil(text, addMs(now, -DAY_MS), utc);
  if (earliest.kind === "refused" && earliest.reason !== "too-far") return earliest.reason;
  const latest = parseUntil(text, addMs(now, DAY_MS), utc);
  return latest.kind === "refused" && latest.reason === "too-far" ? "too-far" : undefined;
}

function endOf(text: string, now: Instant, calendar: UntilCalendar): Instant | undefined {
  const { zone } = calendar;
  const { year, month, day, weekday } = localParts(now, zone);
  if (text === "today") return startOfLocalDay([year, month, day + 1], zone);
  if (text === "tomorrow") return startOfLocalDay([year, month, day + 2], zone);

  const named = weekdayNamed(text);
  if (named !== undefined) {
    const ahead = (named - weekday + 6) % 7; // Today's name means the one in a week.
    return startOfLocalDay([year, month, day + ahead + 2], zone);
  }
  const unit = END_OF.exec(text)?.[1];
  if (isUnit(unit)) return periodOf(now, { ...calendar, kind: PERIOD_KIND[unit] }).end;

  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (iso !== null) return dayAfter([Number(iso[1]), Number(iso[2]), Number(iso[3])], zone);

  const monthDay = MONTH_DAY.exec(text);
  if (monthDay !== null) {
    const [, name = "", date, inYear] = monthDay;
    return dateOfYear({ name, date: Number(date), inYear }, now, zone);
  }
  const dayMonth = DAY_MONTH.exec(text);
  if (dayMonth === null) return undefined;
  const [, date, name = "", inYear] = dayMonth;
  return dateOfYear({ name, date: Number(date), inYear }, now, zone);
}

function dateOfYear(
  {
    name,
    date,
    inYear,
  }: { readonly name: string; readonly date: number; readonly inYear: string | undefined },
  now: Instant,
  zone: TimeZone,
): Instant | undefined {
  const month = MONTHS.indexOf(name.slice(0, 3)) + 1;
  if (inYear !== undefined) return dayAfter([Number(inYear), month, date], zone);
  const { year } = localParts(now, zone);
  const thisYear = dayAfter([year, month, date], zone);
  return thisYear !== undefined && thisYear > now
    ? thisYear
    : dayAfter([year + 1, month, date], zone);
}

/** The first instant after that date; undefined when no calendar has it ("feb 30"). */
function dayAfter([year, month, day]: Day, zone: TimeZone): Instant | undefined {
  const text = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
  return parseLocalDate(text, zone) === undefined
    ? undefined
    : startOfLocalDay([year, month, day + 1], zone);
}

/** 0 for "sunday" or "sun". */
function weekdayNamed(text: string): number | undefined {
  const index = WEEKDAYS.findIndex((name) => text === name || text === name.slice(0, 3));
  return index === -1 ? undefined : index;
}

function isUnit(text: string | undefined): text is keyof typeof PERIOD_KIND {
  return text !== undefined && text in PERIOD_KIND;
}

/** How many of `words` are the date that they begin with; 1 when they begin with none. */
export function countUntilWords(words: readonly string[]): number {
  const lower = words.map((word) => word.toLowerCase());
  for (const count of [5, 4, 3, 2]) {
    const text = lower.slice(0, count).join(" ");
    const isDate = END_OF.test(text) || MONTH_DAY.test(text) || DAY_MONTH.test(text);
    if (lower.length >= count && isDate) return count;
  }
  return 1;
}
