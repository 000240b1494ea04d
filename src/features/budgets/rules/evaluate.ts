/**
 * When somebody must hear of a budget: thresholds, what was reached before, and what a change of
 * limit means for it. Pure.
 */
import { hasReachedPercent, type Usd } from "../../../domain/money.ts";
import type { Period } from "../../../domain/time.ts";
import type { BudgetRef } from "../rules.ts";

/** That a threshold was reached under a limit, in the period that is being looked at. */
export interface ReachedFact {
  readonly thresholdPercent: number;
  readonly limit: Usd;
}

/** That a threshold was reached, announced or not. */
export interface BudgetAlert extends ReachedFact, BudgetRef {
  readonly period: Period;
  /** When it was found, not later. */
  readonly spend: Usd;
  /** Why nobody is told of it; undefined when it is announced. */
  readonly silentBecause: "higher-threshold" | "limit-changed" | undefined;
}

/** What is known of one member's budget in one period. */
export interface Evaluation {
  readonly thresholdPercents: readonly number[];
  readonly limit: Usd;
  readonly spend: Usd;
  /** Everything recorded for this member and period, announced or not, under any limit. */
  readonly reachedFacts: readonly ReachedFact[];
}

export type BudgetDecision =
  | { readonly kind: "quiet" }
  | {
      readonly kind: "alert";
      /** The highest threshold that was newly reached: the one that people hear of. */
      readonly thresholdPercent: number;
      /** Lower ones reached by the same jump: recorded without a message of their own. */
      readonly silentPercents: readonly number[];
    };

/**
 * Announces the highest threshold that the spend has reached, once for a period and limit.
 *
 * What was recorded stays recorded: spend that is corrected down and grows again is no news, and
 * neither is a threshold below one that was already reached.
 */
export function evaluateBudget(evaluation: Evaluation): BudgetDecision {
  const known = knownPercents(evaluation);
  const news = reachedPercents(evaluation).filter((percent) => !known.has(percent));
  const highest = Math.max(0, ...news);
  if (highest <= Math.max(0, ...known)) return { kind: "quiet" };
  return {
    kind: "alert",
    thresholdPercent: highest,
    silentPercents: news.filter((percent) => percent !== highest),
  };
}

/**
 * The thresholds that are already reached at the moment a limit changes: recorded under the new
 * limit without a message, so that only real growth into a further one is news.
 */
export function reachedAtLimitChange(evaluation: Evaluation): number[] {
  const known = knownPercents(evaluation);
  return reachedPercents(evaluation).filter((percent) => !known.has(percent));
}

function reachedPercents({ thresholdPercents, limit, spend }: Evaluation): number[] {
  return [...new Set(thresholdPercents)]
    .toSorted((left, right) => left - right)
    .filter((percent) => hasReachedPercent(spend, limit, percent));
}

function knownPercents({ reachedFacts, limit }: Evaluation): ReadonlySet<number> {
  return new Set(
    reachedFacts.filter((fact) => fact.limit === limit).map((fact) => fact.thresholdPercent),
  );
}
