/** Where the members of one budget stand: what they spent in its period, and what is in force. */
import { type Usd, ZERO_USD } from "../../../domain/money.ts";
import type { Instant, Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { formerPeriod, type InForce, inForce, unusedOf } from "../rules/in-force.ts";
import { type Budget, currentPeriod, grantsInForce } from "../rules.ts";
import { listGrantsInForce } from "../store/grants.ts";
import { listLimits } from "../store/limits.ts";
import { loadSpendByMember } from "../store/spend.ts";

export interface Standing extends InForce {
  readonly memberKey: string;
  readonly period: Period;
  /** Never negative: credits may exceed what was used. */
  readonly spend: Usd;
}

/** Of these members, or of all who spent something or have a grant. */
export async function loadStandings(
  sql: Sql,
  { budget, memberKeys }: Members,
  now: Instant,
): Promise<Standing[]> {
  const { budgetId, coverage, baseLimit } = budget;
  const wanted = coverage.kind === "one" ? [""] : memberKeys;
  const period = currentPeriod(budget, now);
  const [spends, grants] = await together([
    loadSpendByMember(sql, { coverage, memberKeys: wanted }, period),
    listGrantsInForce(sql, { budgetId, memberKeys: wanted }, now),
  ]);
  const members = wanted ?? [
    ...new Set([...spends.keys(), ...grants.map((grant) => grant.memberKey)]),
  ];
  const carried = await loadCarriedOver(sql, { budget, memberKeys: members }, now);
  return members.map((memberKey) => {
    const own = grants.filter((grant) => grant.memberKey === memberKey);
    const spend = spends.get(memberKey) ?? ZERO_USD;
    return {
      memberKey,
      period,
      spend: spend > 0n ? spend : ZERO_USD,
      ...inForce({
        baseLimit,
        grants: grantsInForce(own, now),
        carriedOver: carried(memberKey),
      }),
    };
  });
}

interface Members {
  readonly budget: Budget;
  readonly memberKeys: readonly string[] | undefined;
}

/** Budgets that carry nothing over cost no query. */
async function loadCarriedOver(
  sql: Sql,
  { budget, memberKeys }: Members,
  now: Instant,
): Promise<(memberKey: string) => Usd> {
  if (budget.rollOverMaxPercent === undefined) return () => ZERO_USD;
  const period = formerPeriod(budget, now);
  const { coverage } = budget;
  const spends = await loadSpendByMember(sql, { coverage, memberKeys }, period);
  const limits = await listLimits(sql, budget.budgetId);
  return (memberKey) =>
    unusedOf(budget, { period, limits, spend: spends.get(memberKey) ?? ZERO_USD });
}
