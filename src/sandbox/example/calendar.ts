/**
 * The example's calendar: hours as Berlin sees them, and how busy each is. All that happens in an
 * hour depends on the story and that hour only, so any window of time gives the same events.
 */
import {
  addMs,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  localDate,
  localParts,
  timeZone,
} from "../../domain/time.ts";
import { hash } from "./random.ts";

export const EXAMPLE_ZONE = "Europe/Berlin";
/** How far back the example begins before its story was first told. */
export const EXAMPLE_DAYS = 90;

const ZONE = timeZone(EXAMPLE_ZONE);
/** Usage at the beginning, as a share of what it has grown to when the story is told. */
const GROWTH_FROM = 0.7;

/** What an example depends on. Two windows of the same story never contradict each other. */
export interface ExampleStory {
  readonly seed: string;
  /** When the example was first started: usage grew until then, a script ran away ten days before. */
  readonly toldAt: Instant;
  /** When today's episode began: Bo's big refactoring, minutes after the start of the demo. */
  readonly episodeAt: Instant;
}

/** Part of every id: another story's events are never taken for contradictions of this one's. */
export function storyKeyOf({ seed, toldAt }: ExampleStory): string {
  return hash(`${seed}|${toldAt.toISOString()}`).toString(36);
}

export interface ExampleHour {
  readonly start: Instant;
  /** "2026-11-23T10", in UTC. */
  readonly key: string;
  /** "2026-11-23", in Berlin. */
  readonly date: string;
  readonly hourOfDay: number;
  readonly isWeekend: boolean;
  /** 0 at the beginning of the example, 1 from the telling on. */
  readonly progress: number;
  /** What usage of this time is multiplied with: `GROWTH_FROM` to 1. */
  readonly growth: number;
}

export function startOfHour(at: Instant): Instant {
  return addMs(at, -(at.getTime() % HOUR_MS));
}

export function exampleHour(story: ExampleStory, start: Instant): ExampleHour {
  const { weekday, hour } = localParts(start, ZONE);
  const ageMs = story.toldAt.getTime() - start.getTime();
  const progress = Math.min(1, Math.max(0, 1 - ageMs / (EXAMPLE_DAYS * DAY_MS)));
  return {
    start,
    key: start.toISOString().slice(0, 13),
    date: localDate(start, ZONE),
    hourOfDay: hour,
    isWeekend: weekday === 0 || weekday === 6,
    progress,
    growth: GROWTH_FROM + (1 - GROWTH_FROM) * progress,
  };
}

/** The Berlin date `days` before `at`, or the Friday before it if that is on a weekend. */
export function workdayBefore(at: Instant, days: number): string {
  const then = addMs(at, -days * DAY_MS);
  const { weekday } = localParts(then, ZONE);
  const back = weekday === 6 ? 1 : weekday === 0 ? 2 : 0;
  return localDate(addMs(then, -back * DAY_MS), ZONE);
}

/** The start of the episode that belongs to `now`: one a Berlin day, whatever restarts there are. */
export function episodeStart(previous: Instant | undefined, now: Instant): Instant {
  const isToday =
    previous !== undefined && previous <= now && localDate(previous, ZONE) === localDate(now, ZONE);
  return instant(isToday ? previous : now);
}

/** Shares of a day by hour of the clock; each list sums to about 1. */
const OFFICE: readonly number[] = [
  0, 0, 0, 0, 0, 0, 0.005, 0.02, 0.055, 0.1, 0.12, 0.115, 0.055, 0.095, 0.12, 0.115, 0.095, 0.06,
  0.025, 0.008, 0.006, 0.004, 0.002, 0,
];
const CUSTOMERS: readonly number[] = [
  0.01, 0.006, 0.004, 0.004, 0.006, 0.012, 0.026, 0.044, 0.064, 0.074, 0.076, 0.07, 0.062, 0.064,
  0.066, 0.064, 0.06, 0.058, 0.056, 0.052, 0.048, 0.036, 0.024, 0.014,
];
const NIGHT: readonly number[] = [
  0, 0.1, 0.35, 0.35, 0.2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

export type Rhythm = "office" | "customers" | "night";

const RHYTHMS: Readonly<
  Record<Rhythm, { readonly shares: readonly number[]; readonly weekend: number }>
> = {
  office: { shares: OFFICE, weekend: 0.06 },
  customers: { shares: CUSTOMERS, weekend: 0.4 },
  night: { shares: NIGHT, weekend: 1 },
};

/** Which share of a weekday's usage falls into this hour; `shiftHours` later than others. */
export function shareOfDay(hour: ExampleHour, rhythm: Rhythm, shiftHours = 0): number {
  const { shares, weekend } = RHYTHMS[rhythm];
  const share = shares[(hour.hourOfDay - shiftHours + 24) % 24] ?? 0;
  return hour.isWeekend ? share * weekend : share;
}
