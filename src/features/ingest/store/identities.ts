/**
 * Ingest, the SQL of what makes an event unique for ever: its id at its source, its request and its
 * message. Owns: usage_identities, which outlives the events that retention drops.
 */
import type { UsageEvent } from "../../../domain/usage.ts";
import type { Sql } from "../../../store/database.ts";

/** An event that may be new, under the id that it has if it is. */
export interface NewUsageEvent {
  readonly usageEventId: string;
  readonly contentSha256: string;
  readonly event: UsageEvent;
}

/**
 * Claims the identities that nobody has; the ids of the events that are new. Sorted, so that
 * overlapping batches wait for each other in one order. Until the transaction ends, whoever brings
 * the same event waits.
 */
export async function claimIdentities(
  sql: Sql,
  rows: readonly NewUsageEvent[],
): Promise<ReadonlySet<string>> {
  const sorted = rows.toSorted((left, right) =>
    compareText(eventKey(left.event), eventKey(right.event)),
  );
  const column = <T>(read: (row: NewUsageEvent) => T): T[] => sorted.map(read);
  const { rows: claimed } = await sql.query<{ usage_event_id: string }>({
    name: "claim usage identities",
    text: `insert into usage_identities
            (source, event_id, content_sha256, request_id, message_id, usage_event_id, occurred_at)
     select n.source, n.event_id, decode(n.content_sha256, 'hex'), n.request_id, n.message_id,
            n.usage_event_id, n.occurred_at
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[],
                   $7::timestamptz[])
         as n (source, event_id, content_sha256, request_id, message_id, usage_event_id, occurred_at)
         on conflict do nothing
     returning usage_event_id`,
    values: [
      column((row) => row.event.source),
      column((row) => row.event.eventId),
      column((row) => row.contentSha256),
      column((row) => row.event.requestId ?? null),
      column((row) => row.event.messageId ?? null),
      column((row) => row.usageEventId),
      column((row) => row.event.occurredAt.toISOString()),
    ],
  });
  return new Set(claimed.map((row) => row.usage_event_id));
}

/** Names an event among all sources. */
export function eventKey({ source, eventId }: Pick<UsageEvent, "source" | "eventId">): string {
  return JSON.stringify([source, eventId]);
}

/** Content hashes by `eventKey` of those events that are known. */
export async function findContentHashes(
  sql: Sql,
  events: readonly Pick<UsageEvent, "source" | "eventId">[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql.query<{
    source: string;
    event_id: string;
    content_sha256: string;
  }>(
    `select i.source, i.event_id, encode(i.content_sha256, 'hex') as content_sha256
       from unnest($1::text[], $2::text[]) as n (source, event_id)
       join usage_identities i on i.source = n.source and i.event_id = n.event_id`,
    [events.map(({ source }) => source), events.map(({ eventId }) => eventId)],
  );
  return new Map(
    rows.map((row) => [
      eventKey({ source: row.source, eventId: row.event_id }),
      row.content_sha256,
    ]),
  );
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
