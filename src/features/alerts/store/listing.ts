/** Alerts, the SQL of what the API shows: facts, who looks after them, what became of them. */
import { formatScope, type Scope } from "../../../domain/scope.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Alert } from "../rules.ts";
import { type AlertRow, alertFromRow, COLUMNS } from "./alerts.ts";

export interface ListedAlert {
  readonly alert: Alert;
  readonly acknowledged: { readonly by: string; readonly at: Instant } | undefined;
  readonly resolved: { readonly at: Instant; readonly because: string } | undefined;
  readonly assignedTo: string | undefined;
  readonly feedback: string | undefined;
  readonly deliveries: readonly {
    readonly to: string;
    /** As in the outbox; held and not-sent are before it. */
    readonly status: string;
    readonly because: string | undefined;
    readonly until: Instant | undefined;
  }[];
}

/** The latest facts first; of one scope or of all. */
export async function listAlerts(
  sql: Sql,
  scope: Scope | undefined,
  alertsMax: number,
): Promise<ListedAlert[]> {
  const { rows } = await sql.query<ListedRow>(LISTED, [
    scope === undefined ? null : formatScope(scope),
    alertsMax,
  ]);
  return rows.map(listedFromRow);
}

interface ListedRow extends AlertRow {
  readonly acknowledged_by: string | null;
  readonly acknowledged_at: Date | null;
  readonly resolved_at: Date | null;
  readonly resolved_because: string | null;
  readonly assigned_to: string | null;
  readonly feedback: string | null;
  readonly deliveries: readonly {
    readonly to: string;
    readonly status: string;
    readonly because: string | null;
    readonly until: string | null;
  }[];
}

/** $1: a scope, or null for all; $2: how many. */
const LISTED = `select ${COLUMNS}, k.actor_email as acknowledged_by, k.done_at as acknowledged_at,
            t.resolved_at, t.resolved_because, s.assigned_to, s.feedback,
            coalesce(d.deliveries, '[]'::jsonb) as deliveries
       from alerts a
       left join alert_threads t on t.thread_key = a.thread_key
       left join lateral (
            select h.actor_email, h.done_at
              from alert_actions h
             where h.thread_key = a.thread_key and h.action = 'acknowledge'
               and h.through_alert_number >= a.alert_number
             order by h.through_alert_number
             limit 1) k on true
       left join lateral (
            select (array_agg(h.value order by h.done_at desc) filter (where h.action = 'assign'))[1]
                   as assigned_to,
                   (array_agg(h.value order by h.done_at desc) filter (where h.action = 'feedback'))[1]
                   as feedback
              from alert_actions h
             where h.thread_key = a.thread_key) s on true
       left join lateral (
            select jsonb_agg(jsonb_build_object(
                     'to', e.destination,
                     'status', case when e.not_sent_because is not null then 'not_sent'
                                    when e.held_until is not null then 'held'
                                    when e.gathering_since is not null then 'pending'
                                    else coalesce(o.status, 'sent') end,
                     'because', coalesce(e.not_sent_because, e.held_because,
                                         case when o.status in ('failed', 'skipped', 'unknown')
                                              then o.last_error end),
                     'until', e.held_until)
                   order by e.destination) as deliveries
              from alert_deliveries e
              left join outbox_messages o on o.dedupe_key = e.carried_by
             where e.alert_id = a.alert_id) d on true
      where $1::text is null or a.scope = $1
      order by a.alert_number desc
      limit $2`;

function listedFromRow(row: ListedRow): ListedAlert {
  return {
    alert: alertFromRow(row),
    acknowledged:
      row.acknowledged_by === null || row.acknowledged_at === null || row.not_sent_because !== null
        ? undefined
        : { by: row.acknowledged_by, at: instant(row.acknowledged_at) },
    resolved:
      row.resolved_at === null || row.resolved_because === null
        ? undefined
        : { at: instant(row.resolved_at), because: row.resolved_because },
    assignedTo: row.assigned_to?.replace(/^\S* /, ""),
    feedback: row.feedback ?? undefined,
    deliveries: row.deliveries.map(({ to, status, because, until }) => ({
      to,
      status,
      because: because ?? undefined,
      until: until === null ? undefined : instant(until),
    })),
  };
}
