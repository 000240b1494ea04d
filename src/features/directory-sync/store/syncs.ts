/** Directory sync, the SQL of how far each list was read. Owns: directory_syncs. */
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { DirectoryList } from "../rules.ts";

export interface DirectorySync {
  readonly list: DirectoryList;
  /** Of the run that is under way; undefined: a new one begins. */
  readonly startedAt: Instant | undefined;
  readonly cursor: string | undefined;
  readonly failures: number;
}

/** Takes a list that is due, for this replica alone until `leasedUntil`. */
export async function claimSync(
  sql: Sql,
  list: DirectoryList,
  {
    now,
    leasedUntil,
    isAsked,
  }: { readonly now: Instant; readonly leasedUntil: Instant; readonly isAsked: boolean },
): Promise<DirectorySync | undefined> {
  await sql.query(
    `insert into directory_syncs (list, next_attempt_at) values ($1, $2) on conflict do nothing`,
    [list, now],
  );
  const { rows } = await sql.query<{
    readonly run_started_at: Date | null;
    readonly cursor: string | null;
    readonly failures: number;
  }>(
    `update directory_syncs
        set leased_until = $3
      where directory_syncs.list = $1
        and (directory_syncs.next_attempt_at <= $2 or $4)
        and (directory_syncs.leased_until is null or directory_syncs.leased_until <= $2)
  returning directory_syncs.run_started_at, directory_syncs.cursor, directory_syncs.failures`,
    [list, now, leasedUntil, isAsked],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    list,
    startedAt: row.run_started_at === null ? undefined : instant(row.run_started_at),
    cursor: row.cursor ?? undefined,
    failures: row.failures,
  };
}

/** A page was saved; the next one begins at `cursor`. */
export async function advanceSync(
  sql: Sql,
  list: DirectoryList,
  step: { readonly startedAt: Instant; readonly cursor: string; readonly leasedUntil: Instant },
): Promise<void> {
  await sql.query(
    `update directory_syncs
        set run_started_at = $2, cursor = $3, leased_until = $4
      where directory_syncs.list = $1`,
    [list, step.startedAt, step.cursor, step.leasedUntil],
  );
}

export async function completeSync(
  sql: Sql,
  list: DirectoryList,
  { now, nextAttemptAt }: { readonly now: Instant; readonly nextAttemptAt: Instant },
): Promise<void> {
  await sql.query(
    `update directory_syncs
        set run_started_at = null, cursor = null, completed_at = $2, next_attempt_at = $3,
            failures = 0, error = null, needs_operator = false, leased_until = null
      where directory_syncs.list = $1`,
    [list, now, nextAttemptAt],
  );
}

/** What was read stays; a run whose place is refused begins anew. */
export async function failSync(
  sql: Sql,
  list: DirectoryList,
  failure: {
    readonly nextAttemptAt: Instant;
    readonly failures: number;
    readonly error: string;
    readonly needsOperator: boolean;
    readonly beginsAnew: boolean;
  },
): Promise<void> {
  await sql.query(
    `update directory_syncs
        set next_attempt_at = $2, failures = $3, error = $4, needs_operator = $5,
            leased_until = null,
            run_started_at = case when $6 then null else directory_syncs.run_started_at end,
            cursor = case when $6 then null else directory_syncs.cursor end
      where directory_syncs.list = $1`,
    [
      list,
      failure.nextAttemptAt,
      failure.failures,
      failure.error,
      failure.needsOperator,
      failure.beginsAnew,
    ],
  );
}

export async function releaseSync(sql: Sql, list: DirectoryList): Promise<void> {
  await sql.query(
    `update directory_syncs set leased_until = null where directory_syncs.list = $1`,
    [list],
  );
}

/** How each list stands, for people. */
export async function listSyncs(sql: Sql): Promise<
  readonly {
    readonly list: DirectoryList;
    readonly completedAt: Instant | undefined;
    readonly error: string | undefined;
  }[]
> {
  const { rows } = await sql.query<{
    readonly list: DirectoryList;
    readonly completed_at: Date | null;
    readonly error: string | null;
  }>(`select s.list, s.completed_at, s.error from directory_syncs s order by s.list`);
  return rows.map((row) => ({
    list: row.list,
    completedAt: row.completed_at === null ? undefined : instant(row.completed_at),
    error: row.error ?? undefined,
  }));
}
