/** A stretch of time whose ends may be open. */
import type { Instant } from "./time.ts";

/** From the start on and before the end. Days may be texts of one form, as 2026-10-01 is. */
export interface Stretch<At extends Instant | string = Instant> {
  readonly from?: At | undefined;
  readonly until?: At | undefined;
}

/** Whether two stretches have a moment in common. */
export function doOverlap<At extends Instant | string>(
  one: Stretch<At>,
  other: Stretch<At>,
): boolean {
  return isBefore(one.from, other.until) && isBefore(other.from, one.until);
}

/** Whether the stretch is on at `at`. */
export function holdsAt({ from, until }: Stretch, at: Instant): boolean {
  return (from === undefined || from <= at) && (until === undefined || at < until);
}

function isBefore<At extends Instant | string>(
  start: At | undefined,
  end: At | undefined,
): boolean {
  return start === undefined || end === undefined || start < end;
}
