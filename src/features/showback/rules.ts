/** Showback, the decisions: which period people mean, what is compared with what. Pure. */
import { sumUsd, type Usd } from "../../domain/money.ts";
import type { Scope } from "../../domain/scope.ts";
import {
  addMs,
  type Instant,
  localParts,
  MINUTE_MS,
  type Period,
  type PeriodKind,
  startOfLocalDay,
  type TimeZone,
} from "../../domain/time.ts";
import type { TokenType } from "../../domain/usage.ts";

export const GROUP_KEYS = [
  "team",
  "project",
  "user",
  "model",
  "api_key",
  "workspace",
  "source",
  "day",
  "hour",
] as const;
export type GroupKey = (typeof GROUP_KEYS)[number];

export interface SpendQuery {
  readonly scope: Scope;
  readonly period: Period;
  /** Whose days and hours rows are grouped by. */
  readonly zone: TimeZone;
  readonly groupBy: readonly GroupKey[];
}

export interface SpendTotals {
  readonly cost: Usd;
  readonly requests: number;
  readonly tokens: Readonly<Record<TokenType, number>>;
}

/** What several rows come to together. */
export function sumTotals(rows: readonly SpendTotals[]): SpendTotals {
  const tokensOf = (type: TokenType): number =>
    rows.reduce((sum, { tokens }) => sum + tokens[type], 0);
  return {
    cost: sumUsd(rows.map(({ cost }) => cost)),
    requests: rows.reduce((sum, { requests }) => sum + requests, 0),
    tokens: {
      uncached_input: tokensOf("uncached_input"),
      cache_write_5m: tokensOf("cache_write_5m"),
      cache_write_1h: tokensOf("cache_write_1h"),
      cache_read: tokensOf("cache_read"),
      output: tokensOf("output"),
    },
  };
}

/** `group` holds the value of each key asked for; null: none, for a team that is Unallocated. */
export interface SpendRow extends SpendTotals {
  readonly group: Readonly<Partial<Record<GroupKey, string | null>>>;
}

export interface ReportPeriod {
  readonly current: Period;
  /** As long a span, one period earlier. */
  readonly previous: Period;
  /** "Month to date", for a sentence. */
  readonly label: string;
  readonly previousLabel: string;
}

const QUARTER_HOUR_MS = 15 * MINUTE_MS;

/** The end of the quarter of an hour around `now`: nothing that was used by now lies behind it. */
export function endOfQuarter(now: Instant): Instant {
  return addMs(now, QUARTER_HOUR_MS - (now.getTime() % QUARTER_HOUR_MS));
}

const DAYS_MAX = 366;

/**
 * Reads `today`, `yesterday`, `7d`, `mtd`, `last-month` (also "last month") or `2026-10`;
 * undefined for anything else.
 */
export function parseReportPeriod(
  text: string,
  now: Instant,
  zone: TimeZone,
): ReportPeriod | undefined {
  const word = text.trim().toLowerCase().replaceAll(/\s+/g, "-");
  const { year, month, day } = localParts(now, zone);
  const until = endOfQuarter(now);
  const dayStart = (offset: number): Instant => startOfLocalDay([year, month, day + offset], zone);
  const monthStart = (offset: number): Instant => startOfLocalDay([year, month + offset, 1], zone);

  if (word === "mtd" || word === "month" || word === "this-month") {
    return toDate({
      current: { start: monthStart(0), end: until },
      previousStart: monthStart(-1),
      label: "Month to date",
      previousLabel: "same days last month",
    });
  }
  const days = Number(/^(\d{1,3})d$/.exec(word)?.[1] ?? 0);
  if (word === "today" || days === 1) {
    return toDate({
      current: { start: dayStart(0), end: until },
      previousStart: dayStart(-1),
      label: "Today",
      previousLabel: "yesterday by this time",
    });
  }
  if (word === "yesterday") {
    return {
      current: { start: dayStart(-1), end: dayStart(0) },
      previous: { start: dayStart(-2), end: dayStart(-1) },
      label: "Yesterday",
      previousLabel: "the day before",
    };
  }
  if (word === "last-month") return wholeMonth([year, month - 1], zone, "Last month");
  if (days > 1 && days <= DAYS_MAX) {
    return toDate({
      current: { start: dayStart(1 - days), end: until },
      previousStart: dayStart(1 - 2 * days),
      label: `Last ${String(days)} days`,
      previousLabel: `the ${String(days)} days before`,
    });
  }
  const named = /^(20\d{2})-(0[1-9]|1[0-2])$/.exec(word);
  if (named === null) return undefined;
  if (Number(named[1]) === year && Number(named[2]) === month) {
    return toDate({
      current: { start: monthStart(0), end: until },
      previousStart: monthStart(-1),
      label: word,
      previousLabel: "same days of the month before",
    });
  }
  return wholeMonth([Number(named[1]), Number(named[2])], zone, word);
}

