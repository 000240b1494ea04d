/** Showback, the steps of the read API. What people ask in Slack is flow/. Changes nothing. */
import { AppError } from "../../domain/errors.ts";
import type { Database } from "../../store/database.ts";
import { loadTotals } from "./flow/own-spend.ts";
import { type SpendQuery, type SpendRow, type SpendTotals, sumTotals } from "./rules.ts";
import { listSpend } from "./store.ts";

/** More rows than this are not read by anybody; the caller is told to ask for less. */
const SPEND_ROWS_MAX = 10_000;

/** Rows and their total for the read API. Too many rows are an error that says what to do. */
export async function querySpend(
  { database }: { readonly database: Database },
  query: SpendQuery,
): Promise<{ readonly total: SpendTotals; readonly rows: readonly SpendRow[] }> {
  if (query.groupBy.length === 0) return { total: await loadTotals(database, query), rows: [] };
  const rows = await listSpend(database, query, SPEND_ROWS_MAX + 1);
  if (rows.length > SPEND_ROWS_MAX) {
    throw new AppError({
      code: "invalid",
      message: `group_by gives more than ${String(SPEND_ROWS_MAX)} rows. Ask for a shorter period, a narrower scope or fewer groups.`,
    });
  }
  // Added up here: a second query would also count what arrived since the first.
  return { total: sumTotals(rows), rows };
}
