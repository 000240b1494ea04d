/**
 * When the clock looks at a member's budget: forecasts, pace and the ends of raises and periods
 * change without any event. Pure. Bounded: at most once an hour while something is spent, else once
 * a day.
 */
import { addMs, DAY_MS, HOUR_MS, type Instant, type Period } from "../../../domain/time.ts";

/** After something was spent: at the next full hour, so that a burst is one look. */
export function dueAfterSpend(now: Instant): Instant {
  return addMs(now, HOUR_MS - (now.getTime() % HOUR_MS));
}

/** After a look: a day later, when the period ends, or when a raise does. */
export function dueAfterLook(
  now: Instant,
  of: { readonly period: Period; readonly grantsEnd: readonly Instant[] },
): Instant {
  return [of.period.end, ...of.grantsEnd]
    .filter((at) => at > now)
    .reduce((first, at) => (at < first ? at : first), addMs(now, DAY_MS));
}

/**
 * Whether a look is the first one of a new period, and early enough that its beginning is news.
 * Never for a budget that was not looked after before: it begins, it does not begin anew.
 */
export function isReset(
  checkedAt: Instant | undefined,
  { period, now }: { readonly period: Period; readonly now: Instant },
): boolean {
  const halfway = (period.start.getTime() + period.end.getTime()) / 2;
  return checkedAt !== undefined && checkedAt < period.start && now.getTime() < halfway;
}
