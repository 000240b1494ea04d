/**
 * How well the forecast of a month is, on months it has not seen: generated usage of several
 * shapes, forecast at a fifth, half and four fifths of the month, next to what is simpler and to a
 * library. Seeded: the same figures every time.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { AutoETS, initSync as initEts } from "@bsull/augurs/ets";
import { initSync as initMstl, MSTL } from "@bsull/augurs/mstl";
import { forecastRest } from "../../src/features/budgets/rules/forecast.ts";
import {
  dateOf,
  dayNumber,
  dollarsOn,
  PARTS_OF_DAY,
  type UsageHistory,
  weekdayOf,
} from "../../src/features/budgets/rules/usage-history.ts";
import { noise, seededRandom } from "../support/seeded-random.ts";
import { printFigure } from "./figure.ts";

const SEEDS = 25;
const FIRST_DAY = dayNumber("2026-01-01");
const PERIOD_DAYS = 30;
const SHARES = [0.2, 0.5, 0.8];

interface Task {
  readonly history: UsageHistory;
  readonly firstDay: number;
  readonly period: { readonly first: number; readonly end: number };
  readonly day: number;
  readonly spent: number;
  readonly actual: number;
}

type Shape = (day: number, random: () => number) => number;

/** Dollars of a day; `day` counts from 0. */
const SHAPES: Readonly<Record<string, { readonly days: number; readonly dollars: Shape }>> = {
  steady: { days: 180, dollars: (_, random) => 100 * noise(random, 0.15) },
  weekly: {
    days: 180,
    dollars: (day, random) => (isWeekend(day) ? 12 : 120) * noise(random, 0.2),
  },
  growth: {
    days: 180,
    dollars: (day, random) => (isWeekend(day) ? 20 : 80) * 1.012 ** day * noise(random, 0.2),
  },
  bursty: {
    days: 180,
    dollars: (day, random) =>
      (isWeekend(day) ? 10 : 60) * noise(random, 0.3) * (random() < 0.06 ? 2 + random() * 8 : 1),
  },
  sparse: { days: 180, dollars: (_, random) => (random() < 0.15 ? 40 * noise(random, 0.6) : 0) },
  new_team: {
    days: 75,
    dollars: (day, random) =>
      (isWeekend(day) ? 5 : 60) * Math.min(1, 0.2 + day / 50) * noise(random, 0.3),
  },
};

/** What a method says a month will be; NaN: nothing. */
type Method = (task: Task) => number;

const METHODS: Readonly<Record<string, Method>> = {
  "linear run rate": ({ spent, day, period }) =>
    (spent * (period.end - period.first)) / (day - period.first),
  "the last period": ({ history, firstDay, period }) =>
    sumOf(history, firstDay, {
      first: period.first - (period.end - period.first),
      end: period.first,
    }),
  "a copy of the last week": (task) =>
    task.spent +
    restDays(task).reduce(
      (sum, day) => sum + dollarsAt(task.history, task.firstDay, lastSameWeekday(day, task.day)),
      0,
    ),
  "augurs MSTL with ETS": (task) => {
    const model = MSTL.ets([7]);
    return withLibrary(task, model);
  },
  "augurs AutoETS": (task) => withLibrary(task, new AutoETS(7, "ZZZ")),
};

export async function benchForecast(): Promise<void> {
  const require = createRequire(import.meta.url);
  const wasm = async (name: string): Promise<Buffer> =>
    await readFile(require.resolve(`@bsull/augurs/${name}`).replace(/\.js$/, "_bg.wasm"));
  initEts({ module: await wasm("ets") });
  initMstl({ module: await wasm("mstl") });

  const all: Task[] = [];
  for (const [shape, { days, dollars }] of Object.entries(SHAPES)) {
    const tasks = Array.from({ length: SEEDS }, (_, seed) => seed).flatMap((seed) =>
      tasksOf(days, dollars, seed),
    );
    all.push(...tasks);
    compare(`forecast.${shape}`, tasks);
  }
  compare("forecast.all", all);
  printBand(all);
  printCost(all);
}

/** Error: of a whole month, against the mean month, so that a month of nothing can't divide. */
function compare(name: string, tasks: readonly Task[]): void {
  const ours = errorOf(tasks, (task) => task.spent + (restOf(task)?.expected ?? Number.NaN));
  for (const [baseline, method] of Object.entries(METHODS)) {
    printFigure({
      name: `${name}.error`,
      value: ours,
      unit: "% of the month, mean absolute",
      baseline,
      baseline_value: errorOf(tasks, method),
    });
  }
}

function errorOf(tasks: readonly Task[], method: Method): number {
  let errors = 0;
  let actuals = 0;
  for (const task of tasks) {
    const said = method(task);
    if (Number.isNaN(said)) continue;
    errors += Math.abs(said - task.actual);
    actuals += task.actual;
  }
  return (errors / actuals) * 100;
}

