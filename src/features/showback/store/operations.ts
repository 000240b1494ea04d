/**
 * Showback, the SQL of operations: the requests that a sender made for one purpose, retries among
 * them, as one. Reads only.
 */
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import type { Scope } from "../../../domain/scope.ts";
import { type Instant, instant, type Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { scopeCondition, scopeParameter } from "./spend-sql.ts";

/** All requests of one `operation_id` within a period. */
export interface OperationSpend {
  readonly operationId: string;
  readonly attempts: number;
  /** Attempts whose answer was cut off. */
  readonly incompleteAttempts: number;
  readonly cost: Usd;
  /** What the attempts that were cut off cost. */
  readonly wastedCost: Usd;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
}

export interface OperationsQuery {
  readonly scope: Scope;
  readonly period: Period;
  readonly attemptsMin: number;
  readonly rowsMax: number;
}

/** Those that wasted the most first, then those that cost the most. */
export async function listOperations(sql: Sql, query: OperationsQuery): Promise<OperationSpend[]> {
  const { scope, period } = query;
  const { rows } = await sql.query<{
    readonly operation_id: string;
    readonly attempts: string;
    readonly incomplete_attempts: string;
    readonly cost: string;
    readonly wasted_cost: string;
    readonly first_at: Date;
    readonly last_at: Date;
  }>(
    `with attempts as (
       select e.operation_id, e.occurred_at, e.is_incomplete, sum(c.billed_cost_usd) as cost
         from usage_events e
         join charges c
           on c.usage_event_id = e.usage_event_id and c.charge_period_start = e.occurred_at
         join spend_dimensions d on d.spend_dimension_id = c.spend_dimension_id
        where e.occurred_at >= $1 and e.occurred_at < $2 and e.operation_id is not null
          -- Said of both, or the charges of every month are read.
          and c.charge_period_start >= $1 and c.charge_period_start < $2
              ${scope.kind === "tag" ? "and e.tags @> $5::jsonb" : scopeCondition(scope, "$5")}
        group by e.usage_event_id, e.operation_id, e.occurred_at, e.is_incomplete
       -- Not one that was taken back by a correction.
       having sum(case when c.charge_number >= 0 then 1 else -1 end) > 0)
     select a.operation_id, count(*)::text as attempts,
            count(*) filter (where a.is_incomplete)::text as incomplete_attempts,
            sum(a.cost)::text as cost,
            coalesce(sum(a.cost) filter (where a.is_incomplete), 0)::text as wasted_cost,
            min(a.occurred_at) as first_at, max(a.occurred_at) as last_at
       from attempts a
      group by a.operation_id
     having count(*) >= $3
      order by coalesce(sum(a.cost) filter (where a.is_incomplete), 0) desc, sum(a.cost) desc,
            a.operation_id
      limit $4`,
    [
      period.start,
      period.end,
      query.attemptsMin,
      query.rowsMax,
      ...(scope.kind === "org" ? [] : [scopeParameter(scope)]),
    ],
  );
  return rows.map((row) => ({
    operationId: row.operation_id,
    attempts: Number(row.attempts),
    incompleteAttempts: Number(row.incomplete_attempts),
    cost: usdFromDecimal(row.cost),
    wastedCost: usdFromDecimal(row.wasted_cost),
    firstAt: instant(row.first_at),
    lastAt: instant(row.last_at),
  }));
}
