/** Digests, the SQL of what else a digest tells: open requests, events and messages that got lost. Reads only. */
import type { Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

/** Events of a span that could not be recorded and still are not. */
export async function countRejectedEvents(sql: Sql, span: Period): Promise<number> {
  const { rows } = await sql.query<{ count: string }>(
    `select count(*)::text as count
       from rejected_events r
      where r.received_at >= $1 and r.received_at < $2 and r.status = 'open'`,
    [span.start, span.end],
  );
  return Number(rows[0]?.count ?? 0);
}

/** Messages of a span that were given up: their channel or person is not to be found in Slack. */
export async function countUndelivered(sql: Sql, span: Period): Promise<number> {
  const { rows } = await sql.query<{ count: string }>(
    `select count(*)::text as count
       from outbox_messages o
      where o.status = 'failed' and o.created_at >= $1 and o.created_at < $2`,
    [span.start, span.end],
  );
  return Number(rows[0]?.count ?? 0);
}

export interface OpenRequest {
  /** "team:search" */
  readonly scope: string;
  readonly title: string;
  /** Whose voice is wanted now. */
  readonly waitingFor: readonly string[];
}

/** Requests that wait for somebody's decision, oldest first. */
export async function listOpenRequests(sql: Sql): Promise<readonly OpenRequest[]> {
  const { rows } = await sql.query<{
    readonly scope: string;
    readonly title: string;
    readonly waiting_for: string[];
  }>(
    `select a.scope, a.title, a.waiting_for
       from approval_requests a
      where a.status = 'requested'
      order by a.requested_at, a.approval_request_id`,
  );
  return rows.map((row) => ({ scope: row.scope, title: row.title, waitingFor: row.waiting_for }));
}
