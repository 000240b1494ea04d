/** Unit costs, the steps: take business metrics in, divide spend by them. */
import { AppError } from "../../domain/errors.ts";
import { type Usd, usd } from "../../domain/money.ts";
import type { Scope } from "../../domain/scope.ts";
import {
  type Clock,
  localDate,
  type Period,
  periodOf,
  type TimeZone,
  type Weekday,
} from "../../domain/time.ts";
import { type Database, inTransaction, type Sql } from "../../store/database.ts";
import { listTeams, type Team } from "../organization/index.ts";
import { listSpend } from "../showback/index.ts";
import {
  BUILT_IN_UNITS,
  type BusinessMetric,
  type Quantity,
  totalOf,
  type UnitCost,
  unitCost,
  unitsOf,
  wholeQuantity,
} from "./rules.ts";
import {
  listMetricNames,
  listPostedMetrics,
  listPostedUnits,
  upsertBusinessMetrics,
} from "./store.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Stores a batch, whole or not at all. Of several values for the same thing the last one counts. */
export async function recordBusinessMetrics(
  { database, clock }: Deps,
  batch: { readonly source: string; readonly metrics: readonly BusinessMetric[] },
): Promise<void> {
  const last = new Map(
    batch.metrics.map((metric) => [
      JSON.stringify([metric.name, metric.scope, metric.occurredAt.getTime()]),
      metric,
    ]),
  );
  await inTransaction(database, async (sql) => {
    await upsertBusinessMetrics(sql, [...last.values()], { source: batch.source, now: clock() });
  });
}

export interface UnitCostQuery {
  /** A posted metric, or one of the built-in units. */
  readonly units: string;
  readonly scope: Scope;
  readonly period: Period;
  readonly by: "daily" | "weekly" | "monthly";
  readonly zone: TimeZone;
  readonly weekStartsOn: Weekday;
}

export interface UnitCosts {
  readonly total: UnitCost;
  readonly steps: readonly UnitCost[];
}

/** More lines than this are no answer any more. */
const STEPS_MAX = 400;

/** What one unit cost in a period, and in each of its days, weeks or months. */
export async function loadUnitCosts({ database }: Deps, query: UnitCostQuery): Promise<UnitCosts> {
  const periods = stepsOf(query);
  const isBuiltIn = BUILT_IN_UNITS.some((unit) => unit === query.units);
  if (!isBuiltIn) await refuseUnknown(database, query.units);
  const stepOfDay = new Map(
    periods.flatMap((period, step) =>
      daysOf(period, query.zone).map((day): [string, number] => [day, step]),
    ),
  );
  const costs = periods.map(() => 0n);
  const counted: Quantity[] = periods.map(() => 0n);
  const people = new Map<number, Set<string>>();
  const isByUser = query.units === "users";
  const spend = await listSpend(database, {
    scope: query.scope,
    period: query.period,
    zone: query.zone,
    groupBy: isByUser ? ["day", "user"] : ["day"],
  });
  for (const row of spend) {
    const step = stepOfDay.get(row.group.day ?? "");
    if (step === undefined) continue;
    costs[step] = (costs[step] ?? 0n) + row.cost;
    if (query.units === "requests") {
      counted[step] = (counted[step] ?? 0n) + wholeQuantity(row.requests);
    }
    const user = row.group.user ?? null;
    if (isByUser && user !== null) people.set(step, (people.get(step) ?? new Set()).add(user));
  }
  const everybody = new Set([...people.values()].flatMap((users) => [...users]));
  if (isByUser) for (const [step, users] of people) counted[step] = wholeQuantity(users.size);
  const units = isBuiltIn ? counted : await postedUnits(database, query, periods);

  const steps = periods.map((period, step): UnitCost => {
    const cost = usd(costs[step] ?? 0n);
    const ofStep = units[step] ?? 0n;
    return { period, cost, units: ofStep, unitCost: unitCost(cost, ofStep) };
  });
  const total = totalOf(steps, query.period);
  if (!isByUser) return { total, steps };
  // A person of two days is one person.
  const all = wholeQuantity(everybody.size);
  return { total: { ...total, units: all, unitCost: unitCost(total.cost, all) }, steps };
}

async function refuseUnknown(database: Database, units: string): Promise<void> {
  const names = await listMetricNames(database);
  if (names.includes(units)) return;
  throw new AppError({
    code: "invalid",
    message: `units: expected one of ${[...BUILT_IN_UNITS, ...names].join(", ")}, got ${units}`,
  });
}

async function postedUnits(
  database: Database,
  { units, scope }: UnitCostQuery,
  periods: readonly Period[],
): Promise<readonly Quantity[]> {
  const teams = await listTeams({ database });
  const projects = new Set(
    teams
      .filter((team) => scope.kind === "team" && team.key === scope.key)
      .flatMap((team) => team.projects),
  );
  const posted = await listPostedUnits(database, units, periods);
  return unitsOf(scope, posted, { steps: periods.length, projects });
}

/**
 * What one of each metric that was posted for a scope in a period cost, in the order of their names,
 * once somebody tells what all of them did: whoever asks sums that in the same go.
 */
export async function listUnitCosts(
  sql: Sql,
  of: { readonly scope: Scope; readonly period: Period; readonly teams: readonly Team[] },
): Promise<(cost: Usd) => readonly { readonly metric: string; readonly cost: Usd }[]> {
  const { scope, teams } = of;
  const projects = new Set(
    teams
      .filter((team) => scope.kind === "team" && team.key === scope.key)
      .flatMap((team) => team.projects),
  );
  const posted = [...(await listPostedMetrics(sql, of.period))];
  return (cost) =>
    posted.flatMap(([metric, units]) => {
      const [quantity = 0n] = unitsOf(scope, units, { steps: 1, projects });
      const each = unitCost(cost, quantity);
      return each === undefined ? [] : [{ metric, cost: each }];
    });
}

/** What was posted of a metric for each team in a period: for itself, else for its projects. */
export async function loadTeamUnits(
  sql: Sql,
  { metric, period }: { readonly metric: string; readonly period: Period },
): Promise<ReadonlyMap<string, Quantity>> {
  const posted = await listPostedUnits(sql, metric, [period]);
  const teams = await listTeams({ database: sql });
  return new Map(
    teams.map(({ key, projects }) => {
      const [units = 0n] = unitsOf({ kind: "team", key }, posted, {
        steps: 1,
        projects: new Set(projects),
      });
      return [key, units];
    }),
  );
}

/** The days, weeks or months that the period consists of, the first and the last cut to it. */
function stepsOf({ period, by, zone, weekStartsOn }: UnitCostQuery): readonly Period[] {
  const steps: Period[] = [];
  let start = period.start;
  while (start < period.end) {
    const whole = periodOf(start, { kind: by, zone, weekStartsOn });
    const end = whole.end < period.end ? whole.end : period.end;
    steps.push({ start, end });
    if (steps.length > STEPS_MAX) {
      throw new AppError({
        code: "invalid",
        message: `by: expected at most ${String(STEPS_MAX)} steps; ask for weeks, months or a shorter period`,
      });
    }
    start = end;
  }
  return steps;
}

/** The local dates of a step. */
function daysOf({ start, end }: Period, zone: TimeZone): readonly string[] {
  const days: string[] = [];
  let day = periodOf(start, { kind: "daily", zone, weekStartsOn: "monday" });
  for (;;) {
    days.push(localDate(day.start < start ? start : day.start, zone));
    if (day.end >= end) return days;
    day = periodOf(day.end, { kind: "daily", zone, weekStartsOn: "monday" });
  }
}
