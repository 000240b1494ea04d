/**
 * Where months begin and end, and which may be closed. Pure. A closed month keeps its bounds though
 * the organization moves to another zone; its neighbours begin and end there, so that months tile.
 */
import { addMonths, type Month, monthOf, monthPeriod } from "../../../domain/month.ts";
import { contains, type Instant, type Period, type TimeZone } from "../../../domain/time.ts";
import type { ClosedMonth } from "../rules.ts";

export interface Calendar {
  readonly zone: TimeZone;
  /** In order, without gaps. */
  readonly closed: readonly ClosedMonth[];
}

export function periodOfMonth(month: Month, { zone, closed }: Calendar): Period {
  const find = (wanted: Month): Period | undefined =>
    closed.find((one) => one.month === wanted)?.period;
  const own = find(month);
  if (own !== undefined) return own;
  const natural = monthPeriod(month, zone);
  return {
    start: find(addMonths(month, -1))?.end ?? natural.start,
    end: find(addMonths(month, 1))?.start ?? natural.end,
  };
}

/** The month that an instant belongs to. */
export function monthAt(at: Instant, calendar: Calendar): Month {
  const natural = monthOf(at, calendar.zone);
  const near = [natural, addMonths(natural, -1), addMonths(natural, 1)];
  return near.find((month) => contains(periodOfMonth(month, calendar), at)) ?? natural;
}

/**
 * Whether nothing more is stated for `month` itself: it is closed, or was over and without charges
 * when the first month was closed. Charges that come for it later are adjustments.
 */
export function isSettled(month: Month, { closed }: Calendar): boolean {
  const last = closed.at(-1);
  return last !== undefined && month <= last.month;
}

/** The month whose statement has the adjustments; undefined before anything is closed. */
export function adjustedMonth({ closed }: Calendar): Month | undefined {
  const last = closed.at(-1);
  return last === undefined ? undefined : addMonths(last.month, 1);
}

export type CloseRefusal =
  | { readonly kind: "already-closed"; readonly closed: ClosedMonth }
  | { readonly kind: "not-over"; readonly end: Instant }
  /** Months are closed in order; this one comes first. */
  | { readonly kind: "not-next"; readonly next: Month }
  /** It lies before the first month that was closed. */
  | { readonly kind: "settled"; readonly first: Month };

/** Why `month` can't be closed now; undefined: it can. `earliest`: the first with charges. */
export function refuseToClose(
  month: Month,
  calendar: Calendar,
  { now, earliest }: { readonly now: Instant; readonly earliest: Month | undefined },
): CloseRefusal | undefined {
  const closed = calendar.closed.find((one) => one.month === month);
  if (closed !== undefined) return { kind: "already-closed", closed };
  const first = calendar.closed[0];
  if (first !== undefined && month < first.month) return { kind: "settled", first: first.month };
  const next = adjustedMonth(calendar) ?? earliest;
  if (next !== undefined && next < month) return { kind: "not-next", next };
  const { end } = periodOfMonth(month, calendar);
  return now < end ? { kind: "not-over", end } : undefined;
}
