/**
 * Dates as people read them in the calendar of a zone: "Nov 30", "Sun, Nov 22", "today". What a
 * period or a raise ends with is its last day, since nobody thinks of the midnight after it.
 */
import { addMs, type Instant, localDate, localParts, type TimeZone } from "./time.ts";

/** "Nov 30"; with its year when that is another one than at `now`. */
export function dayText(at: Instant, zone: TimeZone, now: Instant): string {
  const isThisYear = localParts(at, zone).year === localParts(now, zone).year;
  return formatted(at, zone, {
    month: "short",
    day: "numeric",
    ...(isThisYear ? {} : { year: "numeric" }),
  });
}

/** The day that ends at `end`: "today" or as `dayText`. */
export function lastDayText(end: Instant, zone: TimeZone, now: Instant): string {
  const last = addMs(end, -1);
  return localDate(last, zone) === localDate(now, zone) ? "today" : dayText(last, zone, now);
}

/** "Sun, Nov 22". */
export function weekdayText(at: Instant, zone: TimeZone): string {
  return formatted(at, zone, { weekday: "short", month: "short", day: "numeric" });
}

/** "Sun, Nov 22, 3:05 PM". */
export function momentText(at: Instant, zone: TimeZone): string {
  return `${weekdayText(at, zone)}, ${clockText(at, zone)}`;
}

/** "3:05 PM". */
export function clockText(at: Instant, zone: TimeZone): string {
  const time = formatted(at, zone, { hour: "numeric", minute: "2-digit" });
  // A narrow space stands before AM and PM, which not every font has.
  return time.replaceAll("\u202F", " ");
}

/** "November 2026". */
export function monthText(at: Instant, zone: TimeZone): string {
  return formatted(at, zone, { month: "long", year: "numeric" });
}

function formatted(at: Instant, zone: TimeZone, options: Intl.DateTimeFormatOptions): string {
  const key = `${zone} ${JSON.stringify(options)}`;
  const format =
    formats.get(key) ?? new Intl.DateTimeFormat("en-US", { ...options, timeZone: zone });
  formats.set(key, format);
  return format.format(at);
}

/** Making one takes longer than all else about a message. As many as zones in use, times four. */
const formats = new Map<string, Intl.DateTimeFormat>();
