/** Digests, the decisions: when one is due, which span it covers, whether it is still news. Pure. */
import { sumUsd, type Usd } from "../../domain/money.ts";
import type { Scope } from "../../domain/scope.ts";
import {
  addMs,
  atLocalTime,
  HOUR_MS,
  type Instant,
  localParts,
  type Period,
  startOfLocalDay,
  type TimeZone,
  WEEKDAYS,
  type Weekday,
} from "../../domain/time.ts";

export type DigestInterval = "day" | "week" | "month";

export interface DigestSchedule {
  readonly every: DigestInterval;
  /** Set exactly when `every` is `week`. */
  readonly onWeekday: Weekday | undefined;
  /** "09:30" on the clocks of `zone`. */
  readonly atLocalTime: string;
  readonly zone: TimeZone;
}

export interface Digest extends DigestSchedule {
  readonly digestKey: string;
  readonly channel: string;
  readonly scope: Scope;
  /** The slot that has not been decided yet. */
  readonly nextRunAt: Instant;
}

/** The first slot after `after`. A time that a zone skips is the first instant after the gap. */
export function nextSlot(schedule: DigestSchedule, after: Instant): Instant {
  const { year, month, day } = localParts(after, schedule.zone);
  for (let offset = 0; offset <= 32; offset += 1) {
    const start = startOfLocalDay([year, month, day + offset], schedule.zone);
    const date = localParts(addMs(start, 12 * HOUR_MS), schedule.zone);
    if (!isDigestDay(schedule, date)) continue;
    const slot = atLocalTime(
      [date.year, date.month, date.day],
      schedule.atLocalTime,
      schedule.zone,
    );
    if (slot > after) return slot;
  }
  throw new Error("assertion failed: every schedule has a slot within 32 days");
}

function isDigestDay(
  { every, onWeekday }: DigestSchedule,
  date: { readonly day: number; readonly weekday: number },
): boolean {
  switch (every) {
    case "day":
      return true;
    case "week":
      return WEEKDAYS[date.weekday] === onWeekday;
    case "month":
      return date.day === 1;
  }
}

/** The whole local days that a digest of this slot tells of, and as many before them. */
export function digestSpan(
  schedule: DigestSchedule,
  slot: Instant,
): { readonly current: Period; readonly previous: Period } {
  const { year, month, day } = localParts(slot, schedule.zone);
  const at = (months: number, days: number): Instant =>
    startOfLocalDay([year, month + months, day + days], schedule.zone);
  const between = (start: Instant, middle: Instant, end: Instant) => ({
    current: { start: middle, end },
    previous: { start, end: middle },
  });
  switch (schedule.every) {
    case "day":
      return between(at(0, -2), at(0, -1), at(0, 0));
    case "week":
      return between(at(0, -14), at(0, -7), at(0, 0));
    case "month":
      return between(at(-2, 0), at(-1, 0), at(0, 0));
  }
}

/** After an outage a digest is caught up once while it is still news, and skipped when it is not. */
const STALE_AFTER_MS: Readonly<Record<DigestInterval, number>> = {
  day: 6 * HOUR_MS,
  week: 24 * HOUR_MS,
  month: 72 * HOUR_MS,
};

export type SlotDecision =
  | { readonly kind: "send"; readonly next: Instant }
  | { readonly kind: "skip"; readonly reason: "stale"; readonly next: Instant };

/** What to do with the slot `nextRunAt` of a digest, which has come by `now`. */
export function decideSlot(digest: Digest, now: Instant): SlotDecision {
  const next = nextSlot(digest, now);
  const isStale = now > addMs(digest.nextRunAt, STALE_AFTER_MS[digest.every]);
  return isStale ? { kind: "skip", reason: "stale", next } : { kind: "send", next };
}

export interface Mover {
  /** Null: Unallocated, or none. */
  readonly key: string | null;
  readonly cost: Usd;
  readonly previousCost: Usd;
}

/** Every key with its cost in both spans. */
export function movers(
  current: readonly { readonly key: string | null; readonly cost: Usd }[],
  previous: readonly { readonly key: string | null; readonly cost: Usd }[],
): Mover[] {
  const keys = new Set([...current, ...previous].map(({ key }) => key));
  const costOf = (rows: typeof current, key: string | null): Usd =>
    sumUsd(rows.filter((row) => row.key === key).map((row) => row.cost));
  return [...keys]
    .map((key) => ({ key, cost: costOf(current, key), previousCost: costOf(previous, key) }))
    .toSorted((left, right) => {
      if (left.cost === right.cost) return (left.key ?? "").localeCompare(right.key ?? "");
      return left.cost > right.cost ? -1 : 1;
    });
}
