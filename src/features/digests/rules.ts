/**
 * Digests, the decisions about time: when one is due, which span it tells of, whether it is still
 * news. Which digests there are is rules/plan.ts, what one says rules/content.ts. Pure.
 */
import type { Email } from "../../domain/email.ts";
import type { Scope } from "../../domain/scope.ts";
import {
  addMs,
  atLocalTime,
  HOUR_MS,
  type Instant,
  localDate,
  localParts,
  type Period,
  periodOf,
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
  /** Set exactly when `every` is `month`: 1 to 31; a month that is shorter has it on its last day. */
  readonly onDay: number | undefined;
  /** "09:30" on the clocks of `zone`. */
  readonly atLocalTime: string;
  readonly zone: TimeZone;
}

/** Which weeks and months a digest tells of: those of the organization. */
export interface DigestCalendar {
  readonly weekStartsOn: Weekday;
  /** 1 to 28. Default 1. */
  readonly fiscalMonthStartsOn?: number;
}

/** Where a digest goes: a channel, or the direct message of a person. */
export type DigestDestination = { readonly channel: string } | { readonly person: Email };

export interface Digest extends DigestSchedule {
  readonly digestKey: string;
  readonly destination: DigestDestination;
  readonly scope: Scope;
  /** The slot that has not been decided yet. */
  readonly nextRunAt: Instant;
  /** The last local day that was told of, "2026-11-22"; undefined: nothing was told yet. */
  readonly toldThrough: string | undefined;
}

/** The first slot after `after`. A time that a zone skips is the first instant after the gap. */
export function nextSlot(schedule: DigestSchedule, after: Instant): Instant {
  for (let offset = 0; offset <= SLOT_DAYS_MAX; offset += 1) {
    const slot = slotOn(schedule, after, offset);
    if (slot !== undefined && slot > after) return slot;
  }
  throw new Error("assertion failed: every schedule has a slot within 32 days");
}

/** The last slot at or before `at`. */
export function lastSlot(schedule: DigestSchedule, at: Instant): Instant {
  for (let offset = 0; offset >= -SLOT_DAYS_MAX; offset -= 1) {
    const slot = slotOn(schedule, at, offset);
    if (slot !== undefined && slot <= at) return slot;
  }
  throw new Error("assertion failed: every schedule had a slot within 32 days");
}

/** From the last of a month to that of the next, and the day that a zone may have left out. */
const SLOT_DAYS_MAX = 32;

/** The slot on the local date `offset` days from that of `at`; undefined when there is none. */
function slotOn(schedule: DigestSchedule, at: Instant, offset: number): Instant | undefined {
  const { year, month, day } = localParts(at, schedule.zone);
  // Noon names the date, however far midnight is moved; it rolls over to the next month by itself.
  const noon = addMs(startOfLocalDay([year, month, day + offset], schedule.zone), 12 * HOUR_MS);
  const date = localParts(noon, schedule.zone);
  if (!isDigestDay(schedule, date)) return undefined;
  return atLocalTime([date.year, date.month, date.day], schedule.atLocalTime, schedule.zone);
}

function isDigestDay(
  { every, onWeekday, onDay = 1 }: DigestSchedule,
  date: {
    readonly year: number;
    readonly month: number;
    readonly day: number;
    readonly weekday: number;
  },
): boolean {
  switch (every) {
    case "day":
      return true;
    case "week":
      return WEEKDAYS[date.weekday] === onWeekday;
    case "month":
      return date.day === Math.min(onDay, daysInMonth(date.year, date.month));
  }
}

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

export interface DigestSpan {
  readonly current: Period;
  /** The one before, as long as the calendar made it. */
  readonly previous: Period;
  /** The last local day of `current`, "2026-11-22". */
  readonly through: string;
}

const PERIOD_KIND = { day: "daily", week: "weekly", month: "monthly" } as const;

/** The last whole day, week or month that was over at the slot, and the one before it. */
export function digestSpan(
  { every, zone }: Pick<DigestSchedule, "every" | "zone">,
  slot: Instant,
  calendar: DigestCalendar,
): DigestSpan {
  const around = (at: Instant): Period =>
    periodOf(at, { ...calendar, kind: PERIOD_KIND[every], zone });
  const current = around(addMs(around(slot).start, -1));
  const previous = around(addMs(current.start, -1));
  return { current, previous, through: localDate(addMs(current.end, -1), zone) };
}

/** After an outage a digest is caught up once while it is still news, and skipped when it is not. */
const STALE_AFTER_MS: Readonly<Record<DigestInterval, number>> = {
  day: 6 * HOUR_MS,
  week: 24 * HOUR_MS,
  month: 72 * HOUR_MS,
};

export type SlotDecision =
  | { readonly kind: "send"; readonly span: DigestSpan; readonly next: Instant }
  | { readonly kind: "skip"; readonly reason: "stale" | "told"; readonly next: Instant };

/** What to do with the slot `nextRunAt` of a digest, which has come by `now`. */
export function decideSlot(digest: Digest, now: Instant, calendar: DigestCalendar): SlotDecision {
  const next = nextSlot(digest, now);
  const span = digestSpan(digest, digest.nextRunAt, calendar);
  if (isStale(digest, digest.nextRunAt, now)) return { kind: "skip", reason: "stale", next };
  if (isTold(digest, span)) return { kind: "skip", reason: "told", next };
  return { kind: "send", span, next };
}

/**
 * Where a digest goes on that takes the place of another one, which had told of days through
 * `toldThrough`: at a slot of today that is still news if that tells of what nobody was told of,
 * else at the next one.
 */
export function movedSlot(
  schedule: DigestSchedule,
  { toldThrough, now }: { readonly toldThrough: string | undefined; readonly now: Instant },
  calendar: DigestCalendar,
): Instant {
  const last = lastSlot(schedule, now);
  const isMissed =
    toldThrough !== undefined &&
    !isStale(schedule, last, now) &&
    !isTold({ toldThrough }, digestSpan(schedule, last, calendar));
  return isMissed ? last : nextSlot(schedule, now);
}

function isStale({ every }: Pick<DigestSchedule, "every">, slot: Instant, now: Instant): boolean {
  return now > addMs(slot, STALE_AFTER_MS[every]);
}

/** Dates sort as text. */
function isTold({ toldThrough }: Pick<Digest, "toldThrough">, { through }: DigestSpan): boolean {
  return toldThrough !== undefined && through <= toldThrough;
}
