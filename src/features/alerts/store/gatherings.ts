/**
 * Alerts, the SQL of the messages that list a storm. Whoever writes one holds the lock of its
 * destination, and nothing else that others wait for (ADR 0035). Owns: alert_gatherings.
 */
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

/** Until the transaction ends; false: another replica is at it. */
export async function tryLockDestination(sql: Sql, destination: string): Promise<boolean> {
  const { rows } = await sql.query<{ readonly is_mine: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended('alerts:gather:' || $1, 0)) as is_mine`,
    [destination],
  );
  return rows[0]?.is_mine === true;
}

export interface Gathering {
  readonly dedupeKey: string;
  /** 0: its message is not posted yet. */
  readonly revision: number;
}

/** The message that lists the storm at a locked destination: one opened after `since`, or a new one. */
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
  await sql.query(
    `insert into alert_gatherings (destination, opened_at, dedupe_key, revision)
     values ($1, $2, $3, 0)`,
    [at.destination, at.now, dedupeKey],
  );
  return { dedupeKey, revision: 0 };
}
