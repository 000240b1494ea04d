/**
 * Ingest, the SQL of the months that events and charges are stored in. How a partition is made and
 * dropped stands in the migration; any number of callers may ask for the same one.
 */
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

/** Sees to it that usage of these times can be stored. */
export async function ensureUsagePartitions(sql: Sql, times: readonly Instant[]): Promise<void> {
  await sql.query(
    `select ensure_usage_partitions(n.at) from unnest($1::timestamptz[]) as n (at) order by n.at`,
    [times.map((at) => at.toISOString())],
  );
}

/**
 * Drops the months that ended before `before`, for good; the tables that are gone. A transaction
 * that gets the locks at once or gives up, so that nobody waits behind it.
 */
export async function dropUsagePartitions(sql: Sql, before: Instant): Promise<readonly string[]> {
  await sql.query(`set local lock_timeout = '500ms'`);
  const { rows } = await sql.query<{ readonly name: string }>(
    `select name from drop_usage_partitions($1) as name`,
    [before],
  );
  return rows.map(({ name }) => name);
}
