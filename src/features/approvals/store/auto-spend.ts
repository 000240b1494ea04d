/**
 * What was granted without a person, by policy and period, the SQL. Owns: approval_auto_spend. The
 * row is its own lock: of simultaneous requests each sees what the one before it took.
 */
import { type Usd, usdFromDecimal, usdToDecimal, ZERO_USD } from "../../../domain/money.ts";
import type { Instant, PeriodKind } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

export interface AutoCounter {
  readonly counterKey: string;
  readonly periodKind: PeriodKind;
  readonly periodStart: Instant;
}

/** Takes `amount` from the ceiling; false when that would exceed it, and nothing is taken. */
export async function takeAutoSpend(
  sql: Sql,
  counter: AutoCounter,
  { amount, ceiling }: { readonly amount: Usd; readonly ceiling: Usd },
): Promise<boolean> {
  if (amount > ceiling) return false;
  const { rowCount } = await sql.query(
    `insert into approval_auto_spend as s (counter_key, period, period_start, used_usd)
     values ($1, $2, $3, $4)
         on conflict (counter_key, period, period_start) do update
        set used_usd = s.used_usd + excluded.used_usd
      where s.used_usd + excluded.used_usd <= $5`,
    [
      counter.counterKey,
      counter.periodKind,
      counter.periodStart,
      usdToDecimal(amount),
      usdToDecimal(ceiling),
    ],
  );
  return rowCount === 1;
}

/** What is used of a ceiling. */
export async function loadAutoSpend(sql: Sql, counter: AutoCounter): Promise<Usd> {
  const { rows } = await sql.query<{ readonly used_usd: string }>(
    `select s.used_usd::text
       from approval_auto_spend s
      where s.counter_key = $1 and s.period = $2 and s.period_start = $3`,
    [counter.counterKey, counter.periodKind, counter.periodStart],
  );
  return rows[0] === undefined ? ZERO_USD : usdFromDecimal(rows[0].used_usd);
}
