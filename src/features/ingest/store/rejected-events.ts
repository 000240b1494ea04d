/** Ingest, the SQL of what could not be recorded. Owns: rejected_events. */
import { v7 as uuid } from "uuid";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Rejection } from "../rules.ts";

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
