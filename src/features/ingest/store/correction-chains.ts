/**
 * Ingest, the SQL of chains: an event, what corrects or voids it, what corrects that. A chain has no
 * branches, since an event is corrected once. Only reads.
 */
import type { Sql } from "../../../store/database.ts";
import type { ChainLink } from "../rules/correction-chains.ts";
import { type EventName, eventKey } from "./identities.ts";

/** These events and all that stands above them in their chains, by `eventKey`. */
export async function loadChainsAbove(
  sql: Sql,
  names: readonly EventName[],
): Promise<Map<string, ChainLink>> {
  if (names.length === 0) return new Map();
  const { rows } = await sql.query<{
    source: string;
    event_id: string;
    corrected: string | null;
    has_call: boolean;
  }>(
    `with recursive above (source, event_id) as (
       select n.source collate "C", n.event_id collate "C"
         from unnest($1::text[], $2::text[]) as n (source, event_id)
        union
       select i.source collate "C", i.corrected_event_id
         from above a
         join usage_identities i on i.source = a.source and i.event_id = a.event_id
        where i.corrected_event_id is not null)
     select i.source, i.event_id, i.corrected_event_id as corrected,
            coalesce(i.request_id, i.message_id) is not null as has_call
       from above a
       join usage_identities i on i.source = a.source and i.event_id = a.event_id`,
    columnsOf(names),
  );
  return new Map(
    rows.map(({ source, event_id: eventId, corrected, has_call: hasCall }) => [
      eventKey({ source, eventId }),
      {
        corrected: corrected === null ? undefined : eventKey({ source, eventId: corrected }),
        hasCall,
      },
    ]),
  );
}

/** The last event of the chain of each of these: what nothing corrects or voids. */
export async function findChainEnds(
  sql: Sql,
  names: readonly EventName[],
): Promise<readonly EventName[]> {
  const { rows } = await sql.query<{ source: string; event_id: string }>(
    `with recursive below (source, event_id) as (
       select n.source collate "C", n.event_id collate "C"
         from unnest($1::text[], $2::text[]) as n (source, event_id)
        union
       select i.source collate "C", i.event_id
         from below b
         join usage_identities i on i.source = b.source and i.corrected_event_id = b.event_id)
     select b.source, b.event_id
       from below b
      where not exists (
              select from usage_identities i
               where i.source = b.source and i.corrected_event_id = b.event_id)
      order by b.source, b.event_id`,
    columnsOf(names),
  );
  return rows.map((row) => ({ source: row.source, eventId: row.event_id }));
}

function columnsOf(names: readonly EventName[]): [string[], string[]] {
  return [names.map(({ source }) => source), names.map(({ eventId }) => eventId)];
}
