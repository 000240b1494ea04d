/** Looks for sources that normally report and have stopped, and for those that are back. */
import { ZERO_USD } from "../../../domain/money.ts";
import { ORG_SCOPE } from "../../../domain/scope.ts";
import { addMs, DAY_MS, HOUR_MS, MINUTE_MS } from "../../../domain/time.ts";
import type { Database, Sql } from "../../../store/database.ts";
import { loadOrganization } from "../../organization/index.ts";
import { silenceContent, silenceOverText } from "../messages/alerts.ts";
import { HISTORY_DAYS, startOfLocalHour } from "../rules/rhythm.ts";
import { evaluateSilence } from "../rules/silence.ts";
import type { Finding } from "../rules.ts";
import { listOpenEpisodes } from "../store/episodes.ts";
import { findDoneUntil, saveDoneUntil } from "../store/progress.ts";
import {
  deleteOldReporting,
  listReporting,
  notePast,
  noteReporting,
} from "../store/reporting-hours.ts";
import { recordFindings } from "./episodes.ts";
import { type LookDeps, type LookResult, NOTHING_FOUND } from "./look.ts";

/** What was used in the last minutes of an hour may come in the first of the next. */
const LATE_MS = 15 * MINUTE_MS;
const LOOK = "silences";

/**
 * 1. Every minute: which sources have usage of this hour. 2. When another hour is over, usage that
 * is a little late included, and while one is silent: whose pause is too long by its own rhythm.
 * Only what comes while somebody looks counts: an import of old files is no sign of life.
 */
export async function lookForSilences(sql: Sql, { clock }: LookDeps): Promise<LookResult> {
  const now = clock();
  const { timeZone: zone } = await loadOrganization({ database: sql });
  const hourStart = startOfLocalHour(now, zone);
  const hour = { start: hourStart, end: addMs(hourStart, HOUR_MS) };
  await noteReporting(sql, hour, { onlyIfObserved: false });
  if (now.getTime() - hourStart.getTime() < LATE_MS) {
    const before = { start: addMs(hourStart, -HOUR_MS), end: hourStart };
    await noteReporting(sql, before, { onlyIfObserved: true });
  }
  const open = await listOpenEpisodes(sql, ["silence"]);
  const doneUntil = await findDoneUntil(sql, LOOK);
  // Of the last hour usage may still be on its way.
  const judgedUntil = startOfLocalHour(addMs(now, -LATE_MS), zone);
  const isDue = doneUntil === undefined || doneUntil < judgedUntil;
  if (!isDue && open.length === 0) return NOTHING_FOUND;

  const since = addMs(hourStart, -HISTORY_DAYS * DAY_MS);
  const reporting = await listReporting(sql, since);
  const findings: Finding[] = [];
  for (const [source, hours] of reporting) {
    const verdict = evaluateSilence(hours, judgedUntil, zone);
    const isOpen = open.some(({ subject }) => subject === source);
    if (verdict.kind !== "silent" || !(isDue || isOpen)) continue;
    findings.push({
      kind: "silence",
      subject: source,
      scope: ORG_SCOPE,
      severity: "warning",
      amount: ZERO_USD,
      countedUntil: now,
      content: silenceContent({ source, since: verdict.since, hours: verdict.hours, zone }),
    });
  }
  await recordFindings(
    sql,
    { clock },
    {
      now,
      open,
      findings,
      endOf: ({ subject, openedAt }) => {
        const lastMs = Math.max(...(reporting.get(subject)?.reported ?? []));
        return silenceOverText(subject, { isBack: lastMs >= openedAt.getTime() - HOUR_MS });
      },
    },
  );
  if (isDue) {
    await deleteOldReporting(sql, since);
    await saveDoneUntil(sql, LOOK, judgedUntil);
  }
  return { examined: reporting.size, found: findings.length };
}

/**
 * Takes the hours until now as if somebody had looked: for a past that is known to be recorded as it
 * happened. What stopped in it is silent from then on.
 */
export async function adoptPast({
  database,
  clock,
}: LookDeps & { readonly database: Database }): Promise<void> {
  const { timeZone: zone } = await loadOrganization({ database });
  const end = startOfLocalHour(clock(), zone);
  await notePast(database, { start: addMs(end, -HISTORY_DAYS * DAY_MS), end });
}
