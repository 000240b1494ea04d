/**
 * How well spikes are found, on generated usage of several shapes with anomalies put in, next to
 * what is simpler; and what a look costs in a database with many series. Seeded: the same every time.
 */
import { type Usd, usd } from "../../src/domain/money.ts";
import { addMs, DAY_MS, HOUR_MS, instant, localParts, timeZone } from "../../src/domain/time.ts";
import { normsOf } from "../../src/features/insights/rules/rhythm.ts";
import { evaluateSpike, isWorthComparing } from "../../src/features/insights/rules/spike.ts";
import { noise, seededRandom } from "../support/seeded-random.ts";
import { printFigure } from "./figure.ts";
import { benchLooks } from "./insight-looks.ts";

const UTC = timeZone("UTC");
const SERIES_OF_SHAPE = 6;
/** Four weeks to learn from, two to be judged on. */
const DAYS = 42;
const JUDGED_DAYS = 14;
const START = instant("2026-10-05T00:00:00Z"); // A Monday.
const ANOMALIES_OF_SERIES = 3;
const SEED = 20_261_123;

interface Clock {
  readonly hour: number;
  readonly weekday: number;
  readonly day: number;
}

/** Dollars of an hour. */
type Shape = (clock: Clock, random: () => number) => number;

const isWeekend = ({ weekday }: Clock): boolean => weekday === 0 || weekday === 6;
const isOffice = (clock: Clock): boolean => !isWeekend(clock) && clock.hour >= 8 && clock.hour < 18;

const SHAPES: Readonly<Record<string, Shape>> = {
  steady: (_, random) => 10 * noise(random, 0.2),
  office: (clock, random) => (isOffice(clock) ? 12 : 0.3) * noise(random, 0.4),
  nightly: ({ hour }, random) => (hour === 2 || hour === 3 ? 60 : 1) * noise(random, 0.2),
  mondays: ({ hour, weekday }, random) =>
    (weekday === 1 && hour >= 6 && hour < 9 ? 80 : 4) * noise(random, 0.3),
  growth: (clock, random) => (isOffice(clock) ? 8 : 1) * 1.02 ** clock.day * noise(random, 0.3),
  bursty: (clock, random) =>
    (isOffice(clock) ? 5 : 0.2) * noise(random, 0.5) * (random() < 0.06 ? 2 + random() * 6 : 1),
  sparse: (_, random) => (random() < 0.06 ? 15 * noise(random, 0.6) : 0),
};

interface Judged {
  readonly dollars: number;
  /** Mean and deviation of the days before, in dollars. */
  readonly daily: { readonly today: number; readonly mean: number; readonly deviation: number };
  readonly isAnomaly: boolean;
  /** What our rule says. */
  readonly isSpike: boolean;
}

type Detector = (judged: Judged) => boolean;

const DETECTORS: Readonly<Record<string, Detector>> = {
  "fixed limit of $50 an hour": ({ dollars }) => dollars >= 50,
  "daily mean and three deviations": ({ daily }) =>
    daily.today > daily.mean + 3 * daily.deviation && daily.today - daily.mean >= 5,
};

const ours: Detector = ({ isSpike }) => isSpike;

/** As the worker does: what is normal is asked for only where it matters. */
function isSpikeAt(hours: ReadonlyMap<number, Usd>, at: number, amount: Usd): boolean {
  if (!isWorthComparing(amount, "hour")) return false;
  const known = new Map([...hours].filter(([then]) => then >= at - 29 * DAY_MS));
  const norm = normsOf(known, instant(at), UTC).hour;
  return evaluateSpike(amount, { span: "hour", norm, bar: 1n }) !== undefined;
}

export async function benchInsights(): Promise<void> {
  benchSpikes();
  await benchLooks();
}

/** Prints precision, recall and their mean for each shape and for all. */
function benchSpikes(): void {
  const all: Judged[] = [];
  for (const [name, shape] of Object.entries(SHAPES)) {
    const judged = Array.from({ length: SERIES_OF_SHAPE }, (_, index) =>
      judgedHours(shape, seededRandom(SEED + index * 7 + name.length * 1_000).next),
    ).flat();
    compare(`spikes.${name}`, judged);
    all.push(...judged);
  }
  compare("spikes.all", all);
  printFalseAlarms(all);
}

