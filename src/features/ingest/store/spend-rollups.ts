/** Ingest, the SQL of charges summed by quarter of an hour. Owns: spend_rollups. */
import { type Usd } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { UsageQuantities } from "../../../domain/usage.ts";
import { arrayColumn, type Cell, numericCell } from "../../../store/array-literal.ts";
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

/**
 * Adds the increments, which are one per row and sorted by key here: unsorted, concurrent batches
 * deadlock all the time.
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
  const column = (read: (increment: SpendIncrement) => Cell): string => arrayColumn(sorted, read);
  await sql.query({
    name: "add to spend rollups",
    text: `insert into spend_rollups as r
            (spend_dimension_id, bucket_start, request_count, uncached_input_tokens,
             cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
             cache_read_input_tokens, output_tokens, web_search_requests, list_cost_usd,
             billed_cost_usd)
     select *
       from unnest($1::integer[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[],
                   $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::numeric[],
                   $11::numeric[])
         on conflict (spend_dimension_id, bucket_start) do update
        set request_count = r.request_count + excluded.request_count,
            uncached_input_tokens = r.uncached_input_tokens + excluded.uncached_input_tokens,
            cache_creation_5m_input_tokens =
              r.cache_creation_5m_input_tokens + excluded.cache_creation_5m_input_tokens,
            cache_creation_1h_input_tokens =
              r.cache_creation_1h_input_tokens + excluded.cache_creation_1h_input_tokens,
            cache_read_input_tokens = r.cache_read_input_tokens + excluded.cache_read_input_tokens,
            output_tokens = r.output_tokens + excluded.output_tokens,
            web_search_requests = r.web_search_requests + excluded.web_search_requests,
            list_cost_usd = r.list_cost_usd + excluded.list_cost_usd,
            billed_cost_usd = r.billed_cost_usd + excluded.billed_cost_usd`,
    values: [
      column((increment) => increment.spendDimensionId),
      column((increment) => increment.bucketStart.toISOString()),
      column((increment) => increment.requestCount),
      column((increment) => increment.uncachedInputTokens),
      column((increment) => increment.cacheCreation5mInputTokens),
      column((increment) => increment.cacheCreation1hInputTokens),
      column((increment) => increment.cacheReadInputTokens),
      column((increment) => increment.outputTokens),
      column((increment) => increment.webSearchRequests),
      column((increment) => numericCell(increment.listCost)),
      column((increment) => numericCell(increment.billedCost)),
    ],
  });
}
