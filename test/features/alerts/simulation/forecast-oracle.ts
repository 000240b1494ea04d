/**
 * Where a period must end and what must be said of it, by the words of ADR 0015 and the budgets'
 * README alone: a second computation that shares no code with the program. It is as exact as
 * floating point; what is decided within a cent of a threshold may be decided either way.
 */
import { look, type Model, periodAt } from "./oracle.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Eight parts of three hours. */
const PARTS = 8;
/** Days that a model is fitted to, and without which there is none. */
const [FITTED, NEEDED] = [56, 7];

/** In whole cents. */
export interface Projection {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}

interface Course {
  /** Cents in each part of each day before today, from the first with any usage on. */
  readonly past: readonly (readonly number[])[];
  /** Cents today so far. */
  readonly today: number;
  /** Of today: days since 1970, and how much of the day is over. */
  readonly day: number;
  readonly share: number;
  /** Today, and the days of the period after it. */
  readonly daysLeft: number;
}

/** Undefined: a number would be invented. */
export function project(model: Model, zone: string, now: number): Projection | undefined {
  const course = courseOf(model, zone, now);
  if (course.past.length < NEEDED) return undefined;
  const { spend } = look(model, now);
  const rest = restOf(course);
  const at = (dollars: number): number => spend + Math.round(dollars);
  return { expected: at(rest.expected), low: at(rest.low), high: at(rest.high) };
}

function localOf(
  at: number,
  zone: string,
): { readonly day: number; readonly hour: number; readonly minute: number } {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  }).formatToParts(at);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  return {
    day: Date.UTC(of("year"), of("month") - 1, of("day")) / DAY,
    hour: of("hour"),
    minute: of("minute"),
  };
}

function courseOf(model: Model, zone: string, now: number): Course {
  const { day, hour, minute } = localOf(now, zone);
  const days = new Map<number, number[]>();
  for (const { at, cents } of model.costs.values()) {
    if (at >= now) continue;
    const local = localOf(at, zone);
    const parts = days.get(local.day) ?? Array.from({ length: PARTS }, () => 0);
    const part = Math.floor(local.hour / 3);
    parts[part] = (parts[part] ?? 0) + cents;
    days.set(local.day, parts);
  }
  const first = Math.min(day, ...days.keys());
  const none = Array.from({ length: PARTS }, () => 0);
  return {
    past: Array.from({ length: day - first }, (_, index) => days.get(first + index) ?? none),
    today: total(days.get(day) ?? none),
    day,
    share: (hour * 60 + minute) / (24 * 60),
    daysLeft: localOf(periodAt(model, now).end - 1, zone).day + 1 - day,
  };
}

/** Cents that are still to come: today's rest, and each day at its level, weekday and trend. */
function restOf({ past, today, day, share, daysLeft }: Course): Projection {
  const fitted = past.slice(-FITTED).map((parts, index, all) => {
    const age = all.length - index;
    return { parts, age, cents: total(parts), weekday: weekdayOf(day - age) };
  });
  const weekdays = weekdayShares(fitted);
  const trend = trendOf(fitted.map(({ cents }) => cents));
  const over = shareSpent(fitted.slice(-28), share);

  // The level: what was spent for each usual day, of days that count less the older they are.
  const usual = fitted.map(({ age, weekday, cents }) => ({
    cents,
    weight: 2 ** (-age / 10),
    days: (weekdays[weekday] ?? 1) * Math.exp(-trend * age),
  }));
  const todayDays = weekdays[weekdayOf(day)] ?? 1;
  const spent = today + sum(usual, ({ weight, cents }) => weight * cents);
  const counted = over * todayDays + sum(usual, ({ weight, days }) => weight * days);
  const level = spent / counted;

  const wholeToday = level * todayDays;
  const pace = wholeToday > 0 ? (today + wholeToday / 2) / (wholeToday * (over + 1 / 2)) : 1;
  const days = Array.from({ length: daysLeft }, (_, ahead) => {
    if (ahead === 0) return pace * wholeToday * (1 - over);
    // Each day keeps 96 % of the growth of the one before.
    const grown =
      trend *
      sum(
        Array.from({ length: ahead }, (__, step) => step),
        (step) => 0.96 ** step,
      );
    return level * (weekdays[weekdayOf(day + ahead)] ?? 1) * Math.exp(grown);
  });
  const expected = total(days);
  if (expected <= 0) return { expected: 0, low: 0, high: 0 };

  // The band: how days differ from what is usual, how unsure the level is, how far it wanders.
  const off = sum(usual, (one) => one.weight * (one.cents - level * one.days) ** 2);
  const noise = off / sum(usual, (one) => one.weight * (level * one.days) ** 2);
  const doubt =
    (over * todayDays) ** 2 + sum(usual, ({ weight, days: each }) => (weight * each) ** 2);
  const variance =
    1.6 * noise * (sum(days, (cents) => cents ** 2) / expected ** 2 + doubt / counted ** 2) +
    0.02 ** 2 * daysLeft;
  const factor = Math.exp(1.2816 * Math.sqrt(Math.log(1 + variance)));
  return { expected, low: expected / factor, high: expected * factor };
}

