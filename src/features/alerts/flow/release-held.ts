/** What was held back (quiet hours, a snooze) and may be said now. Runs every minute. */
import type { Clock, Instant } from "../../../domain/time.ts";
import { runAll } from "../../../jobs/run-all.ts";
import { destinationText } from "../../../slack/destination.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import type { Alert } from "../rules.ts";
import {
  type HeldThread,
  listDueHeld,
  listHeldAlerts,
  saveAlertDelivery,
} from "../store/deliveries.ts";
import { findThreadForUpdate, nextRevision } from "../store/threads.ts";
import { loadAudience, loadSurroundings } from "./audience.ts";
import { loadSpokenThread, speak } from "./speak.ts";

/** The next minute goes on with the rest. */
const THREADS_MAX = 100;

/**
 * Says the latest of what was held back at each destination, if it is still the case and its
 * period is not over; the rest is on record. Returns how many threads it dealt with. One that fails
 * keeps no other from being said; then it throws.
 */
export async function releaseHeldAlerts({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Promise<number> {
  const due = await listDueHeld(database, clock(), THREADS_MAX);
  await runAll(
    due.map((held) => async () => {
      await inTransaction(database, async (sql) => {
        await release(sql, held, clock());
      });
    }),
  );
  return due.length;
}

async function release(
  sql: Sql,
  { threadKey, destination }: HeldThread,
  now: Instant,
): Promise<void> {
  const locked = await findThreadForUpdate(sql, { threadKey });
  if (locked === undefined) return;
  // Another replica may have been here while we waited for the lock.
  const held = (await listHeldAlerts(sql, threadKey, destination)).filter(
    ({ heldUntil }) => heldUntil <= now,
  );
  const [latest, ...older] = held.map(({ alert }) => alert);
  if (latest === undefined) return;
  const drop = async (alerts: readonly Alert[], because: string): Promise<void> => {
    for (const alert of alerts) {
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      await saveAlertDelivery(sql, { alert, destination }, { notSentBecause: because }, now);
    }
  };
  if (locked.periodEnd !== undefined && locked.periodEnd <= now) {
    await drop([latest, ...older], "period-over");
    return;
  }
  const spoken = await loadSpokenThread(sql, await nextRevision(sql, locked), now);
  const audience = await loadAudience(sql, locked.scope, await loadSurroundings(sql));
  const hearer = audience.find((one) => destinationText(one.destination) === destination);
  if (spoken === undefined || hearer === undefined) {
    await drop([latest, ...older], "no-longer-a-recipient");
    return;
  }
  await drop(older, "newer-alert");
  await speak(sql, spoken, { news: [latest], hearers: [hearer] });
}
