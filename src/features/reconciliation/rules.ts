/**
 * Reconciliation, the decisions: which days are judged, whether a day agrees, what of its
 * differences still counts, and what a month comes to. Pure. How a difference gets its cause is
 * rules/attribute.ts.
 */
import { type Usd, usd } from "../../domain/money.ts";
import type { Scope } from "../../domain/scope.ts";
import { addMs, DAY_MS, type Instant, instant, type Period } from "../../domain/time.ts";
import type { DayJudgement } from "./rules/attribute.ts";
import { type Cause, causeText } from "./rules/causes.ts";
import { dayPeriod, daysOf, dayText } from "./rules/days.ts";
import { absolute, groupBy } from "./rules/lines.ts";

/** Reports of what is billed; the first that has a day is the one to compare it with. */
export const BILLS = ["analytics_cost", "cost_report"] as const;
export type Bill = (typeof BILLS)[number];

/** A report of costs, and from where to where all of its days are complete. */
export interface BillCoverage {
  readonly report: Bill;
  readonly startsAt: Instant;
  readonly completeUntil: Instant;
  readonly dataRefreshedAt: Instant;
}

/** Anthropic revises for up to 30 days, so every night looks that far back. */
export const NIGHTLY_DAYS = 31;

/** Our own usage, as far as it says which days are there. */
export interface UsageSpan {
  /** When the first and the last usage happened. */
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  /** When the last one of them arrived. */
  readonly lastReceivedAt: Instant;
}

/** Who sends the past, from the oldest on, is not at the end yet if something came so recently. */
const ARRIVING_MS = 15 * 60_000;

/**
 * The days of `window` that can be judged, with the report to judge them by: those whose bill is
 * final, and whose usage is here. Never a day from before our first usage, nor one that usage which
 * arrives just now has not reached.
 */
export function daysToJudge(
  window: Period,
  known: {
    readonly bills: readonly BillCoverage[];
    readonly usage: UsageSpan | undefined;
    readonly now: Instant;
  },
): readonly { readonly day: string; readonly bill: BillCoverage }[] {
  const { bills, usage, now } = known;
  if (usage === undefined) return [];
  const isArriving = now < addMs(usage.lastReceivedAt, ARRIVING_MS);
  return daysOf(window).flatMap((start) => {
    const end = addMs(start, DAY_MS);
    // The first report that has the day decides also whether it is final.
    const bill = bills.find(({ startsAt }) => startsAt <= start);
    const isFinal = bill !== undefined && end <= bill.completeUntil && end <= bill.dataRefreshedAt;
    const isHere = usage.firstAt <= start && (end <= usage.lastAt || !isArriving);
    return !isFinal || !isHere ? [] : [{ day: dayText(start), bill }];
  });
}

/** Whether a report has all of a UTC day. */
export function isFinalIn(
  { startsAt, completeUntil, dataRefreshedAt }: BillCoverage,
  day: string,
): boolean {
  const { start, end } = dayPeriod(day);
  return startsAt <= start && end <= completeUntil && end <= dataRefreshedAt;
}

/** Somebody took a difference as it is; holds while it amounts to the same. */
export interface Acceptance {
  readonly day: string;
  readonly cause: Cause;
  readonly workspaceId: string | undefined;
  readonly amount: Usd;
  readonly reason: string;
  readonly acceptedBy: string;
  readonly acceptedAt: Instant;
}

/** The newest judgement of a day. */
export interface JudgedDay extends DayJudgement {
  readonly report: Bill;
  readonly dataRefreshedAt: Instant;
  readonly judgedAt: Instant;
}

/** All differences of one cause in one workspace on one day. */
export interface CauseTotal {
  readonly day: string;
  readonly cause: Cause;
  readonly workspaceId: string | undefined;
  /** Ours less theirs. */
  readonly amount: Usd;
  readonly models: readonly string[];
  readonly evidence: readonly string[];
  readonly acceptance: Acceptance | undefined;
}

function causeTotals(
  { day, differences }: DayJudgement,
  acceptances: readonly Acceptance[],
): readonly CauseTotal[] {
  const groups = groupBy(differences, ({ cause, workspaceId }) =>
    JSON.stringify([cause, workspaceId ?? null]),
  );
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const { cause, workspaceId } = first;
    const amount = usd(alike.reduce((sum, difference) => sum + difference.amount, 0n));
    return [
      {
        day,
        cause,
        workspaceId,
        amount,
        models: distinct(alike.map(({ modelId }) => modelId)),
        evidence: distinct(alike.map(({ evidence }) => evidence)),
        acceptance: acceptances.find(
          (accepted) =>
            accepted.day === day &&
            accepted.cause === cause &&
            accepted.workspaceId === workspaceId &&
            accepted.amount === amount,
        ),
      },
    ];
  });
}

function distinct(values: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(values.filter((value) => value !== undefined))].toSorted();
}

