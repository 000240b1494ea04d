/**
 * Provider reports, the decisions: which reports there are, which are read for whom, up to when a
 * report is complete, and which stretches of time are read (again). Pure.
 */
import { addMs, DAY_MS, HOUR_MS, type Instant, instant, type Period } from "../../domain/time.ts";

/**
 * - analytics_usage: usage with its cost, hourly, by person, key, model, tier, workspace
 * - analytics_cost, cost_report: what is billed, daily
 * - messages_usage: usage without cost, hourly
 * - claude_code: usage of Claude Code with an estimated cost, daily, by person
 */
export type Report =
  | "analytics_usage"
  | "analytics_cost"
  | "messages_usage"
  | "cost_report"
  | "claude_code";

export type OrganizationKind = "console" | "enterprise";
/** Which report counts as usage events. `off`: none, since events come by another way. */
export type Metering = "off" | "analytics" | "messages" | "claude_code";

export interface ReportPlan {
  readonly report: Report;
  readonly bucketMs: number;
  /** What is read and saved as one: all of it or nothing. */
  readonly chunkMs: number;
  /** How far back a report may be complete that does not say so itself. */
  readonly settleMs: number;
  readonly isMetered: boolean;
}

const ANALYTICS_SETTLE_MS = DAY_MS; // "typically up to 4 hours, at most 24"
const CONSOLE_SETTLE_MS = HOUR_MS; // "usually within 5 minutes, sometimes longer"

const PLANS: Readonly<Record<Report, Omit<ReportPlan, "report">>> = {
  analytics_usage: {
    bucketMs: HOUR_MS,
    chunkMs: DAY_MS,
    settleMs: ANALYTICS_SETTLE_MS,
    isMetered: true,
  },
  analytics_cost: {
    bucketMs: DAY_MS,
    chunkMs: 7 * DAY_MS,
    settleMs: ANALYTICS_SETTLE_MS,
    isMetered: false,
  },
  messages_usage: {
    bucketMs: HOUR_MS,
    chunkMs: DAY_MS,
    settleMs: CONSOLE_SETTLE_MS,
    isMetered: true,
  },
  cost_report: {
    bucketMs: DAY_MS,
    chunkMs: 31 * DAY_MS,
    settleMs: CONSOLE_SETTLE_MS,
    isMetered: false,
  },
  // "Only data older than one hour is returned", and it is the day's end that must be older.
  claude_code: {
    bucketMs: DAY_MS,
    chunkMs: DAY_MS,
    settleMs: 2 * HOUR_MS,
    isMetered: true,
  },
};

const METERED: Readonly<Record<Exclude<Metering, "off">, Report>> = {
  analytics: "analytics_usage",
  messages: "messages_usage",
  claude_code: "claude_code",
};

/** Reports that may count as usage: at most one of them does. */
export const USAGE_PLANS: readonly ReportPlan[] = Object.values(METERED).map((report) => ({
  report,
  ...PLANS[report],
}));

/** What is read for this organization: costs always, usage only where it counts. */
export function planReports(settings: {
  readonly kind: OrganizationKind;
  readonly metering: Metering;
}): readonly ReportPlan[] {
  const { kind, metering } = settings;
  const reports: readonly Report[] = [
    "analytics_cost",
    ...(kind === "console" ? (["cost_report"] as const) : []),
    ...(metering === "off" ? [] : [METERED[metering]]),
  ];
  return reports.map((report) => ({ report, ...PLANS[report] }));
}

/** Anthropic's reports know nothing before it. */
const FIRST_INSTANT = instant("2026-01-01T00:00:00Z");
/** A day less than documented, so that a question that waits for its turn is not too old then. */
const AGE_MS_MAX = 364 * DAY_MS;

/** The earliest start of a bucket that may be asked for. */
export function earliestStart(now: Instant): Instant {
  const oldest = addMs(floorTo(now, DAY_MS), -AGE_MS_MAX);
  return oldest < FIRST_INSTANT ? FIRST_INSTANT : oldest;
}

/** Up to where every bucket is complete, by what the report said or by what is documented. */
export function completeUntil(
  plan: Pick<ReportPlan, "bucketMs" | "settleMs">,
  {
    now,
    dataRefreshedAt,
  }: { readonly now: Instant; readonly dataRefreshedAt: Instant | undefined },
): Instant {
  const told = dataRefreshedAt ?? addMs(now, -plan.settleMs);
  return floorTo(told < now ? told : now, plan.bucketMs);
}

/**
 * Costs are compared with a month back. Usage counts from when it was asked to count, or from where
 * the report that counted before ends.
 */
export function firstStart(
  plan: Pick<ReportPlan, "bucketMs" | "isMetered">,
  { now, countedUntil }: { readonly now: Instant; readonly countedUntil: Instant | undefined },
): Instant {
  if (!plan.isMetered) return addMs(floorTo(now, DAY_MS), -31 * DAY_MS);
  return countedUntil === undefined
    ? floorTo(now, plan.bucketMs)
    : ceilTo(countedUntil, plan.bucketMs);
}

