/** Usage for tests of insights, as ingest leaves it: many events at once; a test names what it is about. */
import { type Usd, usdToDecimal } from "../../src/domain/money.ts";
import { type Instant, instant } from "../../src/domain/time.ts";
import { ensureSpendDimensions, type SpendDimension } from "../../src/features/allocation/index.ts";
import type { Sql } from "../../src/store/database.ts";
import { aSpendDimension } from "./allocation-builders.ts";
import { usd } from "./builders.ts";
import { sumDays } from "./spend-days.ts";

export interface Used {
  readonly at: string | Instant;
  readonly cost?: Usd;
  readonly of?: Partial<SpendDimension>;
  readonly sessionId?: string;
  readonly operationId?: string;
  readonly promptHash?: string;
  readonly isCutOff?: boolean;
  readonly pricingBasis?: "list" | "estimated";
  readonly inputTokens?: number;
  readonly cacheReadTokens?: number;
}

let eventCounter = 0;

/** Events, their charges and the sums by quarter of an hour. */
export async function use(sql: Sql, ...used: readonly Used[]): Promise<void> {
  const dimensions = used.map(({ of }) => aSpendDimension({ teamKey: "search", ...of }));
  const ids = await ensureSpendDimensions(sql, dimensions);
  const rows = used.map((one, index) => {
    eventCounter += 1;
    return {
      ...one,
      id: `00000000-0000-7000-9000-${String(eventCounter).padStart(12, "0")}`,
      at: instant(one.at).toISOString(),
      cost: usdToDecimal(one.cost ?? usd(1)),
      dimension: dimensions[index],
      dimensionId: ids[index],
    };
  });
  await sql.query(
    `select ensure_usage_partitions(m)
       from (select distinct date_trunc('month', t, 'UTC') as m from unnest($1::timestamptz[]) t) x`,
    [rows.map(({ at }) => at)],
  );
  await sql.query(
    `insert into usage_events
            (usage_event_id, source, event_id, occurred_at, received_at, provider, model, usage,
             user_email, api_key_id, session_id, operation_id, prompt_hash, is_incomplete)
     select n.id, n.source, n.id, n.at, n.at, 'anthropic', n.model, '{}', n.email, n.api_key,
            n.session_id, n.operation_id, n.prompt_hash, n.is_incomplete
       from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
                   $7::text[], $8::text[], $9::text[], $10::boolean[])
         as n (id, source, at, model, email, api_key, session_id, operation_id, prompt_hash,
               is_incomplete)`,
    [
      rows.map(({ id }) => id),
      rows.map(({ dimension }) => dimension?.source),
      rows.map(({ at }) => at),
      rows.map(({ dimension }) => dimension?.modelId),
      rows.map(({ dimension }) => dimension?.userEmail ?? null),
      rows.map(({ dimension }) => dimension?.apiKeyId ?? null),
      rows.map(({ sessionId }) => sessionId ?? null),
      rows.map(({ operationId }) => operationId ?? null),
      rows.map(({ promptHash }) => promptHash ?? null),
      rows.map(({ isCutOff }) => isCutOff ?? false),
    ],
  );
  await sql.query(
    `insert into charges
            (usage_event_id, charge_number, charge_category, charge_period_start,
             spend_dimension_id, sku_id, price_id, pricing_basis, consumed_quantity, consumed_unit,
             list_unit_price_usd, list_cost_usd, billed_cost_usd)
     select n.id, 0, 'Usage', n.at, n.dimension_id, 'sku', 'price', n.basis, 1, 'Tokens', n.cost,
            n.cost, n.cost
       from unnest($1::uuid[], $2::timestamptz[], $3::integer[], $4::numeric[], $5::text[])
         as n (id, at, dimension_id, cost, basis)`,
    [
      rows.map(({ id }) => id),
      rows.map(({ at }) => at),
      rows.map(({ dimensionId }) => dimensionId),
      rows.map(({ cost }) => cost),
      rows.map(({ pricingBasis }) => pricingBasis ?? "list"),
    ],
  );
  await sql.query(
    `insert into spend_rollups
            (spend_dimension_id, bucket_start, request_count, uncached_input_tokens,
             cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
             cache_read_input_tokens, output_tokens, web_search_requests, list_cost_usd,
             billed_cost_usd)
     select n.dimension_id, date_bin('15 minutes', n.at, 'epoch'), count(*), sum(n.input), 0, 0,
            sum(n.cache_read), 0, 0, sum(n.cost), sum(n.cost)
       from unnest($1::integer[], $2::timestamptz[], $3::numeric[], $4::bigint[], $5::bigint[])
         as n (dimension_id, at, cost, input, cache_read)
      group by 1, 2
         on conflict (spend_dimension_id, bucket_start) do update
        set billed_cost_usd = spend_rollups.billed_cost_usd + excluded.billed_cost_usd,
            request_count = spend_rollups.request_count + excluded.request_count`,
    [
      rows.map(({ dimensionId }) => dimensionId),
      rows.map(({ at }) => at),
      rows.map(({ cost }) => cost),
      rows.map(({ inputTokens }) => inputTokens ?? 0),
      rows.map(({ cacheReadTokens }) => cacheReadTokens ?? 0),
    ],
  );
  await sumDays(sql);
}

/** What was decided about findings: "spike user:bo@acme.test announced: bo@acme.test spent …". */
export async function insightLines(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ readonly line: string }>(
    `select a.kind || ' ' || a.scope || ' ' || coalesce(a.not_sent_because, 'announced') as line
       from alerts a
      order by a.alert_number`,
  );
  return rows.map((row) => row.line);
}

export async function forgetInsights(sql: Sql): Promise<void> {
  await sql.query(
    `truncate insight_episodes, insight_norms, insight_sessions, insight_progress,
              insight_reporting_hours, planned_events, sources cascade`,
  );
}
