/**
 * Budgets, the decisions: which budgets some spend counts towards and what limit is in force. Pure.
 * When somebody must hear of it is rules/evaluate.ts, who rules/recipients.ts; dates that people
 * type are domain/until.ts, commands rules/commands.ts.
 */
import { addUsd, sumUsd, type Usd } from "../../domain/money.ts";
import {
  EACH_KINDS,
  type EachKind,
  formatScope,
  parseScope,
  type Scope,
} from "../../domain/scope.ts";
import {
  type Instant,
  type Period,
  type PeriodKind,
  periodOf,
  type TimeZone,
  type Weekday,
} from "../../domain/time.ts";

/** One scope, or one budget for each member of a kind. */
export type Coverage =
  | { readonly kind: "one"; readonly scope: Scope }
  | { readonly kind: "each"; readonly of: EachKind };

export interface Budget {
  readonly budgetId: string;
  readonly coverage: Coverage;
  /** What may be spent in one period before any grant. */
  readonly baseLimit: Usd;
  readonly periodKind: PeriodKind;
  readonly timeZone: TimeZone;
  readonly weekStartsOn: Weekday;
  readonly fiscalMonthStartsOn: number;
  readonly fiscalYearStartsIn: number;
  /** Percent of the limit in force, ascending, without repetition. */
  readonly thresholdPercents: readonly number[];
  readonly forecastThresholdPercents: readonly number[];
  /** How much of its unused limit the next period gets, in percent; undefined: nothing. */
  readonly rollOverMaxPercent: number | undefined;
  /** So many days ahead of plan are news; undefined: never. */
  readonly paceDays: number | undefined;
  /** Whether people hear that a period begins. */
  readonly notifyReset: boolean;
  /** Where it is written down; "slack": beside the document, where former versions put some. */
  readonly managedBy: "governance" | "slack";
  /** Counts what it has measured: with another scope or calendar it is a new yardstick. */
  readonly generation: number;
}

export const FIRST_GENERATION = 1;

/** What a governance document says about a budget. */
export interface GovernedBudget {
  readonly key: string;
  readonly scope: Scope | { readonly kind: "each"; readonly key: EachKind };
  readonly limit: Usd;
  readonly period: PeriodKind;
  readonly timeZone: TimeZone;
  readonly weekStartsOn: Weekday;
  readonly fiscalMonthStartsOn: number;
  readonly fiscalYearStartsIn: number;
  /** Ascending. */
  readonly thresholdPercents: readonly number[];
  readonly forecastThresholdPercents: readonly number[];
  readonly rollOverMaxPercent?: number;
  readonly paceDays?: number;
  readonly notifyReset?: boolean;
}

export function budgetFromGovernance(governed: GovernedBudget): Budget {
  const { scope } = governed;
  return {
    budgetId: governed.key,
    coverage: scope.kind === "each" ? { kind: "each", of: scope.key } : { kind: "one", scope },
    baseLimit: governed.limit,
    periodKind: governed.period,
    timeZone: governed.timeZone,
    weekStartsOn: governed.weekStartsOn,
    fiscalMonthStartsOn: governed.fiscalMonthStartsOn,
    fiscalYearStartsIn: governed.fiscalYearStartsIn,
    thresholdPercents: governed.thresholdPercents,
    forecastThresholdPercents: governed.forecastThresholdPercents,
    rollOverMaxPercent: governed.rollOverMaxPercent,
    paceDays: governed.paceDays,
    notifyReset: governed.notifyReset ?? false,
    managedBy: "governance",
    generation: FIRST_GENERATION,
  };
}

/** More money for a time: valid from its start, until just before its end. */
export interface Grant {
  readonly memberKey: string;
  readonly amount: Usd;
  readonly validFrom: Instant;
  readonly validUntil: Instant;
}

/** Where one budget stands in its current period. */
export interface BudgetStatus {
  readonly budgetId: string;
  /** Concrete: for `each:user` the user. */
  readonly scope: Scope;
  /** The member's key; empty unless the budget is one of `each:…`. */
  readonly memberKey: string;
  readonly periodKind: PeriodKind;
  readonly period: Period;
  readonly timeZone: TimeZone;
  readonly weekStartsOn: Weekday;
  readonly baseLimit: Usd;
  /** Sum of the grants that are valid now. */
  readonly grants: Usd;
  /** What the former period left unused, where that rolls over. */
  readonly carriedOver: Usd;
  /** In force: base limit, grants and what was carried over. */
  readonly limit: Usd;
  readonly spend: Usd;
  /** Whole percent of the limit in force, rounded down. */
  readonly percent: number;
  readonly thresholdPercents: readonly number[];
  /** The last forecast of this period; undefined: none could be made yet. */
  readonly forecast: LastForecast | undefined;
  readonly managedBy: Budget["managedBy"];
}

/** Where the period ends, as it looked at `asOf`. An estimate: it has a band. */
export interface LastForecast {
  readonly asOf: Instant;
  readonly expected: Usd;
  readonly low: Usd;
  readonly high: Usd;
  /** Within how many percent such forecasts of that many former periods were. */
  readonly accuracy: { readonly withinPercent: number; readonly periods: number } | undefined;
  /** How many days the spend is ahead of plan; negative: behind. */
  readonly daysAhead: number;
}

