/** What `Why?` compares: a span, and the same hours of the day or week before or as much time before it. Pure. */
import type { FigureBasis } from "../../../domain/basis.ts";
import type { Usd } from "../../../domain/money.ts";
import {
  addMs,
  DAY_MS,
  type Instant,
  instant,
  MINUTE_MS,
  type Period,
} from "../../../domain/time.ts";

/** A change in the spend of a part of the scope. */
export interface ShownMover {
  readonly name: string;
  readonly now: Usd;
  readonly before: Usd;
}

/** Why a scope's spend is what it is; every number is a sum of the ledger. */
export interface Explanation {
  readonly name: string;
  readonly span: Period;
  readonly before: Period;
  readonly total: { readonly now: Usd; readonly before: Usd };
  /** The largest changes first, by what the reader may see. */
  readonly movers: readonly { readonly by: string; readonly top: readonly ShownMover[] }[];
  /** In words, from whoever knows more than sums; absent where nobody does. */
  readonly words?: string;
  /** What its figures rest on. */
  readonly basis?: FigureBasis;
}

/** Longer ones differ in length, so the same part of the one before is none of them. */
const WEEK_MS = 7 * DAY_MS;
/** The step of the ledger's sums. */
const QUARTER_MS = 15 * MINUTE_MS;

/** From the period's start (or the last day) until now, in whole quarters of an hour. */
export function spansOf(
  period: Period | undefined,
  now: Instant,
): { readonly span: Period; readonly before: Period } {
  const until = period === undefined || now < period.end ? now : period.end;
  const end = instant(Math.ceil(until.getTime() / QUARTER_MS) * QUARTER_MS);
  const start = period?.start ?? addMs(end, -DAY_MS);
  const lengthMs = Math.max(QUARTER_MS, end.getTime() - start.getTime());
  const spanEnd = addMs(start, lengthMs);
  // A morning is compared with the morning before, not with the evening; a Tuesday with a Tuesday.
  const periodMs = period === undefined ? 0 : period.end.getTime() - period.start.getTime();
  const backMs = periodMs <= WEEK_MS ? Math.max(periodMs, lengthMs) : lengthMs;
  return {
    span: { start, end: spanEnd },
    before: { start: addMs(start, -backMs), end: addMs(spanEnd, -backMs) },
  };
}