interface FittedDay {
  readonly parts: readonly number[];
  readonly age: number;
  readonly cents: number;
  readonly weekday: number;
}

/** A weekday's usual part of an average day; those that were seen little are taken for average. */
function weekdayShares(fitted: readonly FittedDay[]): readonly number[] {
  const seen = Array.from({ length: 7 }, (_, weekday) => {
    const own = fitted.filter((one) => one.weekday === weekday);
    const weight = sum(own, ({ age }) => 2 ** (-age / 28));
    return { weight, mean: sum(own, ({ age, cents }) => 2 ** (-age / 28) * cents) / weight };
  });
  const mean = sum(seen, (one) => one.mean) / 7;
  if (mean <= 0) return seen.map(() => 1);
  const mixed = seen.map((one) => ((one.mean / mean) * one.weight + 1) / (one.weight + 1));
  return mixed.map((one) => one / (total(mixed) / 7));
}

/** How much of a day's usual spend has come by then, with a twentieth of it spread evenly. */
function shareSpent(days: readonly FittedDay[], share: number): number {
  const all = sum(days, ({ cents }) => cents);
  if (all <= 0) return share;
  const begun = share * PARTS;
  const come = sum(days, ({ parts }) =>
    sum(parts, (cents, part) => cents * Math.min(1, Math.max(0, begun - part))),
  );
  return (come / all + share / 20) / (1 + 1 / 20);
}

/** Growth in a day by the line through the logarithms of whole weeks, as far as it is believed. */
function trendOf(cents: readonly number[]): number {
  const count = Math.min(6, Math.floor(cents.length / 7));
  const recent = cents.slice(cents.length - count * 7);
  const weeks = Array.from({ length: count }, (_, week) =>
    total(recent.slice(week * 7, week * 7 + 7)),
  );
  if (count < 3 || weeks.some((week) => week <= 0)) return 0;
  const points = weeks.map((week, index) => ({ x: index - (count - 1) / 2, y: Math.log(week) }));
  const squares = sum(points, ({ x }) => x * x);
  const slope = sum(points, ({ x, y }) => x * y) / squares;
  const height = sum(points, ({ y }) => y) / count;
  const errors = sum(points, ({ x, y }) => (y - height - slope * x) ** 2);
  const variance = errors / (count - 2) / squares + 1e-6;
  return (slope * Math.max(0, 1 - (4 * variance) / (slope ** 2 + 1e-12))) / 7;
}

/** January 1, 1970 was a Thursday. */
function weekdayOf(day: number): number {
  return (day + 4) % 7;
}

function total(values: readonly number[]): number {
  return sum(values, (value) => value);
}

function sum<T>(values: readonly T[], of: (value: T, index: number) => number): number {
  return values.reduce((so, value, index) => so + of(value, index), 0);
}
