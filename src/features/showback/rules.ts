/** Showback, the decisions: which period people mean, what is compared with what. Pure. */
import { sumUsd, type Usd } from "../../domain/money.ts";
import type { MonthWord } from "../../domain/month-to-date.ts";
import type { ReportPeriod } from "../../domain/report-period.ts";
import type { Scope, ScopeRefusal } from "../../domain/scope.ts";
import {
  HOUR_MS,
  type Instant,
  type Period,
  type PeriodKind,
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

/** Those of many that are not listed one by one. */
export interface Rest {
  readonly count: number;
  readonly cost: Usd;
}

/** The costliest `count` of `rows`, and what the others and `rest` cost together. */
export function topRows<Row extends TopRow>(
  rows: readonly Row[],
  count: number,
  rest?: Rest,
): { readonly top: readonly Row[]; readonly othersCount: number; readonly others: Usd } {
  const sorted = rows.toSorted((left, right) => {
    if (left.cost === right.cost) return (left.key ?? "").localeCompare(right.key ?? "");
    return left.cost > right.cost ? -1 : 1;
  });
  const others = sorted.slice(count);
  return {
    top: sorted.slice(0, count),
    othersCount: others.length + (rest?.count ?? 0),
    others: sumUsd([...others.map((row) => row.cost), ...(rest === undefined ? [] : [rest.cost])]),
  };
}

/** How much of a budget is used, and where it ends, as a report shows it. */
export interface BudgetShare {
  /** Names the budget to the button that asks for a raise; means nothing to people. */
  readonly raiseValue: string;
  readonly periodKind: PeriodKind;
  readonly limit: Usd;
  readonly spend: Usd;
  readonly percent: number;
  /** Where its period ends, by the last forecast; absent: none could be made yet. */
  readonly forecast?: { readonly expected: Usd; readonly end: Instant };
}

/** By what a report may be broken down. */
export type Dimension = Exclude<GroupKey, "day" | "hour" | "source" | "workspace">;

export interface Breakdown {
  readonly key: Dimension;
  readonly rows: readonly TopRow[];
  /** What is in none of the rows; absent: nothing. */
  readonly rest?: Rest;
}

/** Which part of a report is shown. */
export interface ReportView {
  /** Only this breakdown, with more rows; undefined: the overview. */
  readonly by: Dimension | undefined;
  /** Amounts to the last digit, as a table. */
  readonly isExact: boolean;
}

export interface SpendReport {
  readonly scope: Scope;
  /** How people call the scope: a team's name, an address, "Acme". */
  readonly name: string;
  /** The scope as whoever asked types it. */
  readonly typed: string;
  readonly period: ReportPeriod;
  readonly zone: TimeZone;
  readonly view: ReportView;
  readonly spend: SpendTotals;
  readonly previous: Pick<SpendTotals, "cost">;
  /** Cost of each day, or of each hour of a short period, the earliest first. */
  readonly course: Course;
  readonly breakdowns: readonly Breakdown[];
  /** By what whoever asked may look closer. */
  readonly dimensions: readonly Dimension[];
  readonly budgets: readonly BudgetShare[];
  readonly unitCosts: readonly UnitCost[];
  /** Whether it may be shown to others: amounts of people never are. */
  readonly mayShare: boolean;
  /** Up to when usage has come in, whoever used it; undefined: none ever did. */
  readonly dataUntil: Instant | undefined;
  readonly asOf: Instant;
  /** What the figures rest on, and up to when Anthropic's bill was complete. Absent: an estimate. */
  readonly basis?: {
    readonly kind: "estimated" | "billed" | "reconciled";
    readonly asOf: Instant | undefined;
  };
}

export interface Course {
  readonly step: "day" | "hour";
  readonly points: readonly { readonly at: Instant; readonly cost: Usd }[];
}

/** What one of something that the business counts cost. */
export interface UnitCost {
  readonly metric: string;
  readonly cost: Usd;
}

/** Why a question has no answer. */
export type QuestionRefusal = ScopeRefusal & {
  /** The period that was asked for, as a button types it. */
  readonly period?: string;
  /** The same as a person would type it. */
  readonly said?: string;
};

export type ReportResult =
  | { readonly kind: "report"; readonly report: SpendReport }
  | { readonly kind: "people-are-private"; readonly name: string; readonly typed: string }
  | QuestionRefusal;

/** What one person sees first: their own month, their teams, and for who sees everything the whole. */
export interface OwnSpend {
  /** What the organization's months are called. */
  readonly month: MonthWord;
  readonly mine: SpendTotals;
  readonly myBudgets: readonly BudgetShare[];
  readonly teams: readonly {
    readonly key: string;
    readonly name: string;
    readonly spend: SpendTotals;
    readonly budgets: readonly BudgetShare[];
  }[];
  /** For admins and finance only. */
  readonly organization: { readonly name: string; readonly spend: SpendTotals } | undefined;
  /** Months to date have today in them: nothing of them was compared with a bill. */
  readonly asOf?: Instant;
}

/** A longer period is shown by days, a shorter one by hours. */
const HOURLY_MS_MAX = 50 * HOUR_MS;

export function courseStep({ start, end }: Period): Course["step"] {
  return end.getTime() - start.getTime() <= HOURLY_MS_MAX ? "hour" : "day";
}

/** Whether a report of a scope may be shown to a channel: never what one person spent. */
export function mayShareReport(scope: Scope, by: Dimension | undefined): boolean {
  const isPersonal = scope.kind === "user" || scope.kind === "api_key";
  return !isPersonal && by !== "user" && by !== "api_key";
}
