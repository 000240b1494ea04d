/**
 * Chargeback, the words: what a charge costs in FOCUS's four ways of counting, and the lines that a
 * statement is made of. Pure. What a month comes to is rules/charges.ts, what was stated of it
 * rules/adjustments.ts.
 */
import { allocate, type Usd, usd, ZERO_USD } from "../../domain/money.ts";
import type { Month } from "../../domain/month.ts";
import type { Scope } from "../../domain/scope.ts";
import type { Instant, Period } from "../../domain/time.ts";

/** One amount in four ways of counting, which are never mixed. */
export interface Costs {
  /** At published prices. */
  readonly list: Usd;
  /** At negotiated prices. */
  readonly contracted: Usd;
  /** What is invoiced in the month. */
  readonly billed: Usd;
  /** What the month consumed, with its part of what was paid before: teams are charged this. */
  readonly effective: Usd;
}

export const NO_COSTS: Costs = {
  list: ZERO_USD,
  contracted: ZERO_USD,
  billed: ZERO_USD,
  effective: ZERO_USD,
};

export const LINE_KINDS = [
  "usage",
  "purchase",
  "commitment_used",
  "commitment_paid",
  "commitment_unused",
  "credit",
  "shared",
] as const;
/**
 * - purchase: a commitment is paid, in the first month of its term.
 * - commitment_used: usage that a commitment paid for, in effective cost.
 * - commitment_paid: takes the same amount off what the usage itself is billed and costs.
 * - commitment_unused: what is left of a commitment at the end of its term.
 * - shared: moves cost between teams; the lines of a rule add up to nothing.
 */
export type LineKind = (typeof LINE_KINDS)[number];

/** What spend is summed by; a team or project of `undefined` is Unallocated. */
export interface Dimension {
  readonly spendDimensionId: number;
  readonly teamKey: string | undefined;
  readonly projectKey: string | undefined;
  readonly apiKeyId: string | undefined;
  readonly workspaceId: string | undefined;
  readonly modelId: string;
}

export interface Line {
  /** The month whose charges it is about. */
  readonly originMonth: Month;
  readonly kind: LineKind;
  /** Key of a commitment or credit, name of a rule; empty for usage. */
  readonly reference: string;
  /** Of usage, and of what a commitment paid of it. */
  readonly dimension: Dimension | undefined;
  readonly teamKey: string | undefined;
  readonly projectKey: string | undefined;
  readonly costs: Costs;
}

/** What one dimension used in a month: the sum of its charges. */
export interface MonthUsage {
  readonly month: Month;
  readonly dimension: Dimension;
  readonly list: Usd;
  readonly billed: Usd;
}

/** A prepaid amount for the usage of a scope (org, a team, a workspace) in a term of months. */
export interface Commitment {
  readonly key: string;
  readonly name: string;
  readonly scope: Scope;
  readonly amount: Usd;
  readonly firstMonth: Month;
  readonly lastMonth: Month;
}

/** Money granted for a month, for the organization or a team. */
export interface Credit {
  readonly key: string;
  readonly description: string;
  readonly scope: Scope;
  readonly amount: Usd;
  readonly month: Month;
}

export interface SharedCostRule {
  readonly name: string;
  readonly match: {
    readonly team?: string;
    readonly project?: string;
    readonly apiKeyId?: string;
    readonly workspaceId?: string;
    readonly model?: string;
  };
  readonly split:
    | { readonly kind: "even" | "proportional"; readonly teams: readonly string[] }
    | { readonly kind: "metric"; readonly metric: string; readonly teams: readonly string[] }
    | {
        readonly kind: "percent";
        readonly shares: readonly { readonly team: string; readonly tenThousandths: number }[];
      };
}

/** A month that nothing changes any more. */
export interface ClosedMonth {
  readonly month: Month;
  readonly period: Period;
  readonly closedAt: Instant;
  readonly closedBy: string;
}

/** What a team is called in a statement. */
export interface StatementTeam {
  readonly teamKey: string;
  readonly name: string;
  readonly costCenter: string | undefined;
}

function combine(left: Costs, right: Costs, by: (left: Usd, right: Usd) => bigint): Costs {
  return {
    list: usd(by(left.list, right.list)),
    contracted: usd(by(left.contracted, right.contracted)),
    billed: usd(by(left.billed, right.billed)),
    effective: usd(by(left.effective, right.effective)),
  };
}

export function subtractCosts(left: Costs, right: Costs): Costs {
  return combine(left, right, (one, other) => one - other);
}

export function sumCosts(all: Iterable<Costs>): Costs {
  let total = NO_COSTS;
  for (const costs of all) total = combine(total, costs, (one, other) => one + other);
  return total;
}

export function areNothing({ list, contracted, billed, effective }: Costs): boolean {
  return list === 0n && contracted === 0n && billed === 0n && effective === 0n;
}

/** Each way of counting split by the same weights, so that each adds up exactly; also below zero. */
export function splitCosts<Key>(
  costs: Costs,
  entries: readonly { readonly key: Key; readonly weight: bigint }[],
): readonly { readonly key: Key; readonly costs: Costs }[] {
  const list = splitSigned(costs.list, entries);
  const contracted = splitSigned(costs.contracted, entries);
  const billed = splitSigned(costs.billed, entries);
  const effective = splitSigned(costs.effective, entries);
  return entries.map(({ key }, index) => ({
    key,
    costs: {
      list: list[index] ?? ZERO_USD,
      contracted: contracted[index] ?? ZERO_USD,
      billed: billed[index] ?? ZERO_USD,
      effective: effective[index] ?? ZERO_USD,
    },
  }));
}

function splitSigned(amount: Usd, entries: readonly { readonly weight: bigint }[]): readonly Usd[] {
  const size = amount < 0n ? usd(0n - amount) : amount;
  const shares = allocate(
    size,
    entries.map(({ weight }, index) => ({ key: index, weight })),
  );
  return shares.map((share) => (amount < 0n ? usd(0n - share.amount) : share.amount));
}
