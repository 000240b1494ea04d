/** Keeps the months that usage is stored in: makes the next one in time, drops those too old to keep. */
import type { Logger } from "pino";
import type { Clock } from "../../../domain/time.ts";
import { type Database, inTransaction, isGivenUp } from "../../../store/database.ts";
import { monthsToPrepare, retentionStart } from "../rules.ts";
import { dropUsagePartitions, ensureUsagePartitions } from "../store/partitions.ts";

/**
 * Every minute, by any number of replicas. Events and charges of dropped months are gone; their sums
 * and what makes them unique stay. A drop that would make others wait is left to the next minute.
 */
export async function tendPartitions(deps: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whole months to keep before the current one; undefined: all. */
  readonly retentionMonths: number | undefined;
}): Promise<void> {
  const { database, clock, log, retentionMonths } = deps;
  const now = clock();
  await ensureUsagePartitions(database, monthsToPrepare(now));
  if (retentionMonths === undefined) return;
  try {
    const before = retentionStart(now, retentionMonths);
    const dropped = await inTransaction(
      database,
      async (sql) => await dropUsagePartitions(sql, before),
    );
    if (dropped.length === 0) return;
    log.info({ work: "retention", outcome: "dropped", tables: dropped }, "old usage dropped");
  } catch (error) {
    if (!isGivenUp(error)) throw error;
    log.debug({ work: "retention", outcome: "busy" }, "old usage is being read");
  }
}
