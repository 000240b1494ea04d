/** Both sides of the comparison, read only: what Anthropic bills, what we charged, and when. */
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import { addMs, HOUR_MS, instant, type Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { SourceSeries } from "../rules/quantities.ts";
import { BILLS, type Bill, type BillCoverage, type UsageSpan } from "../rules.ts";

/** The reports of costs that are read, the preferred one first. */
export async function listBills(sql: Sql): Promise<readonly BillCoverage[]> {
  const { rows } = await sql.query<{
    report: string;
    starts_at: Date;
    complete_until: Date;
    data_refreshed_at: Date;
  }>(
    `select p.report, p.starts_at, p.complete_until, p.data_refreshed_at
       from provider_report_pulls p
      where p.report = any($1) and p.data_refreshed_at is not null`,
    [BILLS],
  );
  return BILLS.flatMap((report) =>
    rows
      .filter((row) => row.report === report)
      .map((row) => ({
        report,
        startsAt: instant(row.starts_at),
        completeUntil: instant(row.complete_until),
        dataRefreshedAt: instant(row.data_refreshed_at),
      })),
  );
}

/** From when to when there is usage whose charges are kept; undefined: none at all. */
export async function findUsageSpan(sql: Sql): Promise<UsageSpan | undefined> {
  const { rows } = await sql.query<{ first_at: Date; last_at: Date; last_received_at: Date }>(
    `select f.first_at, l.last_at, l.last_received_at
       from (select e.occurred_at as first_at
               from usage_events e
              order by e.occurred_at
              limit 1) f,
            (select e.occurred_at as last_at, e.received_at as last_received_at
               from usage_events e
              order by e.occurred_at desc
              limit 1) l`,
  );
  const [row] = rows;
  return row === undefined
    ? undefined
    : {
        firstAt: instant(row.first_at),
        lastAt: instant(row.last_at),
        lastReceivedAt: instant(row.last_received_at),
      };
}

export interface BilledRow {
  readonly day: string;
  readonly workspaceId: string | undefined;
  readonly model: string | undefined;
  readonly serviceTier: string | undefined;
  readonly costType: string | undefined;
  readonly tokenType: string | undefined;
  readonly listCost: Usd | undefined;
  readonly billedCost: Usd;
}

/** What a report bills now for the UTC days of a window. */
export async function listBilled(
  sql: Sql,
  report: Bill,
  { start, end }: Period,
): Promise<readonly BilledRow[]> {
  const { rows } = await sql.query<{
    day: string;
    workspace_id: string | null;
    model: string | null;
    service_tier: string | null;
    cost_type: string | null;
    token_type: string | null;
    list_cost: string | null;
    billed_cost: string;
  }>(
    `select to_char(r.bucket_start at time zone 'UTC', 'YYYY-MM-DD') as day,
            r.workspace_id, r.model, r.service_tier, r.cost_type, r.token_type,
            case when count(*) = count(r.list_cost_usd)
                 then sum(r.list_cost_usd)::numeric(30, 12)::text end as list_cost,
            coalesce(sum(r.billed_cost_usd), 0)::numeric(30, 12)::text as billed_cost
       from current_provider_report_rows r
      where r.report = $1 and r.bucket_start >= $2 and r.bucket_start < $3
      group by 1, 2, 3, 4, 5, 6
      order by 1, 2, 3, 4, 5, 6`,
    [report, start, end],
  );
  return rows.map((row) => ({
    day: row.day,
    workspaceId: row.workspace_id ?? undefined,
    model: row.model ?? undefined,
    serviceTier: row.service_tier ?? undefined,
    costType: row.cost_type ?? undefined,
    tokenType: row.token_type ?? undefined,
    listCost: row.list_cost === null ? undefined : usdFromDecimal(row.list_cost),
    billedCost: usdFromDecimal(row.billed_cost),
  }));
}

export interface ChargedRow {
  readonly day: string;
  readonly workspaceId: string | undefined;
  readonly modelId: string;
  readonly source: string;
  readonly provider: string;
  /** As the event spelled it: the spelling may give a cloud away. */
  readonly spelledModel: string;
  readonly serviceTier: string | undefined;
  /** What has a price, after the model: "output", "output/batch", "". */
  readonly sku: string;
  readonly basis: "list" | "contracted" | "estimated" | "reported";
  readonly isUnknownModel: boolean;
  readonly quantity: number;
  readonly computedCost: Usd;
  readonly listCost: Usd;
  readonly billedCost: Usd;
  readonly chargeCount: number;
}

/** Our charges of a window by everything that a difference may come from. Corrections are in it. */
export async function listCharged(
  sql: Sql,
  { start, end }: Period,
): Promise<readonly ChargedRow[]> {
  const { rows } = await sql.query<{
    day: string;
    workspace_id: string | null;
    model_id: string;
    source: string;
    provider: string;
    spelled_model: string;
    service_tier: string | null;
    sku: string;
    basis: ChargedRow["basis"];
    is_unknown_model: boolean;
    quantity: string;
    computed_cost: string;
    list_cost: string;
    billed_cost: string;
    charge_count: string;
  }>(
    `select to_char(c.charge_period_start at time zone 'UTC', 'YYYY-MM-DD') as day,
            d.workspace_id, d.model_id, d.source, e.provider, e.model as spelled_model,
            e.usage ->> 'serviceTier' as service_tier,
            case when c.sku_id = 'web_search' then c.sku_id
                 else substr(c.sku_id, strpos(c.sku_id, '/') + 1) end as sku,
            c.pricing_basis as basis,
            starts_with(c.price_id, 'unknown-model@') as is_unknown_model,
            sum(c.consumed_quantity)::text as quantity,
            sum(c.list_unit_price_usd * c.consumed_quantity)::numeric(30, 12)::text as computed_cost,
            sum(c.list_cost_usd)::numeric(30, 12)::text as list_cost,
            sum(c.billed_cost_usd)::numeric(30, 12)::text as billed_cost,
            count(*)::text as charge_count
       from charges c
       join spend_dimensions d on d.spend_dimension_id = c.spend_dimension_id
       join usage_events e
         on e.occurred_at = c.charge_period_start and e.usage_event_id = c.usage_event_id
      where c.charge_period_start >= $1 and c.charge_period_start < $2
        and e.occurred_at >= $1 and e.occurred_at < $2
      group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
     having sum(c.billed_cost_usd) <> 0 or sum(c.consumed_quantity) <> 0
      order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10`,
    [start, end],
  );
  return rows.map((row) => ({
    day: row.day,
    workspaceId: row.workspace_id ?? undefined,
    modelId: row.model_id,
    source: row.source,
    provider: row.provider,
    spelledModel: row.spelled_model,
    serviceTier: row.service_tier ?? undefined,
    sku: row.sku,
    basis: row.basis,
    isUnknownModel: row.is_unknown_model,
    quantity: Number(row.quantity),
    computedCost: usdFromDecimal(row.computed_cost),
    listCost: usdFromDecimal(row.list_cost),
    billedCost: usdFromDecimal(row.billed_cost),
    chargeCount: Number(row.charge_count),
  }));
}

const QUARTER_MS = HOUR_MS / 4;

/** What each source reported in each quarter of an hour of a window of whole quarters. */
export async function listSourceSeries(
  sql: Sql,
  { start, end }: Period,
): Promise<readonly SourceSeries[]> {
  const { rows } = await sql.query<{
    source: string;
    quarter: number;
    requests: string;
    billed_cost: string;
  }>(
    `select d.source,
            (extract(epoch from r.bucket_start - $1::timestamptz) / 900)::integer as quarter,
            sum(r.request_count)::text as requests,
            sum(r.billed_cost_usd)::numeric(30, 12)::text as billed_cost
       from spend_rollups r
       join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
      where r.bucket_start >= $1 and r.bucket_start < $2
      group by 1, 2
      order by 1, 2`,
    [start, end],
  );
  const length = addMs(end, -start.getTime()).getTime() / QUARTER_MS;
  const series = new Map<string, { requests: number[]; billed: bigint[] }>();
  for (const row of rows) {
    const known = series.get(row.source) ?? {
      requests: Array.from({ length }, () => 0),
      billed: Array.from({ length }, () => 0n),
    };
    known.requests[row.quarter] = Number(row.requests);
    known.billed[row.quarter] = usdFromDecimal(row.billed_cost);
    series.set(row.source, known);
  }
  return [...series].map(([source, values]) => ({ source, start, ...values }));
}