/** How often the month ends within the band, and the pinball loss of its ends. */
function printBand(tasks: readonly Task[]): void {
  let within = 0;
  let pinball = 0;
  let naive = 0;
  for (const task of tasks) {
    const rest = restOf(task);
    if (rest === undefined) continue;
    const { low, high } = rest;
    const actual = task.actual - task.spent;
    if (low <= actual && actual <= high) within += 1;
    pinball += loss(actual, low, 0.1) + loss(actual, high, 0.9);
    const rate = (task.spent / (task.day - task.period.first)) * (task.period.end - task.day);
    naive += loss(actual, rate * 0.8, 0.1) + loss(actual, rate * 1.2, 0.9);
  }
  printFigure({
    name: "forecast.band.coverage",
    value: (within / tasks.length) * 100,
    unit: "% of months within the band",
    baseline: "what the band promises",
    baseline_value: 80,
  });
  printFigure({
    name: "forecast.band.pinball",
    value: pinball / tasks.length,
    unit: "USD, mean loss at 10 and 90 %",
    baseline: "the run rate, 20 % up and down",
    baseline_value: naive / tasks.length,
  });
}

function printCost(tasks: readonly Task[]): void {
  const time = (run: (task: Task) => unknown): number => {
    const startedAt = performance.now();
    for (const task of tasks) run(task);
    return ((performance.now() - startedAt) / tasks.length) * 1_000;
  };
  printFigure({
    name: "forecast.cost",
    value: time(restOf),
    unit: "microseconds",
    baseline: "augurs MSTL with ETS",
    baseline_value: time((task) => METHODS["augurs MSTL with ETS"]?.(task)),
  });
}

function loss(actual: number, quantile: number, share: number): number {
  return actual >= quantile ? share * (actual - quantile) : (1 - share) * (quantile - actual);
}

function restOf({ history, firstDay, day, period }: Task): ReturnType<typeof forecastRest> {
  return forecastRest(history, firstDay, { now: { day, dayShare: 0 }, period });
}

function withLibrary(
  { history, firstDay, day, period, spent }: Task,
  model: Pick<MSTL, "fit" | "predict">,
): number {
  const past = history.slice(Math.max(0, day - firstDay - 56), day - firstDay).map(dollarsOn);
  try {
    model.fit(Float64Array.from(past));
    const { point } = model.predict(period.end - day);
    return spent + point.reduce((sum, dollars) => sum + Math.max(0, dollars), 0);
  } catch {
    return Number.NaN; // Too few days for its seasons.
  }
}

function tasksOf(days: number, dollars: Shape, seed: number): Task[] {
  const random = seededRandom(seed + 1).next;
  const history = Array.from({ length: days }, (_, index) => {
    const total = dollars(index, random);
    return {
      date: dateOf(FIRST_DAY + index),
      weekday: weekdayOf(FIRST_DAY + index),
      parts: Array.from({ length: PARTS_OF_DAY }, () => total / PARTS_OF_DAY),
    };
  });
  const firstSpent = history.findIndex((day) => dollarsOn(day) > 0);
  const known = history.slice(firstSpent);
  const firstDay = FIRST_DAY + firstSpent;
  const tasks: Task[] = [];
  for (let end = FIRST_DAY + days; end - 2 * PERIOD_DAYS >= firstDay; end -= PERIOD_DAYS) {
    const period = { first: end - PERIOD_DAYS, end };
    const actual = sumOf(known, firstDay, period);
    for (const share of SHARES) {
      const day = period.first + Math.round(PERIOD_DAYS * share);
      const spent = sumOf(known, firstDay, { first: period.first, end: day });
      if (actual > 0) tasks.push({ history: known, firstDay, period, day, spent, actual });
    }
  }
  return tasks;
}

function sumOf(
  history: UsageHistory,
  firstDay: number,
  span: { readonly first: number; readonly end: number },
): number {
  return history
    .slice(Math.max(0, span.first - firstDay), Math.max(0, span.end - firstDay))
    .reduce((sum, day) => sum + dollarsOn(day), 0);
}

function restDays({ day, period }: Task): number[] {
  return Array.from({ length: period.end - day }, (_, index) => day + index);
}

function lastSameWeekday(day: number, today: number): number {
  return day - 7 * Math.ceil((day - today + 1) / 7);
}

function dollarsAt(history: UsageHistory, firstDay: number, day: number): number {
  const found = history[day - firstDay];
  return found === undefined ? 0 : dollarsOn(found);
}

function isWeekend(day: number): boolean {
  return [0, 6].includes(weekdayOf(FIRST_DAY + day));
}
