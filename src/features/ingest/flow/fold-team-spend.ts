/** Adds up what ingest appends to the sums of teams, models and months, so that reading them stays short. */
import { type Database, inTransaction } from "../../../store/database.ts";
import {
  foldModelQuarters,
  foldMonths,
  foldTeamDays,
  takeFoldingTurn,
} from "../store/team-spend.ts";

/** So many more rows are read in a few milliseconds; folding rewrites as many sums as they touch. */
const ROWS_MIN = 5_000;
/** Of one transaction: well within the time that a statement has. */
const KEYS_MAX = 5_000;

/**
 * Every minute, by any number of replicas: one folds, the others go on. What came meanwhile is left to
 * the next time.
 */
export async function foldTeamSpend(
  { database }: { readonly database: Database },
  rowsMin = ROWS_MIN,
): Promise<void> {
  for (const fold of [foldTeamDays, foldModelQuarters, foldMonths]) {
    let count = KEYS_MAX;
    while (count >= KEYS_MAX) {
      // oxlint-disable-next-line no-await-in-loop -- one portion after the other
      count = await inTransaction(database, async (sql) =>
        (await takeFoldingTurn(sql)) ? await fold(sql, { rowsMin, keysMax: KEYS_MAX }) : 0,
      );
    }
  }
}
