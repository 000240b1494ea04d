/** What every look for something unusual has in common: one at a time, in a transaction of its own. */
import type { Clock } from "../../../domain/time.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { tryLockLook } from "../store/progress.ts";

export interface LookDeps {
  readonly clock: Clock;
}

export interface LookResult {
  /** Series, keys or sources that were compared with what is normal. */
  readonly examined: number;
  readonly found: number;
}

export const NOTHING_FOUND: LookResult = { examined: 0, found: 0 };

/** Looks, unless another replica is doing so at this moment. */
export async function look(
  { database, clock }: LookDeps & { readonly database: Database },
  name: string,
  find: (sql: Sql, deps: LookDeps) => Promise<LookResult>,
): Promise<LookResult> {
  return await inTransaction(database, async (sql) =>
    (await tryLockLook(sql, name)) ? await find(sql, { clock }) : NOTHING_FOUND,
  );
}
