/**
 * Writes the messages that list storms, after the facts were found and committed: what finds a fact
 * waits for nobody else's news at the same destination (ADR 0035). A wake-up goes out with the
 * commit; a crash at any step leaves the facts waiting.
 */
import type { Clock, Instant } from "../../../domain/time.ts";
import { runAll } from "../../../jobs/run-all.ts";
import { destinationFrom } from "../../../slack/destination.ts";
import { enqueueMessage, extendValidity } from "../../../slack/outbox.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { gatheredMessage, LINES_MAX } from "../messages/gathered.ts";
import { planGathering } from "../rules/gathering.ts";
import { stormWindowStart } from "../rules.ts";
import {
  listCarried,
  listGathering,
  listGatheringDestinations,
  saveGathered,
} from "../store/deliveries.ts";
import { nextGathering, tryLockDestination } from "../store/gatherings.ts";

/** Bound one pass; the next one goes on with the rest. */
const DESTINATIONS_MAX = 50;
const ALERTS_MAX = 500;

/**
 * Tells what waits to be gathered, each destination in a transaction of its own; how many facts it
 * dealt with. What another replica is at is left to it. One that fails keeps no other from being
 * told; then it throws.
 */
export async function gatherAlerts({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Promise<number> {
  let count = 0;
  const destinations = await listGatheringDestinations(database, DESTINATIONS_MAX);
  await runAll(
    destinations.map((destination) => async () => {
      count += await inTransaction(
        database,
        async (sql) => await gatherAt(sql, destination, clock()),
      );
    }),
  );
  return count;
}

/**
 * 1. What waits here, none that another replica has. 2. What is no longer the case is on record
 * only. 3. The rest are lines of the message of this storm, which is posted or updated in place.
 */
async function gatherAt(sql: Sql, destination: string, now: Instant): Promise<number> {
  if (!(await tryLockDestination(sql, destination))) return 0;
  const waiting = await listGathering(sql, destination, ALERTS_MAX);
  const { told, dropped, validUntil } = planGathering(waiting, now);
  for (const because of new Set(dropped.map((one) => one.because))) {
    const alerts = dropped.filter((one) => one.because === because).map(({ alert }) => alert);
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await saveGathered(sql, { alerts, destination }, { notSentBecause: because }, now);
  }
  if (told.length === 0) return waiting.length;

  const gathering = await nextGathering(sql, { destination, since: stormWindowStart(now), now });
  const { dedupeKey, revision } = gathering;
  await saveGathered(sql, { alerts: told, destination }, { carriedBy: dedupeKey }, now);
  const message = gatheredMessage(await listCarried(sql, dedupeKey, LINES_MAX));
  const entry = { kind: "alert", destination: destinationFrom(destination), message } as const;
  if (revision === 0) {
    const until = validUntil === undefined ? {} : { validUntil };
    await enqueueMessage(sql, { ...entry, dedupeKey, ...until }, now);
    return waiting.length;
  }
  // It lists several threads, and is of use for as long as one of them is.
  await extendValidity(sql, dedupeKey, validUntil);
  const revised = `${dedupeKey}:${String(revision)}`;
  await enqueueMessage(sql, { ...entry, dedupeKey: revised, updates: dedupeKey }, now);
  return waiting.length;
}