/** How far a report was read, as far as it decides what to read next. */
export interface PullPosition {
  readonly startsAt: Instant;
  readonly completeUntil: Instant;
  readonly rereadUntil: Instant | undefined;
  readonly rereadStartedAt: Instant | undefined;
  readonly recentRereadAt: Instant | undefined;
}

export type ReadingKind = "new" | "recent" | "reread" | "asked";

export interface Reading {
  readonly kind: ReadingKind;
  readonly window: Period;
}

/** "Revised for up to 30 days"; a day more for what was revised since the last time. */
const REVISED_MS = 31 * DAY_MS;
const REREAD_EVERY_MS = DAY_MS;
/** Most of what comes late comes within two days, so that is looked at more often. */
const RECENT_MS = 2 * DAY_MS;
const RECENT_EVERY_MS = HOUR_MS;

/** Whether the long reading again is due or under way, and from where. */
export function rereadStart(
  position: PullPosition,
  now: Instant,
): { readonly from: Instant; readonly startedAt: Instant } | undefined {
  const { rereadUntil, rereadStartedAt, startsAt } = position;
  if (rereadUntil !== undefined && rereadStartedAt !== undefined) {
    return { from: later(rereadUntil, startsAt), startedAt: rereadStartedAt };
  }
  const isDue = rereadStartedAt === undefined || addMs(rereadStartedAt, REREAD_EVERY_MS) <= now;
  return isDue
    ? { from: later(addMs(floorTo(now, DAY_MS), -REVISED_MS), startsAt), startedAt: now }
    : undefined;
}

/**
 * What to read now, in this order: what is new; what is a day or two old, hourly; everything that
 * may still be revised, daily. Only up to `target`: what follows is not complete.
 */
export function planReadings(
  plan: Pick<ReportPlan, "bucketMs">,
  position: PullPosition,
  { target, now }: { readonly target: Instant; readonly now: Instant },
): readonly Reading[] {
  const { completeUntil: known, recentRereadAt } = position;
  const end = earlier(known, target);
  const reread = rereadStart(position, now);
  const isRecentDue = recentRereadAt === undefined || addMs(recentRereadAt, RECENT_EVERY_MS) <= now;
  const recentFrom = later(addMs(floorTo(end, plan.bucketMs), -RECENT_MS), position.startsAt);
  const readings: readonly Reading[] = [
    { kind: "new", window: { start: known, end: target } },
    ...(isRecentDue ? [{ kind: "recent" as const, window: { start: recentFrom, end } }] : []),
    ...(reread === undefined
      ? []
      : [{ kind: "reread" as const, window: { start: reread.from, end } }]),
  ];
  return readings.filter(({ window }) => window.start < window.end);
}

/** The window in pieces that are read and saved as one, each a whole number of buckets. */
export function chunksOf(window: Period, chunkMs: number): readonly Period[] {
  const chunks: Period[] = [];
  for (let start = window.start; start < window.end; ) {
    const next = addMs(floorTo(start, chunkMs), chunkMs);
    const end = earlier(next, window.end);
    chunks.push({ start, end });
    start = end;
  }
  return chunks;
}

/** Where the frontier stands after a chunk: it moves only over what leaves no gap. */
export function frontierAfter(frontier: Instant, chunk: Period): Instant {
  return chunk.start <= frontier && frontier < chunk.end ? chunk.end : frontier;
}

export function floorTo(at: Instant, stepMs: number): Instant {
  return addMs(at, -(at.getTime() % stepMs));
}

export function ceilTo(at: Instant, stepMs: number): Instant {
  return floorTo(addMs(at, stepMs - 1), stepMs);
}

export function later(left: Instant, right: Instant): Instant {
  return left < right ? right : left;
}

export function earlier(left: Instant, right: Instant): Instant {
  return left < right ? left : right;
}

/** New data comes every few hours at best; the interval only decides how soon it is seen. */
const PULL_EVERY_MS = 5 * 60_000;
const RETRY_FIRST_MS = 60_000;
const RETRY_MS_MAX = 30 * 60_000;
/** A person is told by doctor and metrics; asking more often would not help. */
const OPERATOR_RETRY_MS = 60 * 60_000;

/** When to try again after this many failures in a row. */
export function nextAttempt(
  now: Instant,
  outcome: { readonly failures: number; readonly needsOperator: boolean },
): Instant {
  if (outcome.failures === 0) return addMs(now, PULL_EVERY_MS);
  if (outcome.needsOperator) return addMs(now, OPERATOR_RETRY_MS);
  return addMs(now, Math.min(RETRY_MS_MAX, RETRY_FIRST_MS * 2 ** (outcome.failures - 1)));
}
