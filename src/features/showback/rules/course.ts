/** How spend went: every day or hour of a period, those without spend too. Pure. */

import { dayStart } from "../../../domain/calendar-words.ts";
import { sumUsd, ZERO_USD } from "../../../domain/money.ts";
import { addMs, HOUR_MS, type Instant, type Period, type TimeZone } from "../../../domain/time.ts";
import type { Course } from "../rules.ts";

type Points = Course["points"];

/**
 * The points of a period with zeros where nothing was spent; none when nothing was at all. Nothing is
 * lost where clocks move by half an hour, and with them the hours: it counts to the one before.
 */
export function wholeCourse(
  points: Points,
  step: Course["step"],
  { period, zone }: { readonly period: Period; readonly zone: TimeZone },
): Points {
  if (points.length === 0) return [];
  const starts: Instant[] = [];
  for (let at = period.start; at < period.end; at = next(at, step, zone)) starts.push(at);
  const costs = starts.map(() => ZERO_USD);
  for (const { at, cost } of points) {
    const index = Math.max(
      0,
      starts.findLastIndex((start) => start <= at),
    );
    costs[index] = sumUsd([costs[index] ?? ZERO_USD, cost]);
  }
  return starts.map((at, index) => ({ at, cost: costs[index] ?? ZERO_USD }));
}

function next(at: Instant, step: Course["step"], zone: TimeZone): Instant {
  return step === "hour" ? addMs(at, HOUR_MS) : dayStart(at, { timeZone: zone }, 1);
}