function compare(name: string, judged: readonly Judged[]): void {
  const mine = scoreOf(judged, ours);
  for (const [baseline, detector] of Object.entries(DETECTORS)) {
    const theirs = scoreOf(judged, detector);
    for (const measure of ["precision", "recall", "f1"] as const) {
      printFigure({
        name: `${name}.${measure}`,
        value: mine[measure] * 100,
        unit: "% of hours",
        baseline,
        baseline_value: theirs[measure] * 100,
      });
    }
  }
}

function printFalseAlarms(judged: readonly Judged[]): void {
  const weeks = (Object.keys(SHAPES).length * SERIES_OF_SHAPE * JUDGED_DAYS) / 7;
  const alarms = (detector: Detector): number =>
    judged.filter((one) => !one.isAnomaly && detector(one)).length / weeks;
  for (const [baseline, detector] of Object.entries(DETECTORS)) {
    printFigure({
      name: "spikes.false_alarms",
      value: alarms(ours),
      unit: "hours a series and week",
      baseline,
      baseline_value: alarms(detector),
    });
  }
}

function scoreOf(
  judged: readonly Judged[],
  detector: Detector,
): { readonly precision: number; readonly recall: number; readonly f1: number } {
  let right = 0;
  let wrong = 0;
  let missed = 0;
  for (const one of judged) {
    const isFound = detector(one);
    if (isFound && one.isAnomaly) right += 1;
    else if (isFound) wrong += 1;
    else if (one.isAnomaly) missed += 1;
  }
  const precision = right + wrong === 0 ? 1 : right / (right + wrong);
  const recall = right / (right + missed);
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall || 1) };
}

/**
 * Every hour of the last two weeks of one series. An anomaly is an hour into which $15 and five to
 * fifteen times what is ordinary there was put: what somebody would want to hear of.
 */
function judgedHours(shape: Shape, random: () => number): Judged[] {
  const dollars = Array.from({ length: DAYS * 24 }, (_, index) => shape(clockAt(index), random));
  const firstJudged = (DAYS - JUDGED_DAYS) * 24;
  const anomalies = new Set(
    Array.from(
      { length: ANOMALIES_OF_SERIES },
      () => firstJudged + Math.floor(random() * JUDGED_DAYS * 24),
    ),
  );
  for (const index of anomalies) {
    const typical = typicalAt(shape, index);
    dollars[index] = (dollars[index] ?? 0) + 15 + typical * (5 + 10 * random());
  }
  const hours = new Map<number, Usd>();
  const judged: Judged[] = [];
  for (const [index, amount] of dollars.entries()) {
    const at = START.getTime() + index * HOUR_MS;
    if (index >= firstJudged) {
      judged.push({
        dollars: amount,
        daily: dailyBefore(dollars, index),
        isAnomaly: anomalies.has(index),
        isSpike: isSpikeAt(hours, at, picoOf(amount)),
      });
    }
    hours.set(at, picoOf(amount));
  }
  return judged;
}

function dailyBefore(dollars: readonly number[], index: number): Judged["daily"] {
  const day = Math.floor(index / 24);
  const totalOf = (one: number, end: number): number =>
    dollars.slice(one * 24, end).reduce((sum, amount) => sum + amount, 0);
  const days = Array.from({ length: 28 }, (_, back) => day - 1 - back).map((one) =>
    totalOf(one, one * 24 + 24),
  );
  const mean = days.reduce((sum, total) => sum + total, 0) / days.length;
  const variance = days.reduce((sum, total) => sum + (total - mean) ** 2, 0) / days.length;
  return { today: totalOf(day, index + 1), mean, deviation: Math.sqrt(variance) };
}

/** What the shape has at that hour when it has anything. */
function typicalAt(shape: Shape, index: number): number {
  const random = seededRandom(SEED).next;
  const draws = Array.from({ length: 200 }, () => shape(clockAt(index), random)).filter(
    (amount) => amount > 0,
  );
  return draws.reduce((sum, amount) => sum + amount, 0) / Math.max(1, draws.length);
}

function clockAt(index: number): Clock {
  const { hour, weekday } = localParts(addMs(START, index * HOUR_MS), UTC);
  return { hour, weekday, day: Math.floor(index / 24) };
}

function picoOf(dollars: number): Usd {
  return usd(BigInt(Math.round(dollars * 1e6)) * 1_000_000n);
}
