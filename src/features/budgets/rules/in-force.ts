/**
 * What may be spent at an instant, derived from what was decided: the base limit, grants, and what
 * the former period left unused. Nothing is ever reset, so late events and corrections need no
 * repair: they change the sums that this is made of. Pure.
 */
import { addUsd, multiplyUsd, type Usd, usd, ZERO_USD } from "../../../domain/money.ts";
import { addMs, type Instant, type Period } from "../../../domain/time.ts";
import { type Budget, type BudgetCalendar, currentPeriod } from "../rules.ts";

/** That a base limit was set; it holds until the next entry does. */
export interface LimitEntry {
  readonly generation: number;
  readonly validFrom: Instant;
  readonly limit: Usd;
}

/** What may be spent, and what it is made of. */
export interface InForce {
  readonly baseLimit: Usd;
  readonly grants: Usd;
  readonly carriedOver: Usd;
  /** All of it. */
  readonly limit: Usd;
  /**
   * What people decided: base limit and grants. Alerts are armed by it: what is carried over moves
   * with late events of the former period, and nobody decided that.
   */
  readonly decided: Usd;
}

export function inForce(parts: Pick<InForce, "baseLimit" | "grants" | "carriedOver">): InForce {
  const { baseLimit, grants, carriedOver } = parts;
  const decided = addUsd(baseLimit, grants);
  return { baseLimit, grants, carriedOver, decided, limit: addUsd(decided, carriedOver) };
}

/** The base limit at `at`; of entries of the same instant the last one holds. */
export function baseLimitAt(history: readonly LimitEntry[], at: Instant): LimitEntry | undefined {
  return history.findLast((entry) => entry.validFrom <= at);
}

/** The period before the one that contains `now`. */
export function formerPeriod(budget: BudgetCalendar, now: Instant): Period {
  return currentPeriod(budget, addMs(currentPeriod(budget, now).start, -1));
}

/**
 * What `former` hands on to the period after it: the unused part of the base limit that was in
 * force at its end, up to the budget's share of that limit.
 *
 * Grants end with their time and are never carried over, and neither is what the former period was
 * itself carried: of a limit of 100 no period ever gets more than 200. Nothing comes from before
 * the budget, or from when it measured something else.
 */
export function unusedOf(
  budget: Pick<Budget, "rollOverMaxPercent" | "generation">,
  former: {
    readonly period: Period;
    readonly spend: Usd;
    /** In the order in which the entries hold. */
    readonly limits: readonly LimitEntry[];
  },
): Usd {
  const { rollOverMaxPercent } = budget;
  const last = baseLimitAt(former.limits, addMs(former.period.end, -1));
  if (rollOverMaxPercent === undefined || last?.generation !== budget.generation) return ZERO_USD;
  const used = former.spend > 0n ? former.spend : ZERO_USD;
  const unused = usd(used >= last.limit ? 0n : last.limit - used);
  const most = multiplyUsd(last.limit, {
    numerator: BigInt(rollOverMaxPercent),
    denominator: 100n,
  });
  return unused < most ? unused : most;
}
