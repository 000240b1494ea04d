/**
 * Finds whose Home something concerns that happened since the last look: what is in the audit trail,
 * alerts, spend that moved. Only marks; refresh-homes.ts publishes. Replicas take turns.
 */
import { monthToDate } from "../../../domain/month-to-date.ts";
import { addMs, type Instant, MINUTE_MS } from "../../../domain/time.ts";
import { inTransaction, type Sql } from "../../../store/database.ts";
import { loadOrganization } from "../../organization/index.ts";
import { concernedBy } from "../rules/concerned.ts";
import {
  GATHER_MS,
  hasMovedNoticeably,
  KEPT_FRESH_MS,
  ON_SCREEN_MS,
  SCREEN_AGE_MAX_MS,
} from "../rules/publishing.ts";
import {
  claimCursor,
  listChanges,
  listOverseers,
  listPeopleAlerted,
  listPeopleOfBudgets,
  listPeopleOfRequests,
  updateCursor,
} from "../store/changes.ts";
import { listMovingSpend } from "../store/moving-spend.ts";
import { type DueTime, markDue, markOld } from "../store/views.ts";
import type { PageDeps } from "./load-page.ts";

/** More than so many at once are an import or a repair: then everybody's is looked up. */
const CHANGES_MAX = 500;
/** Spend and alerts are compared so often. */
const LOOK_MS = 10_000;
/** A transaction that found an alert commits later than it says. */
const LATE_COMMIT_MS = 15_000;
/** What was recorded a moment ago stands in this quarter of an hour or the last one. */
const RECORDED_MS = 30 * MINUTE_MS;

export function dueTime(now: Instant): DueTime {
  return { now, visitedSince: addMs(now, -KEPT_FRESH_MS), gatherMs: GATHER_MS };
}

/** How many entries of the audit trail were looked at. */
export async function noticeChanges({ database, clock }: PageDeps): Promise<number> {
  return await inTransaction(database, async (sql) => {
    const cursor = await claimCursor(sql);
    if (cursor === undefined) return 0;
    const now = clock();
    const changes = await listChanges(sql, cursor.auditSequence, CHANGES_MAX);
    await markConcerned(sql, changes, now);
    const isLookDue = now >= addMs(cursor.lookedAt, LOOK_MS) || now < cursor.lookedAt;
    if (isLookDue) await markMoved(sql, { since: cursor.lookedAt, now });
    const auditSequence = changes.at(-1)?.sequence ?? cursor.auditSequence;
    if (changes.length > 0 || isLookDue) {
      await updateCursor(sql, { auditSequence, lookedAt: isLookDue ? now : cursor.lookedAt });
    }
    return changes.length;
  });
}

async function markConcerned(
  sql: Sql,
  changes: Awaited<ReturnType<typeof listChanges>>,
  now: Instant,
): Promise<void> {
  const concerned = changes.map(concernedBy);
  const isEverybody =
    changes.length === CHANGES_MAX || concerned.some(({ kind }) => kind === "everybody");
  if (isEverybody) {
    await markDue(sql, "everybody", dueTime(now));
    return;
  }
  const people = new Set([
    ...concerned.flatMap((one) => (one.kind === "person" ? [one.email] : [])),
    ...(await listPeopleOfRequests(
      sql,
      concerned.flatMap((one) => (one.kind === "request" ? [one.requestId] : [])),
    )),
    ...(await listPeopleOfBudgets(
      sql,
      concerned.flatMap((one) => (one.kind === "budget" ? [one.budgetId] : [])),
    )),
    ...(concerned.some(({ kind }) => kind === "overseers") ? await listOverseers(sql) : []),
  ]);
  if (people.size > 0) await markDue(sql, [...people], dueTime(now));
}

/** What the audit trail does not tell of: alerts, spend, time. */
async function markMoved(
  sql: Sql,
  { since, now }: { readonly since: Instant; readonly now: Instant },
): Promise<void> {
  const organization = await loadOrganization({ database: sql });
  const visitedSince = addMs(now, -ON_SCREEN_MS);
  const spend = await listMovingSpend(sql, {
    visitedSince,
    recordedSince: addMs(now, -RECORDED_MS),
    period: monthToDate(now, organization).current,
  });
  const people = new Set<string>([
    ...spend.filter((one) => hasMovedNoticeably(one.shown, one.now)).map(({ email }) => email),
    ...(await listPeopleAlerted(sql, { start: addMs(since, -LATE_COMMIT_MS), end: now })),
  ]);
  if (people.size > 0) await markDue(sql, [...people], dueTime(now));
  await markOld(sql, { visitedSince, renderedBefore: addMs(now, -SCREEN_AGE_MAX_MS), now });
}
