/**
 * Ingest, the SQL. One statement per table and batch. Owns: usage_events, charges, spend_rollups,
 * rejected_events.
 */
import { v7 as uuid } from "uuid";
import { type Usd, usdToDecimal } from "../../domain/money.ts";
import type { Instant } from "../../domain/time.ts";
import type { UsageEvent, UsageQuantities } from "../../domain/usage.ts";
import type { Sql } from "../../store/database.ts";
import type { Rejection } from "./rules.ts";

export interface NewUsageEvent {
  readonly usageEventId: string;
  readonly contentSha256: string;
  readonly event: UsageEvent;
}

/** Inserts what is new, sorted so that overlapping batches wait for each other in one order. */
export async function insertUsageEvents(
  sql: Sql,
  rows: readonly NewUsageEvent[],
  receivedAt: Instant,
): Promise<ReadonlySet<string>> {
  const sorted = rows.toSorted((left, right) =>
    compareText(eventKey(left.event), eventKey(right.event)),
  );
  const column = <T>(read: (row: NewUsageEvent) => T): T[] => sorted.map(read);
  const { rows: inserted } = await sql.query<{ usage_event_id: string }>({
    name: "insert usage events",
    text: `insert into usage_events
            (usage_event_id, source, event_id, content_sha256, occurred_at, received_at, provider,
             model, usage, request_id, message_id, user_email, claimed_team, claimed_project,
             workspace_id, api_key_id, session_id, operation_id, tags, prompt_hash,
             reported_cost_usd, cost_basis, is_incomplete)
     select n.usage_event_id, n.source, n.event_id, decode(n.content_sha256, 'hex'), n.occurred_at,
            $22, n.provider, n.model, n.usage, n.request_id, n.message_id, n.user_email,
            n.claimed_team, n.claimed_project, n.workspace_id, n.api_key_id, n.session_id,
            n.operation_id, n.tags, n.prompt_hash, n.reported_cost_usd,
            n.cost_basis, n.is_incomplete
       from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[],
                   $7::text[], $8::jsonb[], $9::text[], $10::text[], $11::text[], $12::text[],
                   $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::jsonb[],
                   $19::text[], $20::numeric[], $21::integer[], $23::text[], $24::boolean[])
         as n (usage_event_id, source, event_id, content_sha256, occurred_at, provider, model, usage,
               request_id, message_id, user_email, claimed_team, claimed_project, workspace_id,
               api_key_id, session_id, operation_id, tags, prompt_hash, reported_cost_usd, position,
               cost_basis, is_incomplete)
      order by n.position
         on conflict do nothing
     returning usage_event_id`,
    values: [
      column((row) => row.usageEventId),
      column((row) => row.event.source),
      column((row) => row.event.eventId),
      column((row) => row.contentSha256),
      column((row) => row.event.occurredAt.toISOString()),
      column((row) => row.event.provider),
      column((row) => row.event.model),
      column((row) => JSON.stringify(row.event.usage)),
      column((row) => row.event.requestId ?? null),
      column((row) => row.event.messageId ?? null),
      column((row) => row.event.userEmail ?? null),
      column((row) => row.event.claimedTeam ?? null),
      column((row) => row.event.claimedProject ?? null),
      column((row) => row.event.workspaceId ?? null),
      column((row) => row.event.apiKeyId ?? null),
      column((row) => row.event.sessionId ?? null),
      column((row) => row.event.operationId ?? null),
      column((row) => (hasTags(row.event) ? JSON.stringify(row.event.tags) : null)),
      column((row) => row.event.promptHash ?? null),
      column((row) =>
        row.event.reportedCost === undefined ? null : usdToDecimal(row.event.reportedCost),
      ),
      sorted.map((_row, position) => position),
      receivedAt,
      column((row) => row.event.costBasis),
      column((row) => row.event.isIncomplete),
    ],
  });
  return new Set(inserted.map((row) => row.usage_event_id));
}

export function hasTags(event: UsageEvent): boolean {
  return Object.keys(event.tags).length > 0;
}

/** Names an event among all sources. */
export function eventKey({ source, eventId }: Pick<UsageEvent, "source" | "eventId">): string {
  return JSON.stringify([source, eventId]);
}

