/**
 * Alerts, the SQL of threads: the state that several facts share, and the living message of each
 * destination. Owns: alert_threads, alert_thread_messages.
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

/** What else people read at a destination. */
export interface Crowd {
  /** New messages of threads there, within the window. */
  readonly recentMessages: number;
  /** Whether earlier facts of this thread wait there for the message that lists them. */
  readonly isGathering: boolean;
}

export async function loadCrowd(
  sql: Sql,
  at: { readonly destination: string; readonly threadKey: string },
  since: Instant,
): Promise<Crowd> {
  const { rows } = await sql.query<{ readonly recent: string; readonly is_gathering: boolean }>(
    `select (select count(*)
               from alert_thread_messages m
              where m.destination = $1 and m.queued_at > $3)::text as recent,
            exists (select
                      from alert_deliveries d
                     where d.destination = $1 and d.thread_key = $2
                       and d.gathering_since is not null) as is_gathering`,
    [at.destination, at.threadKey, since],
  );
  return {
    recentMessages: Number(rows[0]?.recent ?? 0),
    isGathering: rows[0]?.is_gathering === true,
  };
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