/** What some spend was for; absent or empty where it has no such owner. */
export interface SpendFor {
  readonly teamKey: string | undefined;
  readonly projectKey: string | undefined;
  readonly userEmail: string | undefined;
  readonly apiKeyId: string | undefined;
  readonly workspaceId: string | undefined;
  readonly modelId: string;
  readonly tags: Readonly<Record<string, string>>;
}

export function parseCoverage(text: string): Coverage | undefined {
  const each = EACH_KINDS.find((kind) => text === `each:${kind}`);
  if (each !== undefined) return { kind: "each", of: each };
  const scope = parseScope(text);
  return scope === undefined ? undefined : { kind: "one", scope };
}

export function formatCoverage(coverage: Coverage): string {
  return coverage.kind === "each" ? `each:${coverage.of}` : formatScope(coverage.scope);
}

/** What the budget of one member covers. */
export function memberScope(coverage: Coverage, memberKey: string): Scope {
  return coverage.kind === "each" ? { kind: coverage.of, key: memberKey } : coverage.scope;
}

/** Coverages, as text, of every budget that `spend` may count towards: what to look up. */
export function coveragesOf(spend: SpendFor): string[] {
  const owners = ownersOf(spend);
  return [
    "org",
    ...owners.map(formatScope),
    ...EACH_KINDS.filter((kind) => owners.some((owner) => owner.kind === kind)).map(
      (kind) => `each:${kind}`,
    ),
  ];
}

/** The budgets among `budgets` that `spend` counts towards, with the member whose budget it is. */
export function budgetsTouchedBy(
  budgets: readonly Budget[],
  spend: SpendFor,
): { readonly budget: Budget; readonly memberKey: string }[] {
  const owners = ownersOf(spend);
  return budgets.flatMap((budget) => {
    const { coverage } = budget;
    if (coverage.kind === "each") {
      const member = owners.find((owner) => owner.kind === coverage.of);
      return member === undefined ? [] : [{ budget, memberKey: member.key }];
    }
    const { scope } = coverage;
    const isTouched =
      scope.kind === "org" ||
      owners.some((owner) => owner.kind === scope.kind && owner.key === scope.key);
    return isTouched ? [{ budget, memberKey: "" }] : [];
  });
}

function ownersOf(spend: SpendFor): Scope[] {
  const named: readonly (readonly [Scope["kind"], string | undefined])[] = [
    ["team", spend.teamKey],
    ["project", spend.projectKey],
    ["user", spend.userEmail],
    ["api_key", spend.apiKeyId],
    ["workspace", spend.workspaceId],
    ["model", spend.modelId],
  ];
  const owners = named.flatMap(([kind, key]) =>
    key === undefined || key === "" ? [] : [{ kind, key }],
  );
  // A tag name with "=" can't be written as a scope: it would read as another tag.
  const tags = Object.entries(spend.tags).flatMap(([name, value]): Scope[] =>
    name === "" || name.includes("=") || value === ""
      ? []
      : [{ kind: "tag", key: `${name}=${value}` }],
  );
  return [...owners, ...tags];
}

/** What decides when a budget's periods begin. */
export type BudgetCalendar = Pick<
  Budget,
  "periodKind" | "timeZone" | "weekStartsOn" | "fiscalMonthStartsOn" | "fiscalYearStartsIn"
>;

export function currentPeriod(budget: BudgetCalendar, now: Instant): Period {
  const { periodKind, timeZone, ...starts } = budget;
  return periodOf(now, { ...starts, kind: periodKind, zone: timeZone });
}

/** Sum of those of a member's `grants` that are valid at `at`. */
export function grantsInForce(grants: readonly Grant[], at: Instant): Usd {
  return sumUsd(
    grants
      .filter((grant) => grant.validFrom <= at && at < grant.validUntil)
      .map((grant) => grant.amount),
  );
}

export function limitInForce(baseLimit: Usd, grants: readonly Grant[], at: Instant): Usd {
  return addUsd(baseLimit, grantsInForce(grants, at));
}

/** Whether two versions of a budget measure the same thing, so that what was said still holds. */
export function isSameYardstick(before: Budget, after: Budget): boolean {
  return (
    formatCoverage(before.coverage) === formatCoverage(after.coverage) &&
    before.periodKind === after.periodKind &&
    before.timeZone === after.timeZone &&
    before.weekStartsOn === after.weekStartsOn &&
    before.fiscalMonthStartsOn === after.fiscalMonthStartsOn &&
    before.fiscalYearStartsIn === after.fiscalYearStartsIn
  );
}

/** Whether `after` alerts at other amounts: another limit, or other thresholds. */
export function hasOtherThresholds(before: Budget, after: Budget): boolean {
  return (
    before.baseLimit !== after.baseLimit ||
    before.rollOverMaxPercent !== after.rollOverMaxPercent ||
    before.thresholdPercents.join() !== after.thresholdPercents.join()
  );
}

/** Names one member's budget in a button or an option: opaque to Slack, exact to us. */
export interface BudgetRef {
  readonly budgetId: string;
  readonly memberKey: string;
}

export function formatBudgetRef({ budgetId, memberKey }: BudgetRef): string {
  return `${encodeURIComponent(budgetId)}|${memberKey}`;
}

export function parseBudgetRef(text: string): BudgetRef | undefined {
  const bar = text.indexOf("|");
  if (bar < 1) return undefined;
  try {
    return { budgetId: decodeURIComponent(text.slice(0, bar)), memberKey: text.slice(bar + 1) };
  } catch {
    return undefined; // Not percent-encoded text: nothing that we wrote.
  }
}
