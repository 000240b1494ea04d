/**
 * Alerts, the SQL of threads: the state that several facts share, and the living message of each
 * destination. Owns: alert_threads, alert_thread_messages, alert_gatherings.
 */
import { formatScope, type Scope, scopeFrom } from "../../../domain/scope.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Thread } from "../rules.ts";

interface ThreadRow {
  readonly thread_key: string;
  readonly thread_id: string;
  readonly scope: string;
  readonly period_end: Date | null;
  readonly revision: number;
  readonly resolved_at: Date | null;
  readonly resolved_because: string | null;
}

const COLUMNS = `t.thread_key, t.thread_id, t.scope, t.period_end, t.revision, t.resolved_at,
            t.resolved_because`;

export interface NewThread {
  readonly threadKey: string;
  readonly threadId: string;
  readonly scope: Scope;
  readonly periodEnd: Instant | undefined;
}

/**
 * Opens the thread, or opens it again when it was resolved; locks it until the transaction ends, so
 * that facts of one thread are said one after the other. The revision is that of the new message.
 */
export async function openThread(sql: Sql, thread: NewThread, now: Instant): Promise<Thread> {
  const { rows } = await sql.query<ThreadRow>(
    `insert into alert_threads as t (thread_key, thread_id, scope, opened_at, period_end)
     values ($1, $2, $3, $4, $5)
         on conflict (thread_key) do update
        set revision = t.revision + 1, resolved_at = null, resolved_because = null
  returning ${COLUMNS}`,
    [thread.threadKey, thread.threadId, formatScope(thread.scope), now, thread.periodEnd ?? null],
  );
  const [row] = rows;
  if (row === undefined) throw new Error("an upsert returns its row");
  return threadFromRow(row);
}

/** Locks the thread; undefined when nothing was ever said in it. */
export async function findThreadForUpdate(
  sql: Sql,
  by: { readonly threadKey: string } | { readonly threadId: string },
): Promise<Thread | undefined> {
  const [column, value] =
    "threadKey" in by ? ["t.thread_key", by.threadKey] : ["t.thread_id", by.threadId];
  const { rows } = await sql.query<ThreadRow>(
    `select ${COLUMNS} from alert_threads t where ${column} = $1 for update`,
    [value],
  );
  return rows[0] === undefined ? undefined : threadFromRow(rows[0]);
}

export async function findThread(
  sql: Sql,
  by: { readonly threadId: string } | { readonly alertId: string },
): Promise<Thread | undefined> {
  const [condition, value] =
    "threadId" in by
      ? ["t.thread_id = $1", by.threadId]
      : ["t.thread_key = (select a.thread_key from alerts a where a.alert_id = $1)", by.alertId];
  const { rows } = await sql.query<ThreadRow>(
    `select ${COLUMNS} from alert_threads t where ${condition}`,
    [value],
  );
  return rows[0] === undefined ? undefined : threadFromRow(rows[0]);
}

/** Counts one more change of what the messages of a locked thread show. */
export async function nextRevision(sql: Sql, thread: Thread): Promise<Thread> {
  const revision = thread.revision + 1;
  await sql.query(`update alert_threads set revision = $2 where thread_key = $1`, [
    thread.threadKey,
    revision,
  ]);
  return { ...thread, revision };
}

export async function updateResolved(
  sql: Sql,
  thread: Thread,
  resolved: { readonly at: Instant; readonly because: string },
): Promise<Thread> {
  await sql.query(
    `update alert_threads
        set resolved_at = $2, resolved_because = $3, revision = alert_threads.revision + 1
      where thread_key = $1`,
    [thread.threadKey, resolved.at, resolved.because],
  );
  return { ...thread, resolved, revision: thread.revision + 1 };
}

/** Key in the outbox of the thread's message, by destination. */
export async function listThreadMessages(
  sql: Sql,
  threadKey: string,
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql.query<{
    readonly destination: string;
    readonly root_dedupe_key: string;
  }>(
    `select m.destination, m.root_dedupe_key
       from alert_thread_messages m
      where m.thread_key = $1
      order by m.destination`,
    [threadKey],
  );
  return new Map(rows.map((row) => [row.destination, row.root_dedupe_key]));
}

export async function insertThreadMessage(
  sql: Sql,
  message: {
    readonly threadKey: string;
    readonly destination: string;
    readonly rootDedupeKey: string;
  },
  now: Instant,
): Promise<void> {
  await sql.query(
    `insert into alert_thread_messages (thread_key, destination, root_dedupe_key, queued_at)
     values ($1, $2, $3, $4)`,
    [message.threadKey, message.destination, message.rootDedupeKey, now],
  );
}

/** New messages at a destination since then. */
export async function countRecentMessages(
  sql: Sql,
  destination: string,
  since: Instant,
): Promise<number> {
  const { rows } = await sql.query<{ readonly count: string }>(
    `select count(*)::text as count
       from alert_thread_messages m
      where m.destination = $1 and m.queued_at > $2`,
    [destination, since],
  );
  return Number(rows[0]?.count ?? 0);
}

export interface Gathering {
  readonly dedupeKey: string;
  /** 0: its message is not posted yet. */
  readonly revision: number;
}

/**
 * The message that lists the storm at a destination, locked: the one that was opened after `since`,
 * or a new one.
 */
export async function nextGathering(
  sql: Sql,
  at: { readonly destination: string; readonly since: Instant; readonly now: Instant },
): Promise<Gathering> {
  const { rows: open } = await sql.query<{
    readonly dedupe_key: string;
    readonly revision: number;
  }>(
    `update alert_gatherings
        set revision = alert_gatherings.revision + 1
      where alert_gatherings.destination = $1 and alert_gatherings.opened_at > $2
  returning alert_gatherings.dedupe_key, alert_gatherings.revision`,
    [at.destination, at.since],
  );
  const [found] = open;
  if (found !== undefined) return { dedupeKey: found.dedupe_key, revision: found.revision };
  const dedupeKey = `alert-storm:${at.now.toISOString()}:${at.destination}`;
  const { rows } = await sql.query<{ readonly revision: number }>(
    `insert into alert_gatherings as g (destination, opened_at, dedupe_key, revision)
     values ($1, $2, $3, 0)
         on conflict (destination, opened_at) do update set revision = g.revision + 1
  returning g.revision`,
    [at.destination, at.now, dedupeKey],
  );
  return { dedupeKey, revision: rows[0]?.revision ?? 0 };
}

function threadFromRow(row: ThreadRow): Thread {
  return {
    threadKey: row.thread_key,
    threadId: row.thread_id,
    scope: scopeFrom(row.scope),
    periodEnd: row.period_end === null ? undefined : instant(row.period_end),
    revision: row.revision,
    resolved:
      row.resolved_at === null || row.resolved_because === null
        ? undefined
        : { at: instant(row.resolved_at), because: row.resolved_because },
  };
}
