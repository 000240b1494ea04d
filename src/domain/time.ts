/**
 * Time. An `Instant` is a point on the UTC line. A calendar period exists only in a named zone and
 * is half-open: its start belongs to it, its end to the next one.
 *
 * Calendar arithmetic is date-fns with its zone companion; a test compares every period with
 * Postgres' own `date_trunc`, in the zones that break naive code.
 */
import { TZDate } from "@date-fns/tz";
// By its own path: the package as a whole loads three hundred files.
import { lightFormat } from "date-fns/lightFormat";
import { assert } from "./assert.ts";
import type { Brand } from "./brand.ts";

export type Instant = Brand<Date, "Instant">;
/** An IANA zone name that this runtime knows, for example "Europe/Berlin". */
export type TimeZone = Brand<string, "TimeZone">;
/** Where "now" comes from. Flows take one; rules take the `Instant` itself. */
export type Clock = () => Instant;

export interface Period {
  readonly start: Instant;
  readonly end: Instant;
}

export const PERIOD_KINDS = ["daily", "weekly", "monthly", "quarterly", "yearly"] as const;
export type PeriodKind = (typeof PERIOD_KINDS)[number];

export const WEEKDAYS = [
  "sunday",
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
] as const;

/* oxlint-disable typescript/no-unsafe-type-assertion -- the brands are minted here and nowhere else */
export function instant(value: Date | string | number): Instant {
  const date = new Date(value);
  // The text is made only when it is needed: of a date that takes longer than all the rest.
  if (Number.isNaN(date.getTime())) assert(false, `not a point in time: ${String(value)}`);
  return date as Instant;
}

/** Asking Intl takes longer than reading the row that names the zone. */
const knownZones = new Set<string>();
/** There are some hundred; Intl also takes each of them in any mix of small and large letters. */
const KNOWN_ZONES_MAX = 1_000;

export function parseTimeZone(name: string): TimeZone | undefined {
  if (knownZones.has(name)) return name as TimeZone;
  // Offsets such as "+01:00" are accepted by Intl but have no daylight saving: a calendar needs a place.
  if (name !== "UTC" && !/^[A-Za-z]+(?:[/_+-][A-Za-z0-9_+-]+)+$/.test(name)) return undefined;
  try {
    Intl.DateTimeFormat("en-US", { timeZone: name });
    if (knownZones.size < KNOWN_ZONES_MAX) knownZones.add(name);
    return name as TimeZone;
  } catch {
    return undefined; // Intl throws a RangeError for a zone that it does not know.
  }
}
/* oxlint-enable typescript/no-unsafe-type-assertion */

export function timeZone(name: string): TimeZone {
  const zone = parseTimeZone(name);
  assert(zone !== undefined, `not a time zone: ${name}`);
  return zone;
}

export function contains(period: Period, at: Instant): boolean {
  return period.start <= at && at < period.end;
}

