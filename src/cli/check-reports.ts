/** Of Anthropic's own reports: how far they were read, what keeps them back, and what to do. */
import { readPullSettings } from "../app/anthropic.ts";
import { addMs, DAY_MS, HOUR_MS, type Instant } from "../domain/time.ts";
import {
  listPulls,
  type Pull,
  planReports,
  type Report,
} from "../features/provider-reports/index.ts";
import type { Sql } from "../store/database.ts";
import { type Finding, failed, ok, warning } from "./finding.ts";

/** A worker looks every few minutes; after this long none does. */
const SILENT_MS = HOUR_MS;
/** Anthropic's reports are at most a day late, and the last day is only complete when it is over. */
const LATE_MS = 3 * DAY_MS;

export async function checkReports(
  sql: Sql,
  env: Readonly<Record<string, string | undefined>>,
  now: Instant,
): Promise<Finding> {
  const settings = readPullSettings(env);
  if (settings === undefined) return ok("no admin key, so none are read: optional");
  const pulls = new Map((await listPulls(sql)).map((pull) => [pull.report, pull]));
  const findings = planReports(settings).map(({ report }) =>
    findingOf(report, pulls.get(report), now),
  );
  const metering =
    settings.metering === "off"
      ? "none of them counts as usage (ANTHROPIC_METERING=off)"
      : `${settings.metering} counts as usage of the source anthropic`;
  return {
    status: worstOf(findings),
    message: `${findings.map(({ message }) => message).join("; ")}; ${metering}`,
  };
}

function findingOf(report: Report, pull: Pull | undefined, now: Instant): Finding {
  if (pull === undefined || (pull.lastSuccessAt === undefined && pull.failures === 0)) {
    return warning(
      `${report} was not read yet: run \`claude-spend pull\`, or start a replica with the role worker`,
    );
  }
  if (pull.needsOperator) {
    return failed(`${report}: ${pull.lastError ?? ""}`);
  }
  if (pull.failures > 0) {
    return warning(
      `${report}: failed ${pull.failures === 1 ? "once" : `${String(pull.failures)} times in a row`}, next try at ${pull.nextAttemptAt.toISOString()}: ${pull.lastError ?? ""}`,
    );
  }
  const until = `${report} is complete up to ${pull.completeUntil.toISOString()}`;
  if (pull.lastSuccessAt !== undefined && addMs(pull.lastSuccessAt, SILENT_MS) < now) {
    return warning(
      `${until}, last read at ${pull.lastSuccessAt.toISOString()}: is a replica with the role worker running?`,
    );
  }
  return addMs(pull.completeUntil, LATE_MS) < now
    ? warning(`${until}, which is late: Anthropic's report is behind`)
    : ok(until);
}

function worstOf(findings: readonly Finding[]): Finding["status"] {
  if (findings.some(({ status }) => status === "failed")) return "failed";
  return findings.some(({ status }) => status === "warning") ? "warning" : "ok";
}
