/** Insights, the SQL of what has been looked at until when. Owns: insight_progress. */
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

/** Nobody waits for a look: it may take longer than what people ask, within the pool's own limit. */
const STATEMENT_TIMEOUT_MS = 9_000;
/** Minutes of events are grouped in memory. */
const WORK_MEMORY = "64MB";

/** Whether nobody else looks at the same thing now; until the transaction ends. */
export async function tryLockLook(sql: Sql, name: string): Promise<boolean> {
  const { rows } = await sql.query<{ readonly is_mine: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended('insights:' || $1, 0)) as is_mine,
            set_config('statement_timeout', $2, true), set_config('work_mem', $3, true)`,
    [name, String(STATEMENT_TIMEOUT_MS), WORK_MEMORY],
  );
  return rows[0]?.is_mine === true;
}

export async function findDoneUntil(sql: Sql, name: string): Promise<Instant | undefined> {
  const { rows } = await sql.query<{ readonly done_until: Date }>(
    `select p.done_until from insight_progress p where p.name = $1`,
    [name],
  );
  return rows[0] === undefined ? undefined : instant(rows[0].done_until);
}

export async function saveDoneUntil(sql: Sql, name: string, doneUntil: Instant): Promise<void> {
  await sql.query(
    `insert into insight_progress (name, done_until)
     values ($1, $2)
         on conflict (name) do update set done_until = excluded.done_until`,
    [name, doneUntil],
  );
}
