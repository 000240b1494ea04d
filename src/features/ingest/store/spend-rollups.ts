/** Ingest, the SQL of charges summed by quarter of an hour and by day. Owns: spend_rollups, spend_days. */
import { type Usd } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { UsageQuantities } from "../../../domain/usage.ts";
import { arrayColumn, type Cell, numericCell, timesColumn } from "../../../store/array-literal.ts";
import type { Sql } from "../../../store/database.ts";

/** What a batch adds to one row of spend_rollups. */
export interface SpendIncrement extends UsageQuantities {
  readonly spendDimensionId: number;
  readonly bucketStart: Instant;
  readonly requestCount: number;
  readonly webSearchRequests: number;
  readonly listCost: Usd;
  readonly billedCost: Usd;
}

/** An increment's columns, and their arrays from the parameter after `after` on. */
export const INCREMENT_COLUMNS = `spend_dimension_id, bucket_start, request_count, uncached_input_tokens,
                 cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
                 cache_read_input_tokens, output_tokens, web_search_requests, list_cost_usd,
                 billed_cost_usd`;
const INCREMENT_TYPES = [
  "integer",
  "timestamptz",
  ...Array.from({ length: 7 }, () => "bigint"),
  "numeric",
  "numeric",
];

export function incrementArrays(after: number): string {
  return INCREMENT_TYPES.map((type, index) => `$${String(after + index + 1)}::${type}[]`).join(
    ", ",
  );
}

/** Adds the relation `increments`, one row a quarter and sorted, to the quarters. */
export const ADD_TO_QUARTERS = `
       insert into spend_rollups as r
              (spend_dimension_id, bucket_start, request_count, uncached_input_tokens,
               cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
               cache_read_input_tokens, output_tokens, web_search_requests, list_cost_usd,
               billed_cost_usd)
       select * from increments
           on conflict (spend_dimension_id, bucket_start) do update
          set request_count = r.request_count + excluded.request_count,
              uncached_input_tokens = r.uncached_input_tokens + excluded.uncached_input_tokens,
              cache_creation_5m_input_tokens = r.cache_creation_5m_input_tokens + excluded.cache_creation_5m_input_tokens,
              cache_creation_1h_input_tokens = r.cache_creation_1h_input_tokens + excluded.cache_creation_1h_input_tokens,
              cache_read_input_tokens = r.cache_read_input_tokens + excluded.cache_read_input_tokens,
              output_tokens = r.output_tokens + excluded.output_tokens,
              web_search_requests = r.web_search_requests + excluded.web_search_requests,
              list_cost_usd = r.list_cost_usd + excluded.list_cost_usd,
              billed_cost_usd = r.billed_cost_usd + excluded.billed_cost_usd`;
/** Adds the same relation to the days. */
export const ADD_TO_DAYS = `
     insert into spend_days as d
            (spend_dimension_id, day_start, request_count, uncached_input_tokens,
             cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
             cache_read_input_tokens, output_tokens, web_search_requests, list_cost_usd,
             billed_cost_usd)
     select increments.spend_dimension_id, date_trunc('day', increments.bucket_start, 'UTC'),
            sum(increments.request_count),
            sum(increments.uncached_input_tokens),
            sum(increments.cache_creation_5m_input_tokens),
            sum(increments.cache_creation_1h_input_tokens),
            sum(increments.cache_read_input_tokens),
            sum(increments.output_tokens),
            sum(increments.web_search_requests),
            sum(increments.list_cost_usd),
            sum(increments.billed_cost_usd)
       from increments
      group by 1, 2
      order by 1, 2
         on conflict (spend_dimension_id, day_start) do update
        set request_count = d.request_count + excluded.request_count,
            uncached_input_tokens = d.uncached_input_tokens + excluded.uncached_input_tokens,
            cache_creation_5m_input_tokens = d.cache_creation_5m_input_tokens + excluded.cache_creation_5m_input_tokens,
            cache_creation_1h_input_tokens = d.cache_creation_1h_input_tokens + excluded.cache_creation_1h_input_tokens,
            cache_read_input_tokens = d.cache_read_input_tokens + excluded.cache_read_input_tokens,
            output_tokens = d.output_tokens + excluded.output_tokens,
            web_search_requests = d.web_search_requests + excluded.web_search_requests,
            list_cost_usd = d.list_cost_usd + excluded.list_cost_usd,
            billed_cost_usd = d.billed_cost_usd + excluded.billed_cost_usd`;

const ADD_TO_SUMS = `
     with increments as materialized (
       select * from unnest(${incrementArrays(0)}) as n (${INCREMENT_COLUMNS})
     ), quarters as (${ADD_TO_QUARTERS}
     )
${ADD_TO_DAYS}`;

/** The relation `increments` of what single events add: of `from`, a relation `n`, a row a quarter. */
export const sumsOfIncrements = (from: string): string => `
       select n.spend_dimension_id, n.bucket_start,
              sum(n.request_count) as request_count,
              sum(n.uncached_input_tokens) as uncached_input_tokens,
              sum(n.cache_creation_5m_input_tokens) as cache_creation_5m_input_tokens,
              sum(n.cache_creation_1h_input_tokens) as cache_creation_1h_input_tokens,
              sum(n.cache_read_input_tokens) as cache_read_input_tokens,
              sum(n.output_tokens) as output_tokens,
              sum(n.web_search_requests) as web_search_requests,
              sum(n.list_cost_usd) as list_cost_usd,
              sum(n.billed_cost_usd) as billed_cost_usd
         from ${from}
        group by 1, 2
        order by 1, 2`;

/**
 * Adds the increments to their quarters and days. They are one per quarter and sorted by key here:
 * unsorted, concurrent batches deadlock all the time. One statement, so that both tables are locked in
 * one order.
 */
export async function addToSpendRollups(
  sql: Sql,
  increments: readonly SpendIncrement[],
): Promise<void> {
  const sorted = increments.toSorted(
    (left, right) =>
      left.spendDimensionId - right.spendDimensionId ||
      left.bucketStart.getTime() - right.bucketStart.getTime(),
  );
  await sql.query({
    name: "add to spend rollups",
    text: ADD_TO_SUMS,
    values: [...incrementValues(sorted)],
  });
}

/** The values of `incrementArrays`. */
export function incrementValues(increments: readonly SpendIncrement[]): readonly string[] {
  const column = (read: (increment: SpendIncrement) => Cell): string =>
    arrayColumn(increments, read);
  return [
    column((increment) => increment.spendDimensionId),
    timesColumn(increments, (increment) => increment.bucketStart),
    column((increment) => increment.requestCount),
    column((increment) => increment.uncachedInputTokens),
    column((increment) => increment.cacheCreation5mInputTokens),
    column((increment) => increment.cacheCreation1hInputTokens),
    column((increment) => increment.cacheReadInputTokens),
    column((increment) => increment.outputTokens),
    column((increment) => increment.webSearchRequests),
    column((increment) => numericCell(increment.listCost)),
    column((increment) => numericCell(increment.billedCost)),
  ];
}
