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
    readonly decided: string;
    readonly is_announced: boolean;
  }>(
    `select a.member_key, a.threshold_percent,
            -- The key ends with the limit that was decided; limit_usd may hold more than that.
            substring(a.fact_key from ':([0-9.]+)$') as decided,
            a.not_sent_because is null as is_announced
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
      decided: usdFromDecimal(row.decided),
      isAnnounced: row.is_announced,
    });
    byMember.set(row.member_key, facts);
  }
  return byMember;
}

/** Facts of these threads, of every kind: their keys, by thread, and whether people heard of them. */
export async function listSaid(
  sql: Sql,
  threadKeys: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, boolean>>> {
  const { rows } = await sql.query<{
    readonly thread_key: string;
    readonly fact_key: string;
    readonly is_announced: boolean;
  }>(
    `select a.thread_key, a.fact_key, a.not_sent_because is null as is_announced
       from alerts a
      where a.thread_key = any($1)`,
    [threadKeys],
  );
  const byThread = new Map<string, Map<string, boolean>>();
  for (const row of rows) {
    const said = byThread.get(row.thread_key) ?? new Map<string, boolean>();
    byThread.set(row.thread_key, said.set(row.fact_key, row.is_announced));
  }
  return byThread;
}
