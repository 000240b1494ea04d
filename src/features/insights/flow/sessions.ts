/** Looks for sessions that cost far more than other sessions of the same person or key. */
import { formatScope } from "../../../domain/scope.ts";
import { addMs, DAY_MS, type Instant, instant, MINUTE_MS } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { ownerName, spikeContent, spikeOverText } from "../messages/alerts.ts";
import { isMostOf, isOfSession, sessionsSubject } from "../rules/incidents.ts";
import { HISTORY_DAYS } from "../rules/rhythm.ts";
import { evaluateSpike, isWorthComparing, normOf } from "../rules/spike.ts";
import { barAfter, type Episode, type Finding, falseAlarmsSince } from "../rules.ts";
import { listFeedback, listOpenEpisodes } from "../store/episodes.ts";
import { findDoneUntil, saveDoneUntil } from "../store/progress.ts";
import {
  addToSessions,
  deleteOldSessions,
  listSessionCosts,
  type Session,
} from "../store/sessions.ts";
import { recordFindings } from "./episodes.ts";
import { type LookDeps, type LookResult, NOTHING_FOUND } from "./look.ts";
import { loadNames } from "./names.ts";

/** Events are read once, a while after they happened: a later one is missed, not counted twice. */
const SLICE_MS = 5 * MINUTE_MS;
const SETTLED_AFTER_MS = MINUTE_MS;
/** After a long pause the past is left out: nobody can stop a session of yesterday. */
const CATCH_UP_MS = 60 * MINUTE_MS;
const COMPARED_MAX = 200;
const SESSIONS_MAX = 50;
const LOOK = "sessions";

export async function lookAtSessions(sql: Sql, { clock }: LookDeps): Promise<LookResult> {
  const now = clock();
  const slice = await nextSlice(sql, now);
  if (slice === undefined) return NOTHING_FOUND;
  await saveDoneUntil(sql, LOOK, slice.end);
  await deleteOldSessions(sql, addMs(now, -HISTORY_DAYS * DAY_MS));
  const touched = await addToSessions(sql, slice);
  const known = await listOpenEpisodes(sql, ["spike", "loop", "duplicates"]);
  const open = known.filter(({ subject }) => isOfSession(subject));
  const candidates = touched
    .filter(({ cost }) => isWorthComparing(cost, "session"))
    .toSorted((left, right) => (left.cost > right.cost ? -1 : 1))
    .slice(0, SESSIONS_MAX);
  const subjects = candidates.map(({ owner }) => sessionsSubject(owner));
  const feedback = await listFeedback(sql, [...new Set(subjects)], falseAlarmsSince(now));
  const findings = new Map<string, Finding>();
  for (const session of candidates) {
    const subject = sessionsSubject(session.owner);
    const bar = barAfter(feedback.get(subject) ?? []);
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const finding = await findingOf(sql, session, { now, bar, known });
    // The dearest of somebody's sessions stands for them all.
    if (finding !== undefined && !findings.has(subject)) findings.set(subject, finding);
  }
  await recordFindings(
    sql,
    { clock },
    {
      now,
      open,
      findings: [...findings.values()],
      endOf: (episode) => spikeOverText(episode.amount),
    },
  );
  return { examined: candidates.length, found: findings.size };
}

async function findingOf(
  sql: Sql,
  { sessionId, owner, cost }: Session,
  of: { readonly now: Instant; readonly bar: bigint; readonly known: readonly Episode[] },
): Promise<Finding | undefined> {
  const { now, bar } = of;
  const name = formatScope(owner);
  const others = await listSessionCosts(
    sql,
    { owner: name, exceptId: sessionId, sessionsMax: COMPARED_MAX },
    addMs(now, -HISTORY_DAYS * DAY_MS),
  );
  const spike = evaluateSpike(cost, { span: "session", norm: normOf(others), bar });
  if (spike === undefined) return undefined;
  const isKnown = of.known.some(
    (episode) =>
      !isOfSession(episode.subject) &&
      episode.told !== undefined &&
      formatScope(episode.scope) === name &&
      isMostOf(episode.amount, spike.excess),
  );
  const content = spikeContent({
    scope: owner,
    name: ownerName(owner, await loadNames(sql, [owner])),
    span: "session",
    spike,
    bar,
  });
  return {
    kind: "spike",
    subject: sessionsSubject(owner),
    scope: owner,
    severity: spike.severity,
    amount: spike.excess,
    countedUntil: now,
    excess: spike.excess,
    partOf: isKnown ? name : undefined,
    content: { ...content, drivers: { by: "session", top: [{ name: sessionId, cost }] } },
  };
}

async function nextSlice(
  sql: Sql,
  now: Instant,
): Promise<{ readonly start: Instant; readonly end: Instant } | undefined> {
  const settled = now.getTime() - SETTLED_AFTER_MS;
  const end = instant(Math.floor(settled / SLICE_MS) * SLICE_MS);
  const doneUntil = await findDoneUntil(sql, LOOK);
  if (doneUntil !== undefined && doneUntil >= end) return undefined;
  const earliest = addMs(end, doneUntil === undefined ? -SLICE_MS : -CATCH_UP_MS);
  return { start: doneUntil === undefined || doneUntil < earliest ? earliest : doneUntil, end };
}
