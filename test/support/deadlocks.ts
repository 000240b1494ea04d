/** How often Postgres had to end a transaction because two waited for each other. */
import { setTimeout as wait } from "node:timers/promises";
import type { Database } from "../../src/store/database.ts";

/** Those that connections have told of by now: each does so when it ends, at the latest. */
export async function countDeadlocks(database: Database): Promise<number> {
  const { rows } = await database.query<{ readonly count: string }>(
    `select d.deadlocks::text as count
       from pg_stat_database d
      where d.datname = current_database()`,
  );
  return Number(rows[0]?.count);
}

/** Ends the pools; resolves when Postgres has let go of their connections, which told it by then. */
export async function endConnections(
  database: Database,
  pools: readonly Database[],
): Promise<void> {
  const names = pools.map(({ options }) => options.application_name ?? "");
  await Promise.all(pools.map(async (pool) => await pool.end()));
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- until none is left
    const { rowCount } = await database.query(
      `select from pg_stat_activity p
        where p.datname = current_database() and p.application_name = any($1)`,
      [names],
    );
    if (rowCount === 0) return;
    // oxlint-disable-next-line no-await-in-loop -- see above
    await wait(10);
  }
}
