/**
 * Where a budget's period is heading: spend so far, forecast with band, when the limit would be
 * reached, how far ahead of plan, and how good such forecasts were. Pure.
 */
import { addUsd, type Usd } from "../../../domain/money.ts";
import {
  addMs,
  type Instant,
  localDate,
  localParts,
  MINUTE_MS,
  type Period,
  type TimeZone,
} from "../../../domain/time.ts";
import {
  type DaySpan,
  EVEN_RHYTHM,
  fitRhythm,
  forecastRest,
  HISTORY_DAYS_MIN,
  type Moment,
  type Rest,
} from "./forecast.ts";
import { daysAheadOfPlan } from "./pace.ts";
import {
  dateOf,
  dayNumber,
  dollarsFrom,
  dollarsOn,
  type UsageHistory,
  usdFromDollars,
} from "./usage-history.ts";

/** So many former periods are forecast again to see how good that would have been. */
export const ACCURACY_PERIODS = 3;

/** Where the period ends, most likely, and the range that holds four of five times. */
export interface Forecast {
  readonly expected: Usd;
  readonly low: Usd;
  readonly high: Usd;
  /** How far off the forecasts of the last periods were, at most; undefined: none could be made. */
  readonly accuracy: Accuracy | undefined;
}

export interface Accuracy {
  readonly withinPercent: number;
  readonly periods: number;
}

export interface Outlook {
  readonly period: Period;
  readonly spend: Usd;
  /** Undefined: there is no budget. */
  readonly limit: Usd | undefined;
  /** Undefined: a number would be invented; `missingDays` of usage are needed first. */
  readonly forecast: Forecast | undefined;
  readonly missingDays: number;
  /** The day ("2026-11-27") on which the limit would be reached; undefined: not in this period. */
  readonly reachesLimitOn: string | undefined;
  /** When it would be reached, where that is today, at an even pace for the rest of the day. */
  readonly reachesLimitAt?: Instant | undefined;
  /** How many days the spend is ahead of plan; negative: behind. Undefined: there is no plan. */
  readonly daysAhead: number | undefined;
}

/** The outlook of a budget's current period from what was spent until now. */
export function outlookOf(
  budget: {
    readonly period: Period;
    readonly timeZone: TimeZone;
    readonly spend: Usd;
    readonly limit: Usd | undefined;
    /** The periods before this one, the latest first, as far as accuracy is wanted. */
    readonly formerPeriods: readonly Period[];
  },
  history: UsageHistory,
  now: Instant,
): Outlook {
  const { period, timeZone, spend, limit } = budget;
  const span = spanOf(period, timeZone);
  const moment = momentOf(now, timeZone);
  const firstDay = history[0] === undefined ? moment.day : dayNumber(history[0].date);
  const pastDays = Math.max(0, moment.day - firstDay);
  const past = history.slice(0, pastDays);
  const today = history[pastDays];
  const spentToday = today === undefined ? 0 : dollarsOn(today);
  const rest = forecastRest(history, firstDay, { now: moment, period: span, spentToday });
  const rhythm = past.length < HISTORY_DAYS_MIN ? EVEN_RHYTHM : fitRhythm(past, spentToday, moment);
  const at = { now: moment, period: span, rhythm };
  const reached =
    rest === undefined || limit === undefined
      ? undefined
      : reachedOn({ spend, limit }, rest, moment);
  return {
    period,
    spend,
    limit,
    forecast:
      rest === undefined ? undefined : forecastFrom(spend, rest, accuracyOf(budget, history, at)),
    missingDays: Math.max(0, HISTORY_DAYS_MIN - past.length),
    reachesLimitOn: reached?.date,
    reachesLimitAt:
      reached?.minutes === undefined ? undefined : addMs(now, reached.minutes * MINUTE_MS),
    daysAhead: limit === undefined ? undefined : daysAheadOfPlan({ spend, limit }, at),
  };
}

