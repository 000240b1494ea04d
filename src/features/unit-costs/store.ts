/** Unit costs, the SQL. Owns: business_metrics. */

import { assert } from "../../domain/assert.ts";
import { formatScope, scopeFrom } from "../../domain/scope.ts";
import type { Instant, Period } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import {
  type BusinessMetric,
  type PostedUnits,
  parseQuantity,
  quantityToDecimal,
} from "./rules.ts";

/**
 * Stores values; one for the same name, scope, time and source replaces the former. They are
 * different here, and sorted, so that concurrent batches never wait for each other in a circle.
 */
export async function upsertBusinessMetrics(
  sql: Sql,
  metrics: readonly BusinessMetric[],
  { source, now }: { readonly source: string; readonly now: Instant },
): Promise<void> {
  await sql.query(
    `insert into business_metrics as m (source, name, scope, occurred_at, quantity, received_at)
     select $5, n.name, n.scope, n.occurred_at, n.quantity, $6
       from unnest($1::text[], $2::text[], $3::timestamptz[], $4::numeric[])
         as n (name, scope, occurred_at, quantity)
      order by n.name, n.scope, n.occurred_at
         on conflict (name, scope, occurred_at, source) do update
        set quantity = excluded.quantity, received_at = excluded.received_at`,
    [
      metrics.map(({ name }) => name),
      metrics.map(({ scope }) => formatScope(scope)),
      metrics.map(({ occurredAt }) => occurredAt),
      metrics.map(({ quantity }) => quantityToDecimal(quantity)),
      source,
      now,
    ],
  );
}

/** What was posted in a period of every metric, by scope. */
export async function listPostedMetrics(
  sql: Sql,
  { start, end }: Period,
): Promise<ReadonlyMap<string, readonly PostedUnits[]>> {
  const { rows } = await sql.query<{
    readonly name: string;
    readonly scope: string;
    readonly quantity: string;
  }>(
    `select m.name, m.scope, sum(m.quantity)::text as quantity
       from business_metrics m
      where m.occurred_at >= $1 and m.occurred_at < $2
      group by m.name, m.scope
      order by m.name, m.scope`,
    [start, end],
  );
  const posted = new Map<string, PostedUnits[]>();
  for (const row of rows) {
    const quantity = parseQuantity(row.quantity);
    assert(quantity !== undefined, `not a quantity: ${row.quantity}`);
    const units = { step: 0, scope: scopeFrom(row.scope), quantity };
    posted.set(row.name, [...(posted.get(row.name) ?? []), units]);
  }
  return posted;
}

/** What was posted in each of the periods, which follow each other, by scope. */
export async function listPostedUnits(
  sql: Sql,
  name: string,
  periods: readonly Period[],
): Promise<readonly PostedUnits[]> {
  const { rows } = await sql.query<{
    readonly step: number;
    readonly scope: string;
    readonly quantity: string;
  }>(
    `select (p.position - 1)::integer as step, m.scope, sum(m.quantity)::text as quantity
       from unnest($2::timestamptz[], $3::timestamptz[]) with ordinality as p (start_at, end_at, position)
       join business_metrics m
         on m.name = $1 and m.occurred_at >= p.start_at and m.occurred_at < p.end_at
      group by p.position, m.scope`,
    [name, periods.map(({ start }) => start), periods.map(({ end }) => end)],
  );
  return rows.map((row) => {
    const quantity = parseQuantity(row.quantity);
    assert(quantity !== undefined, `not a quantity: ${row.quantity}`);
    return { step: row.step, scope: scopeFrom(row.scope), quantity };
  });
}

/** Names that something was posted for. */
export async function listMetricNames(sql: Sql): Promise<readonly string[]> {
  const { rows } = await sql.query<{ readonly name: string }>(
    `select distinct m.name from business_metrics m order by m.name`,
  );
  return rows.map(({ name }) => name);
}
