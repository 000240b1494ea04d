/** Spend that moved since it was shown, the SQL. Reads only. */
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import type { Instant, Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

export interface ShownSpend {
  readonly email: string;
  readonly shown: Usd;
  readonly now: Usd;
}

/**
 * What people who may look at their Home spent in the period, beside what it shows; of those alone
 * for whom something was recorded in a quarter of an hour from `recordedSince` on.
 */
export async function listMovingSpend(
  sql: Sql,
  of: {
    readonly visitedSince: Instant;
    readonly recordedSince: Instant;
    readonly period: Period;
  },
): Promise<ShownSpend[]> {
  const { rows } = await sql.query<{
    readonly email: string;
    readonly shown: string;
    readonly spent: string;
  }>(
    `with moving as (
       select v.email, min(v.spend_usd) as shown
         from home_views v
        where v.visited_at >= $1 and v.spend_usd is not null
              and exists (select
                            from spend_dimensions o
                            join spend_rollups r on r.spend_dimension_id = o.spend_dimension_id
                           where o.user_email = v.email and r.bucket_start >= $2)
        group by v.email
     )
     select m.email, m.shown::text as shown, sum(s.billed_cost_usd)::text as spent
       from moving m
       join spend_dimensions d on d.user_email = m.email
      cross join lateral spend_of(d.spend_dimension_id, $3, $4) s
      group by m.email, m.shown`,
    [of.visitedSince, of.recordedSince, of.period.start, of.period.end],
  );
  return rows.map((row) => ({
    email: row.email,
    shown: usdFromDecimal(row.shown),
    now: usdFromDecimal(row.spent),
  }));
}
