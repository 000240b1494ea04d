/** The chart of a digest: spend by day. Pure. */
import { dayText, weekdayText } from "../../../domain/date-text.ts";
import { type Instant, instant, type TimeZone, timeZone } from "../../../domain/time.ts";
import { type Block, chart } from "../../../slack/blocks.ts";
import type { DayPoint } from "../rules/content.ts";
import type { DigestInterval } from "../rules.ts";

const UTC: TimeZone = timeZone("UTC");
const WEEK_DAYS = 7;
/** Slack shows no more in a chart: more days are added up in steps of two. */
const POINTS_MAX = 20;

/** Undefined where there is nothing to see: no day, or nothing spent on any. */
export function digestChart({
  every,
  days,
}: {
  readonly every: DigestInterval;
  readonly days: readonly DayPoint[];
}): Block | undefined {
  if (days.every(({ cost }) => cost === 0n)) return undefined;
  if (every === "week" && days.length === 2 * WEEK_DAYS) {
    const [before, now] = [days.slice(0, WEEK_DAYS), days.slice(WEEK_DAYS)];
    return chart({
      title: "Spend by day, beside the week before",
      kind: "bar",
      categories: now.map(({ day }) => weekdayText(noonOf(day), UTC).slice(0, "Mon".length)),
      series: [
        { name: weekOf(now), values: now.map(({ cost }) => cost) },
        { name: weekOf(before), values: before.map(({ cost }) => cost) },
      ],
    });
  }
  const together = Math.ceil(days.length / POINTS_MAX);
  const by = together === 1 ? "day" : `${String(together)} days`;
  return chart({
    title: every === "day" ? "Spend by day, two weeks" : `Spend by ${by}`,
    kind: "bar",
    categories: days.map(({ day }) => dayText(noonOf(day), UTC, noonOf(day))),
    series: [{ name: "Spend", values: days.map(({ cost }) => cost) }],
    fold: "sum",
  });
}

/** "Week of Nov 16": the one that is told is over, and "this week" by then another one. */
function weekOf([first]: readonly DayPoint[]): string {
  return first === undefined
    ? "Week"
    : `Week of ${dayText(noonOf(first.day), UTC, noonOf(first.day))}`;
}

/** A date has no zone any more: it is named as UTC shows its noon. */
function noonOf(day: string): Instant {
  return instant(`${day}T12:00:00Z`);
}
