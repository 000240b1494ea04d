/** How spend went: every day or hour of a period, those without spend too. Pure. */
import { usd } from "../../../domain/money.ts";
import { addMs, HOUR_MS, type Instant, type Period, type TimeZone } from "../../../domain/time.ts";
import type { Course } from "../rules.ts";
import { dayStart } from "./calendar-words.ts";

type Points = Course["points"];

/** The points of a period with zeros where nothing was spent; none when nothing was at all. */
export function wholeCourse(
  points: Points,
  step: Course["step"],
  { period, zone }: { readonly period: Period; readonly zone: TimeZone },
): Points {
  if (points.length === 0) return [];
  const costs = new Map(points.map(({ at, cost }) => [at.getTime(), cost]));
  const starts: Instant[] = [];
  for (let at = period.start; at < period.end; at = next(at, step, zone)) starts.push(at);
  return starts.map((at) => ({ at, cost: costs.get(at.getTime()) ?? usd(0n) }));
}

function next(at: Instant, step: Course["step"], zone: TimeZone): Instant {
  return step === "hour" ? addMs(at, HOUR_MS) : dayStart(at, { timeZone: zone }, 1);
}