/** Content hashes by `eventKey` of those events that are stored. */
export async function findContentHashes(
  sql: Sql,
  events: readonly Pick<UsageEvent, "source" | "eventId">[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql.query<{
    source: string;
    event_id: string;
    content_sha256: string;
  }>(
    `select e.source, e.event_id, encode(e.content_sha256, 'hex') as content_sha256
       from unnest($1::text[], $2::text[]) as n (source, event_id)
       join usage_events e on e.source = n.source and e.event_id = n.event_id`,
    [events.map(({ source }) => source), events.map(({ eventId }) => eventId)],
  );
  return new Map(
    rows.map((row) => [
      eventKey({ source: row.source, eventId: row.event_id }),
      row.content_sha256,
    ]),
  );
}

export interface NewCharge {
  readonly usageEventId: string;
  readonly chargeNumber: number;
  readonly chargePeriodStart: Instant;
  readonly spendDimensionId: number;
  readonly skuId: string;
  readonly priceId: string;
  readonly pricingBasis: string;
  readonly consumedQuantity: number;
  readonly consumedUnit: string;
  readonly listUnitPrice: Usd;
  readonly listCost: Usd;
  readonly billedCost: Usd;
}

export async function insertCharges(sql: Sql, charges: readonly NewCharge[]): Promise<void> {
  const column = <T>(read: (charge: NewCharge) => T): T[] => charges.map(read);
  await sql.query({
    name: "insert charges",
    text: `insert into charges
            (usage_event_id, charge_number, charge_category, charge_period_start,
             spend_dimension_id, sku_id, price_id, pricing_basis, consumed_quantity, consumed_unit,
             list_unit_price_usd, list_cost_usd, billed_cost_usd)
     select n.usage_event_id, n.charge_number, 'Usage', n.charge_period_start,
            n.spend_dimension_id, n.sku_id, n.price_id, n.pricing_basis, n.consumed_quantity,
            n.consumed_unit, n.list_unit_price_usd, n.list_cost_usd, n.billed_cost_usd
       from unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::integer[], $5::text[],
                   $6::text[], $7::text[], $8::bigint[], $9::text[], $10::numeric[],
                   $11::numeric[], $12::numeric[])
         as n (usage_event_id, charge_number, charge_period_start, spend_dimension_id, sku_id,
               price_id, pricing_basis, consumed_quantity, consumed_unit, list_unit_price_usd,
               list_cost_usd, billed_cost_usd)`,
    values: [
      column((charge) => charge.usageEventId),
      column((charge) => charge.chargeNumber),
      column((charge) => charge.chargePeriodStart.toISOString()),
      column((charge) => charge.spendDimensionId),
      column((charge) => charge.skuId),
      column((charge) => charge.priceId),
      column((charge) => charge.pricingBasis),
      column((charge) => charge.consumedQuantity),
      column((charge) => charge.consumedUnit),
      column((charge) => usdToDecimal(charge.listUnitPrice)),
      column((charge) => usdToDecimal(charge.listCost)),
      column((charge) => usdToDecimal(charge.billedCost)),
    ],
  });
}

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
  const column = <T>(read: (increment: SpendIncrement) => T): T[] => sorted.map(read);
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
      column((increment) => usdToDecimal(increment.listCost)),
      column((increment) => usdToDecimal(increment.billedCost)),
    ],
  });
}

export async function insertRejectedEvents(
  sql: Sql,
  rejected: readonly { readonly source: string; readonly rejection: Rejection }[],
  receivedAt: Instant,
): Promise<void> {
  await sql.query(
    `insert into rejected_events (rejected_event_id, source, event_id, code, message, received_at)
     select n.id, n.source, n.event_id, n.code, n.message, $6
       from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
         as n (id, source, event_id, code, message)`,
    [
      rejected.map(() => uuid()),
      rejected.map(({ source }) => source),
      rejected.map(({ rejection }) => rejection.eventId ?? null),
      rejected.map(({ rejection }) => rejection.code),
      rejected.map(({ rejection }) => rejection.message),
      receivedAt,
    ],
  );
}

/**
 * Which governance is in force. Rules, discounts and memberships change only together with it, so
 * that what was loaded stays right until this number changes.
 */
export async function loadGovernanceVersion(sql: Sql): Promise<number> {
  const { rows } = await sql.query<{ version: number }>(
    `select coalesce(max(g.version), 0) as version from governance_documents g`,
  );
  return rows[0]?.version ?? 0;
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