function wholeMonth(
  [year, month]: readonly [number, number],
  zone: TimeZone,
  label: string,
): ReportPeriod {
  const start = startOfLocalDay([year, month, 1], zone);
  return {
    current: { start, end: startOfLocalDay([year, month + 1, 1], zone) },
    previous: { start: startOfLocalDay([year, month - 1, 1], zone), end: start },
    label,
    previousLabel: "the month before",
  };
}

/** A period that is still running is compared with as much of the one before. */
function toDate(span: {
  readonly current: Period;
  readonly previousStart: Instant;
  readonly label: string;
  readonly previousLabel: string;
}): ReportPeriod {
  const elapsed = span.current.end.getTime() - span.current.start.getTime();
  const end = addMs(span.previousStart, elapsed);
  return {
    current: span.current,
    previous: {
      start: span.previousStart,
      end: end < span.current.start ? end : span.current.start,
    },
    label: span.label,
    previousLabel: span.previousLabel,
  };
}

/** Change in whole percent against `before`; undefined when there is nothing to compare with. */
export function changePercent(now: Usd, before: Usd): number | undefined {
  if (before <= 0n) return undefined;
  return Number(((now - before) * 100n) / before);
}

/** Share of the prompt that came from the cache, in whole percent; undefined without a prompt. */
export function cacheSharePercent({ tokens }: SpendTotals): number | undefined {
  const prompt =
    tokens.uncached_input + tokens.cache_write_5m + tokens.cache_write_1h + tokens.cache_read;
  return prompt === 0 ? undefined : Math.round((tokens.cache_read / prompt) * 100);
}

export interface TopRow {
  readonly key: string | null;
  readonly cost: Usd;
}

/** The costliest `count` of `rows`, and what the others cost together. */
export function topRows(
  rows: readonly TopRow[],
  count: number,
): { readonly top: readonly TopRow[]; readonly othersCount: number; readonly others: Usd } {
  const sorted = rows.toSorted((left, right) => {
    if (left.cost === right.cost) return (left.key ?? "").localeCompare(right.key ?? "");
    return left.cost > right.cost ? -1 : 1;
  });
  const rest = sorted.slice(count);
  return {
    top: sorted.slice(0, count),
    othersCount: rest.length,
    others: sumUsd(rest.map((row) => row.cost)),
  };
}

/** How much of a budget is used, as a report shows it. */
export interface BudgetShare {
  /** Names the budget to the button that asks for a raise; means nothing to people. */
  readonly raiseValue: string;
  readonly periodKind: PeriodKind;
  readonly limit: Usd;
  readonly spend: Usd;
  readonly percent: number;
}

export interface Breakdown {
  readonly key: GroupKey;
  readonly rows: readonly TopRow[];
}

export interface SpendReport {
  readonly scope: Scope;
  /** How people call the scope: a team's name, an address, "Acme". */
  readonly name: string;
  readonly period: ReportPeriod;
  readonly spend: SpendTotals;
  readonly previous: SpendTotals;
  readonly breakdowns: readonly Breakdown[];
  readonly budgets: readonly BudgetShare[];
  readonly asOf: Instant;
  /** What the figures rest on, and up to when Anthropic's bill was complete. Absent: an estimate. */
  readonly basis?: {
    readonly kind: "estimated" | "billed" | "reconciled";
    readonly asOf: Instant | undefined;
  };
}

/** Why a question has no answer. */
export type QuestionRefusal =
  | { readonly kind: "unknown-scope"; readonly text: string; readonly nearest: readonly string[] }
  | { readonly kind: "not-allowed"; readonly name: string; readonly viewable: readonly string[] };

export type ReportResult =
  | { readonly kind: "report"; readonly report: SpendReport }
  | QuestionRefusal;

/** What one person sees first: their own month, their teams, and for admins the whole. */
export interface OwnSpend {
  readonly mine: SpendTotals;
  readonly myBudgets: readonly BudgetShare[];
  readonly teams: readonly {
    readonly key: string;
    readonly name: string;
    readonly spend: SpendTotals;
    readonly budgets: readonly BudgetShare[];
  }[];
  /** For admins only. */
  readonly organization: { readonly name: string; readonly spend: SpendTotals } | undefined;
}
