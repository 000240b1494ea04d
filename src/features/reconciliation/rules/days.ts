/** UTC days and months, as reports name them. Pure. */
import { addMs, DAY_MS, type Instant, instant, type Period } from "../../../domain/time.ts";

/** The first instants of the UTC days that lie wholly or partly in a period. */
export function daysOf({ start, end }: Period): readonly Instant[] {
  const days: Instant[] = [];
  for (let day = startOfDay(start); day < end; day = addMs(day, DAY_MS)) days.push(day);
  return days;
}

export function startOfDay(at: Instant): Instant {
  return addMs(at, -(at.getTime() % DAY_MS));
}

export function dayText(at: Instant): string {
  return at.toISOString().slice(0, 10);
}

export function dayPeriod(day: string): Period {
  const start = instant(`${day}T00:00:00Z`);
  return { start, end: addMs(start, DAY_MS) };
}

/** The UTC month "2026-11". */
export function monthPeriod(month: string): Period {
  const start = instant(`${month}-01T00:00:00Z`);
  const end = instant(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1));
  return { start, end };
}
