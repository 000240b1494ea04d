/**
 * Digests, the decisions what is worth a line: who cost most, who moved most, what is new, which
 * budgets are in danger. Pure.
 */

import { sumUsd, type Usd, usd, ZERO_USD } from "../../../domain/money.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";
import {
  addMs,
  DAY_MS,
  type Instant,
  localDate,
  localParts,
  type Period,
  type PeriodKind,
  startOfLocalDay,
  type TimeZone,
} from "../../../domain/time.ts";
import type { DigestInterval, DigestSpan } from "../rules.ts";

export interface Mover {
  /** Null: Unallocated, or none. */
  readonly key: string | null;
  readonly cost: Usd;
  readonly previousCost: Usd;
}

/** The rows of one key together, the costliest first. */
export function movers<Row extends { readonly cost: Usd; readonly previousCost: Usd }>(
  rows: readonly Row[],
  keyOf: (row: Row) => string | null,
): readonly Mover[] {
  const byKey = new Map<string | null, Row[]>();
  for (const row of rows) {
    const group = byKey.get(keyOf(row));
    if (group === undefined) byKey.set(keyOf(row), [row]);
    else group.push(row);
  }
  return [...byKey]
    .map(([key, group]) => ({
      key,
      cost: sumUsd(group.map(({ cost }) => cost)),
      previousCost: sumUsd(group.map(({ previousCost }) => previousCost)),
    }))
    .toSorted((left, right) => {
      if (left.cost === right.cost) return (left.key ?? "").localeCompare(right.key ?? "");
      return left.cost > right.cost ? -1 : 1;
    });
}

/** More than these make a list, not news. */
const MOVED_MAX = 3;
/** What moved less than this share of the larger total explains nothing. */
const MOVED_PERCENT_MIN = 2n;
const CENT = usd(10_000_000_000n);

/** Those that rose or fell most, the largest change first, whichever way it goes. */
export function movedMost<One extends Mover>(all: readonly One[]): readonly One[] {
  const total = sumUsd(all.map(({ cost }) => cost));
  const before = sumUsd(all.map(({ previousCost }) => previousCost));
  if (before <= 0n) return [];
  const larger = total > before ? total : before;
  return all
    .filter((one) => {
      const moved = absolute(one.cost - one.previousCost);
      return moved >= CENT && moved * 100n >= larger * MOVED_PERCENT_MIN;
    })
    .toSorted((left, right) => {
      const difference =
        absolute(right.cost - right.previousCost) - absolute(left.cost - left.previousCost);
      if (difference === 0n) return (left.key ?? "").localeCompare(right.key ?? "");
      return difference > 0n ? 1 : -1;
    })
    .slice(0, MOVED_MAX);
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The costliest of what cost something, and what the others cost together. */
export function topAndOthers<One extends Mover>(
  all: readonly One[],
  count: number,
): { readonly top: readonly One[]; readonly othersCount: number; readonly others: Usd } {
  const costing = all.filter(({ cost }) => cost !== 0n);
  // One other takes the line that naming it would take.
  const shown = costing.length === count + 1 ? costing.length : count;
  const rest = costing.slice(shown);
  return {
    top: costing.slice(0, shown),
    othersCount: rest.length,
    others: sumUsd(rest.map(({ cost }) => cost)),
  };
}

export interface DigestBudget {
  readonly name: string;
  readonly periodKind: PeriodKind;
  readonly percent: number;
  readonly limit: Usd;
  readonly spend: Usd;
  /** Where the period is expected to end; undefined: nobody can tell yet. */
  readonly expected: Usd | undefined;
}

const DANGER_PERCENT = 80;

/** Nearly used up, or expected to be exceeded; those over their limit first. */
export function budgetsInDanger(budgets: readonly DigestBudget[]): readonly DigestBudget[] {
  return budgets
    .filter(({ percent, expected, limit }) => {
      return percent >= DANGER_PERCENT || (expected !== undefined && expected > limit);
    })
    .toSorted((left, right) => right.percent - left.percent);
}

export interface DayPoint {
  /** "2026-11-22" */
  readonly day: string;
  readonly cost: Usd;
}

/** A day alone is no curve: its chart shows how it came to it. */
const DAYS_BEFORE = 13;

/** What the chart of a digest shows: the days of the span; of one day, the two weeks that led to it. */
export function chartPeriod(
  { current, previous }: Pick<DigestSpan, "current" | "previous">,
  every: DigestInterval,
  zone: TimeZone,
): Period {
  switch (every) {
    case "day": {
      const { year, month, day } = localParts(current.start, zone);
      return { start: startOfLocalDay([year, month, day - DAYS_BEFORE], zone), end: current.end };
    }
    case "week":
      return { start: previous.start, end: current.end };
    case "month":
      return current;
  }
}

/** So many days of everybody's quarters of an hour are read within a query's time, also under load. */
const PIECE_DAYS = 3;

/** A period as pieces of whole local days, the last one perhaps shorter. */
export function piecesOf({ start, end }: Period, zone: TimeZone): readonly Period[] {
  const pieces: Period[] = [];
  for (let from = start; from < end; ) {
    const { year, month, day } = localParts(addMs(from, DAY_MS / 2), zone);
    const next = startOfLocalDay([year, month, day + PIECE_DAYS], zone);
    const to = next < end ? next : end;
    pieces.push({ start: from, end: to });
    from = to;
  }
  return pieces;
}

/** A point for each local day of the period, zero where nothing was spent. */
export function dayPoints(
  rows: readonly DayPoint[],
  { start, end }: Period,
  zone: TimeZone,
): readonly DayPoint[] {
  const costOf = new Map(rows.map(({ day, cost }) => [day, cost]));
  const points: DayPoint[] = [];
  for (let at: Instant = start; at < end; ) {
    const noon = addMs(at, DAY_MS / 2);
    const day = localDate(noon, zone);
    points.push({ day, cost: costOf.get(day) ?? ZERO_USD });
    const parts = localParts(noon, zone);
    at = startOfLocalDay([parts.year, parts.month, parts.day + 1], zone);
  }
  return points;
}

/**
 * Whether a budget may be told of in a channel's digest of `scope`: never one person's, and of the
 * scope itself or what lies in it.
 */
export function isBudgetOf(
  scope: Scope,
  budget: Scope,
  projects: ReadonlySet<string> | undefined,
): boolean {
  if (formatScope(scope) === formatScope(budget)) return true;
  if (scope.kind === "org") return budget.kind === "team" || budget.kind === "project";
  if (scope.kind === "team") return budget.kind === "project" && projects?.has(budget.key) === true;
  return false;
}

/** Whether a person has a reason to be written to: a channel hears of nothing too, a person does not. */
export function isWorthTelling(content: {
  readonly cost: Usd;
  readonly previousCost: Usd;
  readonly teams: readonly Mover[];
  readonly decisions: { readonly requestCount: number };
}): boolean {
  const { cost, previousCost, teams, decisions } = content;
  return (
    cost !== 0n ||
    previousCost !== 0n ||
    decisions.requestCount > 0 ||
    teams.some((team) => team.cost !== 0n || team.previousCost !== 0n)
  );
}
