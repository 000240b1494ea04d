/** Ingest, the SQL of the events themselves. Owns: usage_events, partitioned by month. */
import { usdToDecimal } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { NotCountedBecause, UsageEvent } from "../../../domain/usage.ts";
import { arrayColumn, type Cell } from "../../../store/array-literal.ts";
import type { Sql } from "../../../store/database.ts";

/** An event under the id that it has if it is new. */
export interface NewUsageEvent {
  readonly usageEventId: string;
  readonly contentSha256: string;
  readonly event: UsageEvent;
}

/** Inserts events whose identity this transaction has claimed. */
export async function insertUsageEvents(
  sql: Sql,
  rows: readonly (NewUsageEvent & { readonly notCounted: NotCountedBecause | undefined })[],
  receivedAt: Instant,
): Promise<void> {
  const column = (read: (row: (typeof rows)[number]) => Cell): string => arrayColumn(rows, read);
  await sql.query({
    name: "insert usage events",
    text: `insert into usage_events
            (usage_event_id, source, event_id, occurred_at, received_at, provider, model, usage,
             request_id, message_id, user_email, claimed_team, claimed_project, workspace_id,
             api_key_id, session_id, operation_id, tags, prompt_hash, reported_cost_usd, cost_basis,
             is_incomplete, corrects, voids, not_counted_because)
     select n.usage_event_id, n.source, n.event_id, n.occurred_at, $1, n.provider, n.model, n.usage,
            n.request_id, n.message_id, n.user_email, n.claimed_team, n.claimed_project,
            n.workspace_id, n.api_key_id, n.session_id, n.operation_id, n.tags, n.prompt_hash,
            n.reported_cost_usd, n.cost_basis, n.is_incomplete, n.corrects, n.voids,
            n.not_counted_because
       from unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[],
                   $8::jsonb[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                   $14::text[], $15::text[], $16::text[], $17::text[], $18::jsonb[], $19::text[],
                   $20::numeric[], $21::text[], $22::boolean[], $23::text[], $24::text[], $25::text[])
         as n (usage_event_id, source, event_id, occurred_at, provider, model, usage, request_id,
               message_id, user_email, claimed_team, claimed_project, workspace_id, api_key_id,
               session_id, operation_id, tags, prompt_hash, reported_cost_usd, cost_basis,
               is_incomplete, corrects, voids, not_counted_because)`,
    values: [
      receivedAt,
      column((row) => row.usageEventId),
      column((row) => row.event.source),
      column((row) => row.event.eventId),
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
      column((row) => row.event.costBasis),
      column((row) => row.event.isIncomplete),
      column((row) => row.event.corrects ?? null),
      column((row) => row.event.voids ?? null),
      column((row) => row.notCounted ?? null),
    ],
  });
}

export function hasTags(event: UsageEvent): boolean {
  return Object.keys(event.tags).length > 0;
}

/** Of stored events, the ids of those that retention has not dropped. */
export async function findKeptEvents(
  sql: Sql,
  events: readonly { readonly usageEventId: string; readonly occurredAt: Instant }[],
): Promise<ReadonlySet<string>> {
  const { rows } = await sql.query<{ usage_event_id: string }>(
    `select u.usage_event_id
       from unnest($1::uuid[], $2::timestamptz[]) as n (usage_event_id, occurred_at)
       join usage_events u
         on u.usage_event_id = n.usage_event_id and u.occurred_at = n.occurred_at`,
    [
      events.map(({ usageEventId }) => usageEventId),
      events.map(({ occurredAt }) => occurredAt.toISOString()),
    ],
  );
  return new Set(rows.map((row) => row.usage_event_id));
}