export function addMs(at: Instant, ms: number): Instant {
  return instant(at.getTime() + ms);
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Fiscal months and years, where they are not those of the calendar on the wall. */
export interface FiscalCalendar {
  /** The day on which months begin, 1 to 28: every month has it. Default 1. */
  readonly fiscalMonthStartsOn?: number;
  /** The month, 1 to 12, in which the first month of a year begins. Default 1. */
  readonly fiscalYearStartsIn?: number;
}

/**
 * The period of `kind` around `at`, as people in `zone` see it. Quarters are three months each,
 * counted from the start of the fiscal year. The periods of a calendar tile time.
 */
export function periodOf(
  at: Instant,
  calendar: FiscalCalendar & {
    readonly kind: PeriodKind;
    readonly zone: TimeZone;
    readonly weekStartsOn: Weekday;
  },
): Period {
  const { kind, zone, weekStartsOn, fiscalMonthStartsOn = 1, fiscalYearStartsIn = 1 } = calendar;
  const [year, month, day] = localDayOf(at, zone);
  const between = (start: LocalDay, end: LocalDay): Period => ({
    start: startOfLocalDay(start, zone),
    end: startOfLocalDay(end, zone),
  });
  if (kind === "daily") return between([year, month, day], [year, month, day + 1]);
  if (kind === "weekly") {
    const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
    const first = day - ((weekday - WEEKDAYS.indexOf(weekStartsOn) + 7) % 7);
    return between([year, month, first], [year, month, first + 7]);
  }
  const months = MONTHS_OF[kind];
  // The month that has begun, counted from year 0, and how many belong to the period before it.
  const begun = year * 12 + (month - 1) - (day < fiscalMonthStartsOn ? 1 : 0);
  const first = begun - ((begun - (fiscalYearStartsIn - 1)) % months);
  const startOf = (count: number): LocalDay => [
    Math.floor(count / 12),
    (count % 12) + 1,
    fiscalMonthStartsOn,
  ];
  return between(startOf(first), startOf(first + months));
}

/**
 * The day that an instant belongs to. Where clocks are set back just after midnight the former date
 * is shown again for a while: that hour belongs to the day that has begun.
 */
function localDayOf(at: Instant, zone: TimeZone): LocalDay {
  const { year, month, day } = localParts(at, zone);
  if (startOfLocalDay([year, month, day + 1], zone) > at) return [year, month, day];
  const next = new Date(Date.UTC(year, month - 1, day + 1));
  return [next.getUTCFullYear(), next.getUTCMonth() + 1, next.getUTCDate()];
}

const MONTHS_OF: Readonly<Record<"monthly" | "quarterly" | "yearly", number>> = {
  monthly: 1,
  quarterly: 3,
  yearly: 12,
};

/** Year, month (1–12) and day; a day or month beyond its range rolls over, as in `Date.UTC`. */
type LocalDay = readonly [year: number, month: number, day: number];

/**
 * The first instant of a local date, also where midnight is skipped or happens twice.
 * The date may be out of range ("October 35"): it is normalised first.
 */
export function startOfLocalDay([year, month, day]: LocalDay, zone: TimeZone): Instant {
  const midnight = Date.UTC(year, month - 1, day);
  // The zone's offset can change near midnight, so try the offset of the day before and after.
  const candidates = [midnight - DAY_MS, midnight + DAY_MS].map(
    (ms) => midnight - offsetMs(ms, zone),
  );
  const exact = candidates.filter((ms) => ms + offsetMs(ms, zone) === midnight);
  return instant(exact.length > 0 ? Math.min(...exact) : Math.max(...candidates));
}

/** How far clocks in `zone` are ahead of UTC. Asking Intl takes longer than all else about a date. */
function offsetMs(ms: number, zone: TimeZone): number {
  const hour = Math.floor(ms / HOUR_MS);
  const known = knownOffsets.get(zone)?.get(hour);
  if (known !== undefined) return known;
  const offset = offsetAt(ms, zone);
  // Within an hour clocks change at most once: with equal ends it has one offset.
  const [first, last] = [hour * HOUR_MS, (hour + 1) * HOUR_MS - 1];
  if (offsetAt(first, zone) === offset && offsetAt(last, zone) === offset) {
    rememberOffset(zone, hour, offset);
  }
  return offset;
}

function offsetAt(ms: number, zone: TimeZone): number {
  return -new TZDate(ms, zone).getTimezoneOffset() * MINUTE_MS;
}

const knownOffsets = new Map<TimeZone, Map<number, number>>();
/** Two years of the hours of a zone that everybody asks for. */
const KNOWN_OFFSETS_MAX = 20_000;

function rememberOffset(zone: TimeZone, hour: number, offset: number): void {
  const ofZone = knownOffsets.get(zone) ?? new Map<number, number>();
  if (ofZone.size >= KNOWN_OFFSETS_MAX) ofZone.clear();
  ofZone.set(hour, offset);
  knownOffsets.set(zone, ofZone);
}

/** What a calendar on the wall in `zone` shows at `at`. Month is 1–12, weekday 0 (Sunday)–6. */
export function localParts(
  at: Instant,
  zone: TimeZone,
): {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
} {
  // Its UTC parts are what clocks in the zone show.
  const shown = new Date(at.getTime() + offsetMs(at.getTime(), zone));
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    weekday: shown.getUTCDay(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
  };
}

/** "2026-11-23", as the calendar in `zone` shows it. */
export function localDate(at: Instant, zone: TimeZone): string {
  return lightFormat(new TZDate(at.getTime(), zone), "yyyy-MM-dd");
}

/** The first instant of "2026-11-23" in `zone`; undefined when there is no such date. */
export function parseLocalDate(text: string, zone: TimeZone): Instant | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return startOfLocalDay([year, month, day], zone);
}

/** "7:30" as "07:30"; undefined for what is no time of day. */
export function parseTimeOfDay(text: string): string | undefined {
  const match = /^\s*(\d{1,2})(?::(\d{2}))?\s*$/.exec(text);
  if (match === null) return undefined;
  const [hour, minute] = [Number(match[1]), Number(match[2] ?? "0")];
  if (hour > 23 || minute > 59) return undefined;
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

/**
 * The instant at which clocks in `zone` show `time` ("09:30") on the date of `[year, month, day]`.
 * Where that time is skipped, the first instant after the gap; where it happens twice, the first.
 */
export function atLocalTime(date: LocalDay, time: string, zone: TimeZone): Instant {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  const [year, month, day] = date;
  const shown = Date.UTC(year, month - 1, day, hour, minute);
  const candidates = [shown - DAY_MS, shown + DAY_MS].map((ms) => shown - offsetMs(ms, zone));
  const exact = candidates.filter((ms) => ms + offsetMs(ms, zone) === shown);
  return instant(exact.length > 0 ? Math.min(...exact) : Math.max(...candidates));
}
