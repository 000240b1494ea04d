/** When a person wants no sound: hours of their own clock, which may span midnight. Pure. */
import {
  addMs,
  atLocalTime,
  HOUR_MS,
  type Instant,
  localParts,
  type TimeZone,
} from "../../../domain/time.ts";

/** Local times, "22:00" until "07:00". */
export interface QuietHours {
  readonly from: string;
  readonly until: string;
}

/** When the quiet hours around `now` end; undefined outside them. From = until: never quiet. */
export function quietUntil(
  { from, until }: QuietHours,
  now: Instant,
  zone: TimeZone,
): Instant | undefined {
  const { year, month, day, hour, minute } = localParts(now, zone);
  const clock = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
  const spansMidnight = from > until;
  const isQuiet = spansMidnight ? clock >= from || clock < until : clock >= from && clock < until;
  if (!isQuiet) return undefined;
  const endsToday = clock < until;
  const end = atLocalTime([year, month, endsToday ? day : day + 1], until, zone);
  // `end` lies behind us where the clock was turned back and shows the hour a second time.
  return end > now ? end : addMs(end, HOUR_MS);
}
