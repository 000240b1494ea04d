/** What an alert said is no longer the case: said once, where it was said. */
import type { Scope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import { destinationText } from "../../../slack/destination.ts";
import type { Sql } from "../../../store/database.ts";
import { resolvedMessage } from "../messages/thread.ts";
import { quietUntil } from "../rules/quiet-hours.ts";
import { listHeldAlerts, listHoldingDestinations, saveAlertDelivery } from "../store/deliveries.ts";
import { findThreadForUpdate, updateResolved } from "../store/threads.ts";
import { loadAudience, loadSurroundings } from "./audience.ts";
import type { AlertDeps } from "./raise-alert.ts";
import { listStillAllowed, loadSpokenThread, replyUnder, updateEverywhere } from "./speak.ts";

/** Whose quiet hours it is. */
async function listResting(sql: Sql, scope: Scope, now: Instant): Promise<ReadonlySet<string>> {
  const hearers = await loadAudience(sql, scope, await loadSurroundings(sql));
  return new Set(
    hearers.flatMap(({ destination, quiet }) => {
      const until = quiet === undefined ? undefined : quietUntil(quiet.hours, now, quiet.zone);
      return until !== undefined && until > now ? [destinationText(destination)] : [];
    }),
  );
}

/**
 * The condition no longer holds (spend was corrected down, the limit was raised, a source is back):
 * the thread says so once, and what was held back of it is never sent. In the caller's transaction.
 * Nothing happens for a thread that never spoke, is resolved already, or whose period is over.
 */
export async function resolveThread(
  sql: Sql,
  { clock }: AlertDeps,
  { threadKey, because }: { readonly threadKey: string; readonly because: string },
): Promise<void> {
  const now = clock();
  const open = await findThreadForUpdate(sql, { threadKey });
  if (open === undefined || open.resolved !== undefined) return;
  if (open.periodEnd !== undefined && open.periodEnd <= now) return;
  const thread = await updateResolved(sql, open, { at: now, because });
  for (const destination of await listHoldingDestinations(sql, threadKey)) {
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    for (const { alert } of await listHeldAlerts(sql, threadKey, destination)) {
      const result = { notSentBecause: "resolved" };
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      await saveAlertDelivery(sql, { alert, destination }, result, now);
    }
  }
  const spoken = await loadSpokenThread(sql, thread, now);
  if (spoken === undefined) return;
  await updateEverywhere(sql, spoken);
  const isSnoozed = spoken.state.snoozed !== undefined && spoken.state.snoozed.until > now;
  if (isSnoozed) return;
  const resting = await listResting(sql, spoken.thread.scope, now);
  for (const destination of await listStillAllowed(sql, spoken)) {
    // Their message says so already, without a sound; good news wake nobody.
    if (resting.has(destination)) continue;
    const dedupeKey = `alert-resolved:${thread.threadId}:r${String(thread.revision)}:${destination}`;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await replyUnder(sql, spoken, { destination, dedupeKey, message: resolvedMessage(because) });
  }
}
