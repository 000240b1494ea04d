/**
 * Ingest, the SQL that tells which of many events are recorded already. Reads usage_identities only:
 * a question for whoever brings what is mostly known, before the work that new events need.
 */
import type { UsageEvent } from "../../../domain/usage.ts";
import { arrayColumn } from "../../../store/array-literal.ts";
import type { Sql } from "../../../store/database.ts";

/** The positions of the events that are not recorded just so, in order. */
export async function findUnrecorded(
  sql: Sql,
  events: readonly {
    readonly event: Pick<UsageEvent, "source" | "eventId">;
    readonly contentSha256: string;
  }[],
): Promise<readonly number[]> {
  const { rows } = await sql.query<{ positions: readonly number[] | null }>({
    name: "find unrecorded events",
    // A lookup for each, however large the table is and whatever Postgres guesses of the arrays.
    text: `select array_agg(n.position::integer - 1 order by n.position) as positions
       from unnest($1::text[], $2::text[], $3::text[])
              with ordinality as n (source, event_id, content_sha256, position)
      where (select i.content_sha256
               from usage_identities i
              where i.source = n.source and i.event_id = n.event_id)
              is distinct from decode(n.content_sha256, 'hex')`,
    values: [
      arrayColumn(events, ({ event }) => event.source),
      arrayColumn(events, ({ event }) => event.eventId),
      arrayColumn(events, ({ contentSha256 }) => contentSha256),
    ],
  });
  return rows[0]?.positions ?? [];
}
