/** Until when a snoozed alert keeps quiet. Pure. */
import {
  addMs,
  atLocalTime,
  DAY_MS,
  HOUR_MS,
  type Instant,
  localParts,
  type TimeZone,
} from "../../../domain/time.ts";
import type { Snooze } from "../rules.ts";

/** When "tomorrow" begins: with the working day. */
const MORNING = "09:00";
/** What has no period is quiet for so long at most. */
const LONGEST_MS = 7 * DAY_MS;

export function snoozeUntil(
  how: Snooze,
  at: {
    readonly now: Instant;
    readonly periodEnd: Instant | undefined;
    readonly zone: TimeZone;
  },
): Instant {
  const { now, periodEnd, zone } = at;
  switch (how) {
    case "hour":
      return addMs(now, HOUR_MS);
    case "tomorrow": {
      const { year, month, day } = localParts(now, zone);
      return atLocalTime([year, month, day + 1], MORNING, zone);
    }
    case "period":
      return periodEnd ?? addMs(now, LONGEST_MS);
  }
}