function forecastFrom(spend: Usd, rest: Rest, accuracy: Accuracy | undefined): Forecast {
  return {
    expected: addUsd(spend, usdFromDollars(rest.expected)),
    low: addUsd(spend, usdFromDollars(rest.low)),
    high: addUsd(spend, usdFromDollars(rest.high)),
    accuracy,
  };
}

/** The first day by whose end the expected spend has reached the limit; in how many minutes, if today. */
function reachedOn(
  { spend, limit }: { readonly spend: Usd; readonly limit: Usd },
  rest: Rest,
  { day: today, dayShare }: Moment,
): { readonly date: string; readonly minutes: number | undefined } | undefined {
  if (spend >= limit) return undefined;
  let left = dollarsFrom(limit) - dollarsFrom(spend);
  for (const [index, dollars] of rest.byDay.entries()) {
    const before = left;
    left -= dollars;
    // Sums of many days miss a round limit by less than a cent.
    if (left >= CENT) continue;
    const share = dollars <= 0 ? 1 : Math.min(1, before / dollars);
    const minutes = index === 0 ? Math.round(share * (1 - dayShare) * MINUTES_PER_DAY) : undefined;
    return { date: dateOf(today + index), minutes };
  }
  return undefined;
}

/**
 * Forecasts former periods as they could have been at the same point, from the days before it alone,
 * and says within how many percent of what came they were.
 */
function accuracyOf(
  {
    formerPeriods,
    timeZone,
  }: { readonly formerPeriods: readonly Period[]; readonly timeZone: TimeZone },
  history: UsageHistory,
  at: { readonly now: Moment; readonly period: DaySpan },
): Accuracy | undefined {
  const firstDay = history[0] === undefined ? at.now.day : dayNumber(history[0].date);
  const errors = formerPeriods.slice(0, ACCURACY_PERIODS).flatMap((former) => {
    const period = spanOf(former, timeZone);
    // As many days in; the last day of a shorter one at most.
    const elapsed = Math.min(at.now.day - at.period.first, period.end - 1 - period.first);
    const now = { day: period.first + elapsed, dayShare: at.now.dayShare };
    const rest = forecastRest(history, firstDay, { now, period });
    if (rest === undefined || period.first < firstDay) return [];
    const actual = sumBetween(history, firstDay, period);
    if (actual <= 0) return [];
    const spent = actual - restAfter(history, firstDay, { now, period });
    return [Math.abs((spent + rest.expected) / actual - 1) * 100];
  });
  if (errors.length === 0) return undefined;
  return { withinPercent: Math.ceil(Math.max(1, ...errors)), periods: errors.length };
}

function sumBetween(history: UsageHistory, firstDay: number, span: DaySpan): number {
  return history
    .slice(Math.max(0, span.first - firstDay), Math.max(0, span.end - firstDay))
    .reduce((sum, day) => sum + dollarsOn(day), 0);
}

/** What came after `now`; of the part of the day in which it lies, the rest of its time. */
function restAfter(
  history: UsageHistory,
  firstDay: number,
  { now, period }: { readonly now: Moment; readonly period: DaySpan },
): number {
  const parts = history[now.day - firstDay]?.parts ?? [];
  const elapsed = now.dayShare * parts.length;
  const today = parts.reduce(
    (sum, dollars, part) => sum + dollars * (1 - Math.min(1, Math.max(0, elapsed - part))),
    0,
  );
  return today + sumBetween(history, firstDay, { first: now.day + 1, end: period.end });
}

function spanOf(period: Period, zone: TimeZone): DaySpan {
  return {
    first: dayNumber(localDate(period.start, zone)),
    end: dayNumber(localDate(addMs(period.end, -1), zone)) + 1,
  };
}

const CENT = 0.01;
const MINUTES_PER_DAY = 1_440;

/** The day and how far the clock on the wall is through it. */
function momentOf(now: Instant, zone: TimeZone): Moment {
  const day = dayNumber(localDate(now, zone));
  const { hour, minute } = localParts(now, zone);
  return { day, dayShare: (hour * 60 + minute) / MINUTES_PER_DAY };
}
