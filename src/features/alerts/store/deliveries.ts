/**
 * Alerts, the SQL of what became of each fact at each destination. Owns: alert_deliveries.
 */
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { WaitingAlert } from "../rules/gathering.ts";
import type { Alert } from "../rules.ts";
import { type AlertRow, alertFromRow, COLUMNS } from "./alerts.ts";

export type DeliveryResult =
  | { readonly carriedBy: string }
  | { readonly heldUntil: Instant; readonly heldBecause: string }
  /** To be a line of the message that lists a storm, once somebody writes it. */
  | { readonly gatheringSince: Instant }
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
             not_sent_because, gathering_since, decided_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (alert_id, destination) do update
        set carried_by = excluded.carried_by, held_until = excluded.held_until,
            held_because = excluded.held_because, not_sent_because = excluded.not_sent_because,
            gathering_since = excluded.gathering_since, decided_at = excluded.decided_at`,
    [
      of.alert.alertId,
      of.destination,
      of.alert.threadKey,
      "carriedBy" in result ? result.carriedBy : null,
      "heldUntil" in result ? result.heldUntil : null,
      "heldUntil" in result ? result.heldBecause : null,
      "notSentBecause" in result ? result.notSentBecause : null,
      "gatheringSince" in result ? result.gatheringSince : null,
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

/** Destinations with something to gather, the longest waiting first. */
export async function listGatheringDestinations(
  sql: Sql,
  destinationsMax: number,
): Promise<string[]> {
  const { rows } = await sql.query<{ readonly destination: string }>(
    `select d.destination
       from alert_deliveries d
      where d.gathering_since is not null
      group by d.destination
      order by min(d.gathering_since), d.destination
      limit $1`,
    [destinationsMax],
  );
  return rows.map((row) => row.destination);
}

/** What waits to be gathered at a destination, oldest first. */
export async function listGathering(
  sql: Sql,
  destination: string,
  alertsMax: number,
): Promise<WaitingAlert[]> {
  const { rows } = await sql.query<AlertRow & { readonly is_resolved: boolean }>(
    `select ${COLUMNS}, t.resolved_at is not null as is_resolved
       from alert_deliveries d
       join alerts a on a.alert_id = d.alert_id
       join alert_threads t on t.thread_key = d.thread_key
      where d.destination = $1 and d.gathering_since is not null
      order by a.alert_number
      limit $2`,
    [destination, alertsMax],
  );
  return rows.map((row) => ({ alert: alertFromRow(row), isResolved: row.is_resolved }));
}

/** What became of facts that waited to be gathered at a destination. */
export async function saveGathered(
  sql: Sql,
  of: { readonly alerts: readonly Pick<Alert, "alertId">[]; readonly destination: string },
  result: { readonly carriedBy: string } | { readonly notSentBecause: string },
  now: Instant,
): Promise<void> {
  await sql.query(
    `update alert_deliveries
        set carried_by = $3, not_sent_because = $4, gathering_since = null, decided_at = $5
      where alert_deliveries.alert_id = any($1) and alert_deliveries.destination = $2
        and alert_deliveries.gathering_since is not null`,
    [
      of.alerts.map(({ alertId }) => alertId),
      of.destination,
      "carriedBy" in result ? result.carriedBy : null,
      "notSentBecause" in result ? result.notSentBecause : null,
      now,
    ],
  );
}

/** The facts that a message lists, with the name of their thread. */
export interface Carried {
  readonly count: number;
  /** The latest of them, oldest first. */
  readonly latest: readonly { readonly alert: Alert; readonly threadId: string }[];
}

export async function listCarried(
  sql: Sql,
  dedupeKey: string,
  latestMax: number,
): Promise<Carried> {
  const { rows } = await sql.query<
    AlertRow & { readonly thread_id: string; readonly carried_count: number }
  >(
    `select ${COLUMNS}, t.thread_id, (count(*) over ())::integer as carried_count
       from alert_deliveries d
       join alerts a on a.alert_id = d.alert_id
       join alert_threads t on t.thread_key = d.thread_key
      where d.carried_by = $1
      order by a.alert_number desc
      limit $2`,
    [dedupeKey, latestMax],
  );
  return {
    count: rows[0]?.carried_count ?? 0,
    latest: rows.map((row) => ({ alert: alertFromRow(row), threadId: row.thread_id })).toReversed(),
  };
}
