/** Budgets, the SQL of the limits that budgets had over time. Owns: budget_limits. */
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { LimitEntry } from "../rules/in-force.ts";
import type { Budget } from "../rules.ts";

/** Who changed limits, and why: "dana@acme.test", "budget set". */
export interface LimitChange {
  readonly at: Instant;
  readonly by: string;
  readonly reason: string;
}

/**
 * Appends the budgets' limits of now. Never before an earlier entry, should the clock have been set
 * back: the order of decisions is the order of entries.
 */
export async function insertLimits(
  sql: Sql,
  budgets: readonly Pick<Budget, "budgetId" | "baseLimit" | "generation">[],
  change: LimitChange,
): Promise<void> {
  if (budgets.length === 0) return;
  await sql.query(
    `insert into budget_limits (budget_id, generation, valid_from, limit_usd, changed_by, reason)
     select n.budget_id, n.generation,
            greatest($4::timestamptz,
                     (select max(l.valid_from) from budget_limits l where l.budget_id = n.budget_id)),
            n.limit_usd, $5, $6
       from unnest($1::text[], $2::integer[], $3::numeric[]) as n (budget_id, generation, limit_usd)`,
    [
      budgets.map(({ budgetId }) => budgetId),
      budgets.map(({ generation }) => generation),
      budgets.map(({ baseLimit }) => usdToDecimal(baseLimit)),
      change.at,
      change.by,
      change.reason,
    ],
  );
}

/** Every limit that a budget had, in the order in which they hold. */
export async function listLimits(sql: Sql, budgetId: string): Promise<LimitEntry[]> {
  const { rows } = await sql.query<{
    readonly generation: number;
    readonly valid_from: Date;
    readonly limit_usd: string;
  }>(
    `select l.generation, l.valid_from, l.limit_usd::text
       from budget_limit_validity l
      where l.budget_id = $1
      order by l.valid_from`,
    [budgetId],
  );
  return rows.map((row) => ({
    generation: row.generation,
    validFrom: instant(row.valid_from),
    limit: usdFromDecimal(row.limit_usd),
  }));
}
