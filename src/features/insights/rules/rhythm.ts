/**
 * Which past hours and days are comparable with now: the same hours of the clock in the
 * organization's zone, on workdays or on weekends, over four weeks. Pure.
 */
import { type Usd, usd, ZERO_USD } from "../../../domain/money.ts";
import {
  addMs,
  atLocalTime,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  localParts,
  startOfLocalDay,
  type TimeZone,
} from "../../../domain/time.ts";
import { type Norm, normOf } from "./spike.ts";

/** How far back "normal" looks: older habits are no longer somebody's rhythm. */
export const HISTORY_DAYS = 28;
/** A series that is younger has no rhythm yet. */
export const DAYS_KNOWN_MIN = 7;

/** The start of the hour that a clock in `zone` shows, also where zones are off by half an hour. */
export function startOfLocalHour(at: Instant, zone: TimeZone): Instant {
  const { minute } = localParts(at, zone);
  return instant(at.getTime() - minute * 60_000 - (at.getTime() % 60_000));
}

export function startOfToday(at: Instant, zone: TimeZone): Instant {
  const { year, month, day } = localParts(at, zone);
  return startOfLocalDay([year, month, day], zone);
}

/** From where on a series' past is asked for. */
export function historyStart(now: Instant, zone: TimeZone): Instant {
  return addMs(startOfToday(now, zone), -HISTORY_DAYS * DAY_MS);
}

/** Spend by hour; an hour without is not in it. */
export type HourlySpend = ReadonlyMap<number, Usd>;

export interface SeriesNorms {
  readonly hour: Norm;
  /** Of a day until the end of this hour. */
  readonly day: Norm;
}

/**
 * What is normal in the hour around `now`, and for today until its end. `hours` are starts of local
 * hours within the last four weeks. A series that is younger than a week has samples of nothing.
 */
export function normsOf(hours: HourlySpend, now: Instant, zone: TimeZone): SeriesNorms {
  const firstMs = Math.min(...hours.keys());
  const days = comparableDays(now, zone).filter(({ start }) => start.getTime() >= firstMs);
  if (daysSince(firstMs, now, zone) < DAYS_KNOWN_MIN) return { hour: normOf([]), day: normOf([]) };
  const amountAt = (at: number): Usd => hours.get(at) ?? ZERO_USD;
  const around = (day: ComparableDay): Usd[] =>
    [-1, 0, 1].map((shift) => amountAt(day.hour.getTime() + shift * HOUR_MS));
  const spentUntil = runningTotal(hours);
  const until = (day: ComparableDay): Usd =>
    usd(spentUntil(day.hour.getTime() + 1) - spentUntil(day.start.getTime()));
  const sameWeekday = days.filter(({ isSameWeekday }) => isSameWeekday);
  return {
    hour: normOf(days.flatMap(around), sameWeekday.flatMap(around), [...hours.values()]),
    day: normOf(days.map(until), sameWeekday.map(until)),
  };
}

/** What was spent in the hours that began before a time. */
function runningTotal(hours: HourlySpend): (beforeMs: number) => bigint {
  const sorted = [...hours].toSorted(([left], [right]) => left - right);
  let total = 0n;
  const totals = sorted.map(([at, amount]) => {
    total += amount;
    return { at, total };
  });
  return (beforeMs) => totals.findLast(({ at }) => at < beforeMs)?.total ?? 0n;
}

interface ComparableDay {
  readonly start: Instant;
  /** The same hour of the clock as now. */
  readonly hour: Instant;
  readonly isSameWeekday: boolean;
}

/** Of the last four weeks the workdays, on a workday; the weekends, on a weekend. */
function comparableDays(now: Instant, zone: TimeZone): ComparableDay[] {
  const { year, month, day, weekday, hour } = localParts(now, zone);
  const time = `${String(hour).padStart(2, "0")}:00`;
  return Array.from({ length: HISTORY_DAYS }, (_, index) => index + 1)
    .map((back) => ({ back, weekdayThen: (weekday - (back % 7) + 7) % 7 }))
    .filter(({ weekdayThen }) => isWeekend(weekdayThen) === isWeekend(weekday))
    .map(({ back, weekdayThen }) => ({
      start: startOfLocalDay([year, month, day - back], zone),
      hour: atLocalTime([year, month, day - back], time, zone),
      isSameWeekday: weekdayThen === weekday,
    }));
}

function daysSince(firstMs: number, now: Instant, zone: TimeZone): number {
  return (startOfToday(now, zone).getTime() - firstMs) / DAY_MS;
}

/** Saturday and Sunday; 0 is Sunday. */
export function isWeekend(weekday: number): boolean {
  return weekday === 0 || weekday === 6;
}
