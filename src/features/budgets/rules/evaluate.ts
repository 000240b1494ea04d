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
  /**
   * The limit that people decided on (base limit and grants). What was carried over is not part of
   * it: that moves with late events of the former period, and must not arm anything anew.
   */
  readonly decided: Usd;
  /** Whether people heard of it. */
  readonly isAnnounced: boolean;
}

/** That a threshold was reached, announced or not. */
export interface BudgetAlert extends Omit<ReachedFact, "isAnnounced">, BudgetRef {
  readonly period: Period;
  /** All that was in force. */
  readonly limit: Usd;
  /** When it was found, not later. */
  readonly spend: Usd;
  /** Why nobody is told of it; undefined when it is announced. */
  readonly silentBecause: "higher-threshold" | "limit-changed" | undefined;
}

/** What is known of one member's budget in one period. */
export interface Evaluation {
  readonly thresholdPercents: readonly number[];
  readonly limit: Usd;
  readonly decided: Usd;
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
 * What a new limit finds reached already. It is recorded without a message, so that only growth into
 * a further threshold is news, with one exception: a limit that was set below what is spent says so
 * once, because nobody else will.
 */
export function decideAtLimitChange(
  evaluation: Evaluation,
  { isLowered }: { readonly isLowered: boolean },
): { readonly announced: number | undefined; readonly silent: readonly number[] } {
  const known = knownPercents(evaluation);
  const news = reachedPercents(evaluation).filter((percent) => !known.has(percent));
  const isBelowSpend = isLowered && evaluation.spend >= evaluation.limit;
  const announced = isBelowSpend ? news.at(-1) : undefined;
  if (announced === undefined || announced <= Math.max(0, ...known)) {
    return { announced: undefined, silent: news };
  }
  return { announced, silent: news.filter((percent) => percent !== announced) };
}

/** The highest threshold that people heard of in this period, under whatever limit. */
export function highestAnnounced(facts: readonly ReachedFact[]): number | undefined {
  const announced = facts.filter(({ isAnnounced }) => isAnnounced);
  return announced.length === 0
    ? undefined
    : Math.max(...announced.map(({ thresholdPercent }) => thresholdPercent));
}

function reachedPercents({ thresholdPercents, limit, spend }: Evaluation): number[] {
  return [...new Set(thresholdPercents)]
    .toSorted((left, right) => left - right)
    .filter((percent) => hasReachedPercent(spend, limit, percent));
}

function knownPercents({ reachedFacts, decided }: Evaluation): ReadonlySet<number> {
  return new Set(
    reachedFacts.filter((fact) => fact.decided === decided).map((fact) => fact.thresholdPercent),
  );
}
