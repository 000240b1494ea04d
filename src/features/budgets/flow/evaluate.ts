/**
 * Looks at one budget now and records what it finds. The caller has locked the budget, so nobody
 * else decides about it meanwhile; facts and messages commit with the caller's transaction.
 */
import { ZERO_USD } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import {
  type BudgetAlert,
  type Evaluation,
  evaluateBudget,
  reachedAtLimitChange,
} from "../rules/evaluate.ts";
import { type Budget, currentPeriod, limitInForce } from "../rules.ts";
import { listReachedFacts } from "../store/alerts.ts";
import { listGrantsInForce } from "../store/grants.ts";
import { loadSpendByMember } from "../store/spend.ts";
import { raiseReached } from "./announce.ts";

/** A locked budget, and whose part of it to look at; undefined: everybody's who spent something. */
export interface Target {
  readonly budget: Budget;
  readonly memberKeys: readonly string[] | undefined;
}

/** Raises newly reached thresholds of the current period; how many people hear of. */
export async function recordReached(sql: Sql, target: Target, now: Instant): Promise<number> {
  const alerts = (await loadEvaluations(sql, target, now)).flatMap((found): BudgetAlert[] => {
    const decision = evaluateBudget(found.evaluation);
    if (decision.kind === "quiet") return [];
    return [
      alertOf(found, { thresholdPercent: decision.thresholdPercent, silentBecause: undefined }),
      ...decision.silentPercents.map((thresholdPercent) =>
        alertOf(found, { thresholdPercent, silentBecause: "higher-threshold" }),
      ),
    ];
  });
  return await raiseReached(sql, { budget: target.budget, alerts }, now);
}

/** Records without a message what is already reached under a limit that has just changed. */
export async function recordReachedAtLimitChange(
  sql: Sql,
  target: Target,
  now: Instant,
): Promise<void> {
  const found = await loadEvaluations(sql, target, now);
  const alerts = found.flatMap((one) =>
    reachedAtLimitChange(one.evaluation).map((thresholdPercent) =>
      alertOf(one, { thresholdPercent, silentBecause: "limit-changed" }),
    ),
  );
  await raiseReached(sql, { budget: target.budget, alerts }, now);
}

interface Found {
  readonly target: Target;
  readonly memberKey: string;
  readonly period: BudgetAlert["period"];
  readonly evaluation: Evaluation;
}

async function loadEvaluations(sql: Sql, target: Target, now: Instant): Promise<Found[]> {
  const { budget } = target;
  const { budgetId, coverage, thresholdPercents } = budget;
  const memberKeys = coverage.kind === "one" ? [""] : target.memberKeys;
  const period = currentPeriod(budget, now);
  const spends = await loadSpendByMember(sql, { coverage, memberKeys }, period);
  const grants = await listGrantsInForce(sql, { budgetId, memberKeys }, now);
  const facts = await listReachedFacts(sql, { budget, memberKeys, period });
  return [...spends].map(([memberKey, spend]) => ({
    target,
    memberKey,
    period,
    evaluation: {
      thresholdPercents,
      limit: limitInForce(
        budget.baseLimit,
        grants.filter((grant) => grant.memberKey === memberKey),
        now,
      ),
      spend: spend > 0n ? spend : ZERO_USD, // Credits may exceed what was used.
      reachedFacts: facts.get(memberKey) ?? [],
    },
  }));
}

function alertOf(
  { target, memberKey, period, evaluation }: Found,
  what: Pick<BudgetAlert, "thresholdPercent" | "silentBecause">,
): BudgetAlert {
  return {
    budgetId: target.budget.budgetId,
    memberKey,
    period,
    limit: evaluation.limit,
    spend: evaluation.spend,
    ...what,
  };
}
