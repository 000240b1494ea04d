/** Budgets, the SQL of what was said of them. Reads alerts; owns nothing. */
import { usdFromDecimal } from "../../../domain/money.ts";
import type { Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { ReachedFact } from "../rules/evaluate.ts";
import { type Budget, formatCoverage } from "../rules.ts";

/** What was reached in a period, by member, under whatever limit; of this yardstick alone. */
export async function listReachedFacts(
  sql: Sql,
  of: {
    readonly budget: Pick<Budget, "budgetId" | "coverage">;
    readonly memberKeys: readonly string[] | undefined;
    readonly period: Period;
  },
): Promise<ReadonlyMap<string, readonly ReachedFact[]>> {
  const coverage = formatCoverage(of.budget.coverage);
  const { rows } = await sql.query<{
    readonly member_key: string;
    readonly threshold_percent: number;
    readonly limit_usd: string;
  }>(
    `select a.member_key, a.threshold_percent, a.limit_usd::text
       from alerts a
      where a.budget_id = $1
        and a.period_start = $2
        and a.period_end = $3
        and ($4::text[] is null or a.member_key = any($4))
        and a.kind = 'threshold'
        -- Of another scope, something else was said.
        and a.scope = case when $5 like 'each:%' then substr($5, 6) || ':' || a.member_key else $5 end`,
    [of.budget.budgetId, of.period.start, of.period.end, of.memberKeys ?? null, coverage],
  );
  const byMember = new Map<string, ReachedFact[]>();
  for (const row of rows) {
    const facts = byMember.get(row.member_key) ?? [];
    facts.push({
      thresholdPercent: row.threshold_percent,
      limit: usdFromDecimal(row.limit_usd),
    });
    byMember.set(row.member_key, facts);
  }
  return byMember;
}
