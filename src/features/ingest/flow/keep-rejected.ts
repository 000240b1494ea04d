/**
 * Keeps what was refused with all that is needed to try again, and nothing else. A sender that
 * repeats itself adds to a counter, not to the table.
 */
import { createHash } from "node:crypto";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { contentSha256 } from "../native-event.ts";
import type { Rejection } from "../rules.ts";
import { insertRejectedEvents, type NewRejectedEvent } from "../store/rejected-events.ts";
import { storedEventFrom } from "../stored-event.ts";

/** In the transaction that refused them. */
export async function keepRejected(
  sql: Sql,
  rejected: readonly { readonly source: string; readonly rejection: Rejection }[],
  now: Instant,
): Promise<void> {
  const rows = new Map<string, NewRejectedEvent>();
  for (const { source, rejection } of rejected) {
    const row = rowOf(source, rejection);
    const key = JSON.stringify([source, row.code, row.contentSha256]);
    const timesReceived = (rows.get(key)?.timesReceived ?? 0) + 1;
    rows.set(key, { ...row, timesReceived });
  }
  if (rows.size > 0) await insertRejectedEvents(sql, [...rows.values()], now);
}

function rowOf(
  source: string,
  { eventId, code, message, event, fields, ...rest }: Rejection,
): NewRejectedEvent {
  return {
    source,
    eventId,
    code,
    message,
    contentSha256:
      event === undefined
        ? textSha256([eventId, message, fields])
        : (rest.contentSha256 ?? contentSha256(event)),
    event: event === undefined ? undefined : storedEventFrom(event),
    readableFields: fields,
    timesReceived: 1,
  };
}

function textSha256(content: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}
