/**
 * Where the spend of a period ends: what was spent, plus the days that are left, each at the level
 * of the last weeks and in the rhythm of its weekday; with a band that says how sure that is. Pure.
 *
 * The model is small on purpose: `npm run bench` compares it on held-out weeks with a linear run
 * rate, the last period, a seasonal copy and a library (ADR 0015).
 */
import {
  dollarsOn,
  PARTS_OF_DAY,
  type UsageDay,
  type UsageHistory,
  weekdayOf,
} from "./usage-history.ts";

/** Each weekday must have been seen once; less is an invented rhythm. */
export const HISTORY_DAYS_MIN = 7;
/** Older days say little about the weeks to come. */
const FITTED_DAYS_MAX = 56;
/** A day counts half as much as one that is this many days younger. */
const LEVEL_HALF_LIFE_DAYS = 10;
const RHYTHM_HALF_LIFE_DAYS = 28;
/** How many days of the average a weekday's own rhythm is mixed with. */
const RHYTHM_PRIOR_DAYS = 1;
/** How much of an expected day outweighs what happened today so far. */
const TODAY_PRIOR = 0.5;
/** A trend is read off whole weeks, so that no weekday looks like one. */
const TREND_WEEKS_MIN = 3;
const TREND_WEEKS_MAX = 6;
/** How much of its slope a trend keeps from one day to the next: none goes on for ever. */
const TREND_DAMPING = 0.96;
/** A slope is believed as far as it exceeds this many of its standard errors. */
const TREND_DOUBT = 2;
/** How far a level wanders in a day, of itself: measured on the shapes of the benchmark. */
const DRIFT_PER_DAY = 0.02;
/** Days resemble their neighbours: independent errors would make the band too narrow. */
const DEPENDENCE = 1.6;
/** Standard deviations of a band that holds four of five times. */
const BAND_DEVIATIONS = 1.2816;

/** Whole days as numbers since 1970: `[first, end)`. */
export interface DaySpan {
  readonly first: number;
  readonly end: number;
}

/** Now: a day, and how much of it is over, 0 to 1. */
export interface Moment {
  readonly day: number;
  readonly dayShare: number;
}

/** What is still to come in a period, in dollars. */
export interface Rest {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
  /** Expected for today's rest and for each day after it, in order. */
  readonly byDay: readonly number[];
}

/** The level of a usual day and the weekdays' share of it; weekday factors average to 1. */
export interface Rhythm {
  readonly level: number;
  /** By how much of itself the level grows in a day. */
  readonly trend: number;
  readonly factors: readonly number[];
  /** Cumulative share of a day's spend after each part; the last is 1. */
  readonly dayCurve: readonly number[];
  /** Variance of a day around what was expected of it, relative to that. */
  readonly noise: number;
  /** The same of the level itself. */
  readonly levelNoise: number;
}

/** Without any history: every day is like every other. */
export const EVEN_RHYTHM: Rhythm = {
  level: 0,
  trend: 0,
  factors: [1, 1, 1, 1, 1, 1, 1],
  dayCurve: Array.from({ length: PARTS_OF_DAY }, (_, part) => (part + 1) / PARTS_OF_DAY),
  noise: 1,
  levelNoise: 1,
};

/**
 * What is left of `period` after `now`, from the days before; undefined while that is a guess.
 * `history` begins with `firstDay`. For a moment of the past, today is looked at as far as it had
 * come; `spentToday` says what that was where it is known.
 */
