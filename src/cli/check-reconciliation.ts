/** `doctor`: whether our total agrees with Anthropic's bill. */
import { formatUsd } from "../domain/money.ts";
import { addMs, DAY_MS, type Instant } from "../domain/time.ts";
import { loadReconciliation } from "../features/reconciliation/index.ts";
import type { Database } from "../store/database.ts";
import { type Finding, ok, warning } from "./finding.ts";

/** Anthropic's bill is at most a day behind; a bill that is older than this is not read any more. */
const JUDGED_DAYS = 3;

export async function checkReconciliation(database: Database, now: Instant): Promise<Finding> {
  const { rows } = await database.query<{ reports: number }>(
    `select count(*)::integer as reports
       from provider_report_pulls p
      where p.report in ('analytics_cost', 'cost_report')`,
  );
  if (rows[0]?.reports === 0) {
    return ok("nothing to compare with: without ANTHROPIC_ADMIN_KEY no bill is read");
  }
  const period = { start: addMs(now, -31 * DAY_MS), end: now };
  const { standing, days } = await loadReconciliation({ database }, period);
  const last = days.at(-1)?.day.day;
  if (last === undefined) return ok("no day of Anthropic's bill is judged yet");
  const oldest = addMs(now, -JUDGED_DAYS * DAY_MS)
    .toISOString()
    .slice(0, 10);
  const { driftingDays, drift } = standing;
  if (driftingDays.length > 0) {
    return warning(
      `${formatUsd(drift)} of drift; ${String(driftingDays.length)} of ${String(days.length)} days differ from Anthropic's bill, the last one ${driftingDays.at(-1) ?? ""}. \`claude-spend reconcile\` says why and what to do.`,
    );
  }
  return last < oldest
    ? warning(`the last day that was compared with Anthropic's bill is ${last}. See reports.`)
    : ok(`${String(days.length)} days agree with Anthropic's bill, up to ${last}`);
}
