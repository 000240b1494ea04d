/** Showback, what SQL sums of rows of spend `s` (see spend-sql.ts), and reading it. */
import { usdFromDecimal } from "../../../domain/money.ts";
import type { SpendTotals } from "../rules.ts";

/** The cost of rows `s`, alone and among all their sums. */
export const COST = `coalesce(sum(s.billed_cost_usd), 0)::text as cost`;
export const SUMS = `coalesce(sum(s.request_count), 0)::text as requests,
            coalesce(sum(s.uncached_input_tokens), 0)::text as uncached_input,
            coalesce(sum(s.cache_creation_5m_input_tokens), 0)::text as cache_write_5m,
            coalesce(sum(s.cache_creation_1h_input_tokens), 0)::text as cache_write_1h,
            coalesce(sum(s.cache_read_input_tokens), 0)::text as cache_read,
            coalesce(sum(s.output_tokens), 0)::text as output,
            ${COST}`;
/** Not of what was read only to be taken away again (see `people_cost_in`). */
export const IS_SPENT = "sum(s.request_count) <> 0 or sum(s.billed_cost_usd) <> 0";

export interface SpendSqlRow {
  readonly requests: string;
  readonly uncached_input: string;
  readonly cache_write_5m: string;
  readonly cache_write_1h: string;
  readonly cache_read: string;
  readonly output: string;
  readonly cost: string;
  readonly [group: `g${string}`]: string | null;
}

export function totalsFrom(row: SpendSqlRow): SpendTotals {
  return {
    cost: usdFromDecimal(row.cost),
    requests: Number(row.requests),
    tokens: {
      uncached_input: Number(row.uncached_input),
      cache_write_5m: Number(row.cache_write_5m),
      cache_write_1h: Number(row.cache_write_1h),
      cache_read: Number(row.cache_read),
      output: Number(row.output),
    },
  };
}