export function forecastRest(
  history: UsageHistory,
  firstDay: number,
  at: { readonly now: Moment; readonly period: DaySpan; readonly spentToday?: number },
): Rest | undefined {
  const { now, period } = at;
  const past = history.slice(0, Math.max(0, now.day - firstDay));
  if (past.length < HISTORY_DAYS_MIN) return undefined;
  const today = at.spentToday ?? partOfDay(history[now.day - firstDay], now.dayShare);
  const rhythm = fitRhythm(past, today, now);
  const todayExpected = rhythm.level * factorOn(rhythm, now.day);
  const share = shareOfDay(rhythm, now.dayShare);
  const pace =
    todayExpected > 0
      ? (today + TODAY_PRIOR * todayExpected) / (todayExpected * (share + TODAY_PRIOR))
      : 1;
  const byDay = [pace * todayExpected * (1 - share)];
  for (let day = now.day + 1; day < period.end; day += 1) {
    byDay.push(rhythm.level * factorOn(rhythm, day) * growth(rhythm.trend, day - now.day));
  }
  const expected = byDay.reduce((sum, dollars) => sum + dollars, 0);
  if (expected <= 0) return { expected: 0, low: 0, high: 0, byDay };
  const squares = byDay.reduce((sum, dollars) => sum + dollars * dollars, 0);
  const variance =
    (rhythm.noise * DEPENDENCE * squares) / (expected * expected) +
    rhythm.levelNoise * DEPENDENCE +
    DRIFT_PER_DAY * DRIFT_PER_DAY * byDay.length;
  // Spend can't be negative and its surprises are upwards: a band on the scale of factors.
  const width = BAND_DEVIATIONS * Math.sqrt(Math.log1p(variance));
  return { expected, low: expected * Math.exp(-width), high: expected * Math.exp(width), byDay };
}

/** Level and rhythm of the days before `now`; `today` is what was spent today so far. */
export function fitRhythm(past: UsageHistory, today: number, now: Moment): Rhythm {
  const fitted = past.slice(-FITTED_DAYS_MAX).map((day, index, all) => ({
    day,
    dollars: dollarsOn(day),
    age: all.length - index,
  }));
  const factors = weekdayFactors(fitted);
  const dayCurve = curveOf(fitted.slice(-RHYTHM_HALF_LIFE_DAYS).map(({ day }) => day));
  const trend = trendOf(fitted.map(({ dollars }) => dollars));
  const weigh = (age: number): number => 0.5 ** (age / LEVEL_HALF_LIFE_DAYS);
  const usualOn = (day: UsageDay, age: number): number =>
    (factors[day.weekday] ?? 1) * Math.exp(-trend * age);
  // Today counts as far as it has come.
  const share = shareOfCurve(dayCurve, now.dayShare);
  let spent = today;
  let expected = share * (factors[weekdayOf(now.day)] ?? 1);
  let squares = expected * expected;
  for (const { day, dollars, age } of fitted) {
    const factor = usualOn(day, age);
    spent += weigh(age) * dollars;
    expected += weigh(age) * factor;
    squares += (weigh(age) * factor) ** 2;
  }
  const level = expected > 0 ? spent / expected : 0;
  const around = fitted.reduce(
    (sum, { day, dollars, age }) => {
      const usual = level * usualOn(day, age);
      const weight = weigh(age);
      return {
        errors: sum.errors + weight * (dollars - usual) ** 2,
        usual: sum.usual + weight * usual * usual,
      };
    },
    { errors: 0, usual: 0 },
  );
  const noise = around.usual > 0 ? around.errors / around.usual : 1;
  const levelNoise = expected > 0 ? (noise * squares) / (expected * expected) : 1;
  return { level, trend, factors, dayCurve, noise, levelNoise };
}

/**
 * Daily growth of the last whole weeks on the scale of factors, shrunk by how unsure it is: noise
 * alone has no trend.
 */
function trendOf(dollars: readonly number[]): number {
  const weeks: number[] = [];
  for (let end = dollars.length; end >= 7 && weeks.length < TREND_WEEKS_MAX; end -= 7) {
    weeks.unshift(dollars.slice(end - 7, end).reduce((sum, one) => sum + one, 0));
  }
  if (weeks.length < TREND_WEEKS_MIN || weeks.some((week) => week <= 0)) return 0;
  const logs = weeks.map((week) => Math.log(week));
  const middle = (weeks.length - 1) / 2;
  const mean = logs.reduce((sum, one) => sum + one, 0) / logs.length;
  const spread = logs.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  const slope = logs.reduce((sum, log, index) => sum + (index - middle) * (log - mean), 0) / spread;
  const errors = logs.reduce(
    (sum, log, index) => sum + (log - mean - slope * (index - middle)) ** 2,
    0,
  );
  const variance = errors / Math.max(1, logs.length - 2) / spread + 1e-6;
  const belief = Math.max(0, 1 - (TREND_DOUBT ** 2 * variance) / (slope * slope + 1e-12));
  return (slope * belief) / 7;
}

