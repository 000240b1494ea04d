/** Showback, the step of listing operations. Changes nothing. */
import type { Database } from "../../../store/database.ts";
import { listOperations, type OperationSpend, type OperationsQuery } from "../store/operations.ts";

export type { OperationSpend, OperationsQuery };

/** Operations of a scope in a period, those that wasted the most first. */
export async function queryOperations(
  { database }: { readonly database: Database },
  query: OperationsQuery,
): Promise<readonly OperationSpend[]> {
  return await listOperations(database, query);
}
