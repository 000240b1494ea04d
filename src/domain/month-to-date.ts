/**
 * The month that people mean by "this month": the organization's own, which is the one its budgets
 * and monthly digests have. Where it does not begin on the 1st, it is called fiscal wherever a
 * figure of it is shown (ADR 0036). Months by name are those of the calendar (month.ts).
 */
import {
  addMs,
  type FiscalCalendar,
  type Instant,
  MINUTE_MS,
  type Period,
  periodOf,
  type TimeZone,
} from "./time.ts";

export type MonthWord = "month" | "fiscal month";

/** "this …", "last …": what the organization's months are called. */
export function monthWord({ fiscalMonthStartsOn = 1 }: FiscalCalendar): MonthWord {
  return fiscalMonthStartsOn === 1 ? "month" : "fiscal month";
}

/** The whole month around `at`. */
export function wholeMonth(
  at: Instant,
  calendar: FiscalCalendar & { readonly timeZone: TimeZone },
): Period {
  const { timeZone: zone } = calendar;
  return periodOf(at, { ...calendar, zone, kind: "monthly", weekStartsOn: "monday" });
}

/**
 * The month so far, and as much time of the one before, at most all of it; to the end of this
 * quarter of an hour.
 */
export function monthToDate(
  now: Instant,
  calendar: FiscalCalendar & { readonly timeZone: TimeZone },
): { readonly current: Period; readonly previous: Period } {
  const { start } = wholeMonth(now, calendar);
  const before = wholeMonth(addMs(start, -1), calendar);
  const current = { start, end: endOfQuarterHour(now) };
  return { current, previous: asLong(current, before.start) };
}

/** As long a span from `start` on, which ends where `current` begins at the latest. */
export function asLong(current: Period, start: Instant): Period {
  const end = addMs(start, current.end.getTime() - current.start.getTime());
  return { start, end: end < current.start ? end : current.start };
}

const QUARTER_HOUR_MS = 15 * MINUTE_MS;

/** The end of the quarter of an hour around `now`: nothing that was used by now lies behind it. */
export function endOfQuarterHour(now: Instant): Instant {
  return addMs(now, QUARTER_HOUR_MS - (now.getTime() % QUARTER_HOUR_MS));
}