/** Growth of the level after `days` with a trend that flattens. */
function growth(trend: number, days: number): number {
  return Math.exp((trend * (1 - TREND_DAMPING ** days)) / (1 - TREND_DAMPING));
}

function weekdayFactors(
  fitted: readonly { readonly day: UsageDay; readonly dollars: number; readonly age: number }[],
): number[] {
  const weights = [0, 0, 0, 0, 0, 0, 0];
  const sums = [0, 0, 0, 0, 0, 0, 0];
  for (const { day, dollars, age } of fitted) {
    const weight = 0.5 ** (age / RHYTHM_HALF_LIFE_DAYS);
    weights[day.weekday] = (weights[day.weekday] ?? 0) + weight;
    sums[day.weekday] = (sums[day.weekday] ?? 0) + weight * dollars;
  }
  const means = sums.map((sum, weekday) => sum / Math.max(weights[weekday] ?? 0, 1e-9));
  const mean = means.reduce((sum, one) => sum + one, 0) / 7;
  if (mean <= 0) return [1, 1, 1, 1, 1, 1, 1];
  const mixed = means.map((one, weekday) => {
    const weight = weights[weekday] ?? 0;
    return ((one / mean) * weight + RHYTHM_PRIOR_DAYS) / (weight + RHYTHM_PRIOR_DAYS);
  });
  const total = mixed.reduce((sum, one) => sum + one, 0);
  return mixed.map((one) => (one * 7) / total);
}

/** The usual course of a day, with a little of an even one, so that no hour is impossible. */
function curveOf(days: readonly UsageDay[]): number[] {
  const sums = Array.from({ length: PARTS_OF_DAY }, (_, part) =>
    days.reduce((sum, day) => sum + (day.parts[part] ?? 0), 0),
  );
  const total = sums.reduce((sum, one) => sum + one, 0);
  if (total <= 0) return [...EVEN_RHYTHM.dayCurve];
  const even = (total * EVEN_SHARE) / PARTS_OF_DAY;
  let reached = 0;
  return sums.map((one) => {
    reached += (one + even) / (total * (1 + EVEN_SHARE));
    return Math.min(1, reached);
  });
}

const EVEN_SHARE = 0.05;

export function factorOn(rhythm: Rhythm, day: number): number {
  return rhythm.factors[weekdayOf(day)] ?? 1;
}

/** How much of a usual day is spent when `dayShare` of its time is over. */
export function shareOfDay(rhythm: Rhythm, dayShare: number): number {
  return shareOfCurve(rhythm.dayCurve, dayShare);
}

function shareOfCurve(curve: readonly number[], dayShare: number): number {
  const parts = Math.min(PARTS_OF_DAY, Math.max(0, dayShare * PARTS_OF_DAY));
  const whole = Math.floor(parts);
  const before = whole === 0 ? 0 : (curve[whole - 1] ?? 1);
  const after = curve[Math.min(whole, PARTS_OF_DAY - 1)] ?? 1;
  return before + (after - before) * (parts - whole);
}

/** What was spent on a day until `dayShare` of it was over; of the part in between, its share. */
function partOfDay(day: UsageDay | undefined, dayShare: number): number {
  if (day === undefined) return 0;
  const parts = dayShare * PARTS_OF_DAY;
  return day.parts.reduce(
    (sum, dollars, part) => sum + dollars * Math.min(1, Math.max(0, parts - part)),
    0,
  );
}
