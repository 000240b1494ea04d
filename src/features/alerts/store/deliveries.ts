/**
 * Alerts, the SQL of what became of each fact at each destination. Owns: alert_deliveries.
 */
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { type Alert } from "../rules.ts";
import { type AlertRow, alertFromRow, COLUMNS } from "./alerts.ts";

export type DeliveryResult =
  | { readonly carriedBy: string }
  | { readonly heldUntil: Instant; readonly heldBecause: string }
  | { readonly notSentBecause: string };

/** What was decided about one fact at one destination; a later decision takes its place. */
export async function saveAlertDelivery(
  sql: Sql,
  of: { readonly alert: Pick<Alert, "alertId" | "threadKey">; readonly destination: string },
  result: DeliveryResult,
  now: Instant,
): Promise<void> {
  await sql.query(
    `insert into alert_deliveries
            (alert_id, destination, thread_key, carried_by, held_until, held_because,
             not_sent_because, decided_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (alert_id, destination) do update
        set carried_by = excluded.carried_by, held_until = excluded.held_until,
            held_because = excluded.held_because, not_sent_because = excluded.not_sent_because,
            decided_at = excluded.decided_at`,
    [
      of.alert.alertId,
      of.destination,
      of.alert.threadKey,
      "carriedBy" in result ? result.carriedBy : null,
      "heldUntil" in result ? result.heldUntil : null,
      "heldUntil" in result ? result.heldBecause : null,
      "notSentBecause" in result ? result.notSentBecause : null,
      now,
    ],
  );
}

/** A thread of which something is held back at a destination. */
export interface HeldThread {
  readonly threadKey: string;
  readonly destination: string;
}

/** Threads whose time to speak has come, the longest waiting first. */
export async function listDueHeld(
  sql: Sql,
  now: Instant,
  threadsMax: number,
): Promise<HeldThread[]> {
  const { rows } = await sql.query<{ readonly thread_key: string; readonly destination: string }>(
    `select d.thread_key, d.destination
       from alert_deliveries d
      where d.held_until is not null and d.held_until <= $1
      group by d.thread_key, d.destination
      order by min(d.held_until), d.thread_key
      limit $2`,
    [now, threadsMax],
  );
  return rows.map((row) => ({ threadKey: row.thread_key, destination: row.destination }));
}

/** What is held back of a thread, the latest first; of one destination when it is given. */
export async function listHeldAlerts(
  sql: Sql,
  threadKey: string,
  destination: string,
): Promise<{ readonly alert: Alert; readonly heldUntil: Instant }[]> {
  const { rows } = await sql.query<AlertRow & { readonly held_until: Date }>(
    `select ${COLUMNS}, d.held_until
       from alert_deliveries d
       join alerts a on a.alert_id = d.alert_id
      where d.thread_key = $1 and d.destination = $2 and d.held_until is not null
      order by a.alert_number desc`,
    [threadKey, destination],
  );
  return rows.map((row) => ({ alert: alertFromRow(row), heldUntil: instant(row.held_until) }));
}

/** Destinations at which something of the thread is held back. */
export async function listHoldingDestinations(sql: Sql, threadKey: string): Promise<string[]> {
  const { rows } = await sql.query<{ readonly destination: string }>(
    `select distinct d.destination
       from alert_deliveries d
      where d.thread_key = $1 and d.held_until is not null
      order by d.destination`,
    [threadKey],
  );
  return rows.map((row) => row.destination);
}

/** The facts that a message lists or says, oldest first, with the name of their thread. */
export async function listCarried(
  sql: Sql,
  dedupeKey: string,
): Promise<{ readonly alert: Alert; readonly threadId: string }[]> {
  const { rows } = await sql.query<AlertRow & { readonly thread_id: string }>(
    `select ${COLUMNS}, t.thread_id
       from alert_deliveries d
       join alerts a on a.alert_id = d.alert_id
       join alert_threads t on t.thread_key = d.thread_key
      where d.carried_by = $1
      order by a.alert_number`,
    [dedupeKey],
  );
  return rows.map((row) => ({ alert: alertFromRow(row), threadId: row.thread_id }));
}
