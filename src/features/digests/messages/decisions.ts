/** What a digest asks people to decide, each with a button that shows it. Pure. */
import { formatUsd, type Usd, ZERO_USD } from "../../../domain/money.ts";
import { addMs, localDate, type Period, type TimeZone } from "../../../domain/time.ts";
import { type Button, button, escapeText, truncate } from "../../../slack/blocks.ts";
import { countText } from "./parts.ts";

export interface Decisions {
  /** Names of open requests that the readers may know of. */
  readonly requests: readonly string[];
  /** Requests in all, those about single people's budgets included. */
  readonly requestCount: number;
  /** What belongs to no team, in the span. */
  readonly unallocated: Usd;
  /** Events that are in no number, received in the span and still open. */
  readonly rejectedEvents: number;
  /** Alerts and other messages that nobody got. */
  readonly undelivered: number;
  /** Days of the span whose bill differs from our total by more than is allowed. */
  readonly driftingDays: number;
}

export const NO_DECISIONS: Decisions = {
  requests: [],
  requestCount: 0,
  unallocated: ZERO_USD,
  rejectedEvents: 0,
  undelivered: 0,
  driftingDays: 0,
};

export const REQUESTS_ACTION = "digest_requests";
export const UNALLOCATED_ACTION = "digest_unallocated";
export const REJECTED_ACTION = "digest_rejected";
export const DRIFT_ACTION = "digest_drift";
export const REPORT_ACTION = "digest_report";

const REQUESTS_SHOWN_MAX = 3;
const TITLE_CHARS_MAX = 80;

/** One line each, the most pressing first; none when nothing waits. */
export function decisionLines(decisions: Decisions): readonly string[] {
  const { requestCount, unallocated, rejectedEvents, undelivered, driftingDays } = decisions;
  const lines: string[] = [];
  if (requestCount > 0) lines.push(requestsLine(decisions));
  if (unallocated > 0n) lines.push(`• ${formatUsd(unallocated)} belongs to no team`);
  if (rejectedEvents > 0) {
    lines.push(
      `• ${countText(rejectedEvents, "usage event was", "usage events were")} rejected and not counted`,
    );
  }
  if (driftingDays > 0) {
    lines.push(
      `• ${countText(driftingDays, "day differs", "days differ")} from Anthropic's bill by more than allowed`,
    );
  }
  if (undelivered > 0) {
    lines.push(
      `• ${countText(undelivered, "message", "messages")} reached nobody: \`claude-spend doctor\` says why`,
    );
  }
  return lines;
}

/** Several about the same are named once: "3 requests wait: Search, monthly budget (2); 1 more". */
function requestsLine({ requests, requestCount }: Decisions): string {
  const counts = new Map<string, number>();
  for (const title of requests) counts.set(title, (counts.get(title) ?? 0) + 1);
  const shown = [...counts].slice(0, REQUESTS_SHOWN_MAX);
  const told = shown.map(([title, count]) => {
    const name = escapeText(truncate(title.replaceAll(/\s+/g, " "), TITLE_CHARS_MAX));
    return count === 1 ? name : `${name} (${String(count)})`;
  });
  const rest = shown.reduce((left, [, count]) => left - count, requestCount);
  const names = [...told, ...(rest > 0 && told.length > 0 ? [`${String(rest)} more`] : [])];
  const what = countText(requestCount, "request waits", "requests wait");
  return `• ${what}${names.length === 0 ? "" : `: ${names.join("; ")}`}`;
}

/** The days of a digest as a report is asked for them: the same ones however late the click comes. */
function reportPeriod({ start, end }: Period, zone: TimeZone): string {
  const [first, last] = [localDate(start, zone), localDate(addMs(end, -1), zone)];
  return first === last ? first : `${first}..${last}`;
}

/** The first is what most readers do next. What a click shows is decided by who clicks. */
export function decisionButtons(content: {
  readonly decisions: Decisions;
  /** The scope as one types it after the command. */
  readonly typed: string;
  readonly period: Period;
  readonly zone: TimeZone;
}): readonly Button[] {
  const { requestCount, unallocated, rejectedEvents, driftingDays } = content.decisions;
  const wanted: readonly (readonly [boolean, string, string])[] = [
    [requestCount > 0, REQUESTS_ACTION, "Open requests"],
    [unallocated > 0n, UNALLOCATED_ACTION, "Allocate"],
    [rejectedEvents > 0, REJECTED_ACTION, "Rejected events"],
    [driftingDays > 0, DRIFT_ACTION, "Differences"],
  ];
  return [
    ...wanted.flatMap(([isWanted, actionId, text]) =>
      isWanted ? [button({ actionId, text, value: "unallocated" })] : [],
    ),
    button({
      actionId: REPORT_ACTION,
      text: "Full report",
      value: `${content.typed} ${reportPeriod(content.period, content.zone)}`,
    }),
  ];
}