/** Parts in a million: "0.5" percent is 5,000 of them. */
export const DRIFT_SHARE_DEFAULT = 5_000n;
const SHARES = 1_000_000n;

/** Whether it still counts: nobody accepted it, and it is no known exclusion. */
export function isCounted({ cause, acceptance }: CauseTotal): boolean {
  return causeText(cause).kind !== "exclusion" && acceptance === undefined;
}

/** What counts of a day, faults and what is unexplained, whichever way they go. */
export function driftOf(totals: readonly CauseTotal[]): Usd {
  return usd(totals.filter(isCounted).reduce((sum, { amount }) => sum + absolute(amount), 0n));
}

/** Whether drift is above a share of the bill. Of no bill at all any drift is. */
function isAbove(drift: Usd, billed: Usd, share: bigint): boolean {
  return drift * SHARES > absolute(billed) * share;
}

/** What a stretch of judged days comes to. */
export interface Standing {
  readonly anthropicBilled: Usd;
  readonly charged: Usd;
  readonly drift: Usd;
  readonly unexplained: Usd;
  /** Days whose drift is above the share. */
  readonly driftingDays: readonly string[];
  readonly totals: readonly CauseTotal[];
}

export function standingOf(
  days: readonly JudgedDay[],
  acceptances: readonly Acceptance[],
  share: bigint,
): Standing {
  const judged = days.map((day) => ({ day, totals: causeTotals(day, acceptances) }));
  const totals = judged.flatMap((one) => one.totals);
  return {
    anthropicBilled: usd(days.reduce((sum, { anthropicBilled }) => sum + anthropicBilled, 0n)),
    charged: usd(days.reduce((sum, { charged }) => sum + charged, 0n)),
    drift: driftOf(totals),
    unexplained: driftOf(totals.filter(({ cause }) => cause === "unexplained")),
    driftingDays: judged
      .filter((one) => isAbove(driftOf(one.totals), one.day.anthropicBilled, share))
      .map((one) => one.day.day),
    totals,
  };
}

/** "0.12" for a share of the whole in percent, to a hundredth; of nothing, "0.00" or "100.00". */
export function percentText(part: Usd, whole: Usd): string {
  const size = absolute(whole);
  if (size === 0n) return part === 0n ? "0.00" : "100.00";
  const hundredths = (absolute(part) * 20_000n + size) / (2n * size);
  const sign = part < 0n && hundredths > 0n ? "-" : "";
  return `${sign}${String(hundredths / 100n)}.${String(hundredths % 100n).padStart(2, "0")}`;
}

/** "0.5" → 5,000 parts in a million; undefined unless more than 0, at most 100, four places. */
export function parseShare(percent: string): bigint | undefined {
  const match = /^(\d{1,3})(?:\.(\d{1,4}))?$/.exec(percent);
  if (match === null) return undefined;
  const [, whole = "", fraction = ""] = match;
  const share = BigInt(whole + fraction.padEnd(4, "0"));
  return share > 0n && share <= SHARES ? share : undefined;
}

/** The inverse of `parseShare`: "0.5". */
export function shareText(share: bigint): string {
  return String(Number(share) / 10_000);
}

/**
 * - reconciled: every day of it was compared with Anthropic's bill and agrees within tolerance
 * - billed: compared, and the differences are known, but some count as drift
 * - estimated: not compared yet, or not all of it
 */
export interface Basis {
  readonly kind: "estimated" | "billed" | "reconciled";
  /** Up to when Anthropic's bill was complete that it rests on; undefined for an estimate. */
  readonly asOf: Instant | undefined;
}

/**
 * What a figure of `scope` for `period` rests on. Drift of a day spares the workspaces and models
 * that it does not come from. A period of no days is an estimate.
 */
export function decideBasis(
  { scope, period }: { readonly scope: Scope; readonly period: Period },
  days: readonly JudgedDay[],
  { acceptances, share }: { readonly acceptances: readonly Acceptance[]; readonly share: bigint },
): Basis {
  const judged = new Map(days.map((day) => [day.day, day]));
  const wanted = daysOf(period).map((start) => judged.get(dayText(start)));
  const found = wanted.filter((day) => day !== undefined);
  if (found.length === 0 || found.length < wanted.length) {
    return { kind: "estimated", asOf: undefined };
  }
  const asOf = instant(Math.min(...found.map(({ dataRefreshedAt }) => dataRefreshedAt.getTime())));
  const { driftingDays, totals } = standingOf(found, acceptances, share);
  const isDrifting = totals.some(
    (total) => isCounted(total) && driftingDays.includes(total.day) && isAbout(scope, total),
  );
  return { kind: isDrifting ? "billed" : "reconciled", asOf };
}

/** Whether a difference may touch a figure of the scope. */
function isAbout({ kind, key }: Scope, { workspaceId, models }: CauseTotal): boolean {
  if (kind === "workspace") return workspaceId === undefined || workspaceId === key;
  if (kind === "model") return models.length === 0 || models.includes(key);
  return true;
}
