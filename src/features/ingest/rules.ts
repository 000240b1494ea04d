/** Ingest, the decisions: which events may be recorded, and what an event that is back means. Pure. */

import { DAY_MS, type Instant, instant } from "../../domain/time.ts";
import type { NotCountedBecause, UsageEvent } from "../../domain/usage.ts";

/** Closed list; documented in docs/usage-events.md and counted by outcome in the metrics. */
export const REJECTION_CODES = ["invalid", "too_old", "in_future", "conflict"] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];

export interface Rejection {
  /** Position in the batch. */
  readonly index: number;
  readonly eventId: string | undefined;
  readonly code: RejectionCode;
  /** Names the field and what was expected; never content of the event beyond that field. */
  readonly message: string;
  /** What was read of it, kept so that it can be tried again. */
  readonly event?: UsageEvent;
  /** Its hash, where it is known already. */
  readonly contentSha256?: string;
  /** Of an element that is no event: its fields that are well-formed by themselves. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** An element of a batch after parsing: an event, or why it is none. */
export type ParsedEvent =
  | {
      readonly kind: "event";
      readonly index: number;
      readonly event: UsageEvent;
      /** Set when the event was read before: its hash from then. */
      readonly contentSha256?: string;
    }
  | { readonly kind: "rejected"; readonly rejection: Rejection };

export interface RecordUsageResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly Rejection[];
  /** Of the accepted ones, those that count nothing, by reason; absent: all count. */
  readonly notCounted?: ReadonlyMap<NotCountedBecause, number>;
}

/** Sources repeat a delivery for hours or days; more than a year is a mistaken clock or a replay. */
export const LATENESS_MAX_MS = 400 * DAY_MS;
/** Clocks differ; a date further ahead would land in a period that nobody looks at yet. */
const AHEAD_MAX_MS = DAY_MS;

export function checkOccurredAt(
  event: UsageEvent,
  index: number,
  now: Instant,
): Rejection | undefined {
  const at = event.occurredAt;
  const aheadMs = at.getTime() - now.getTime();
  if (aheadMs > AHEAD_MAX_MS) {
    return {
      index,
      eventId: event.eventId,
      code: "in_future",
      message: `occurred_at: expected a time not more than a day ahead of ${now.toISOString()}, got ${at.toISOString()}`,
      event,
    };
  }
  if (aheadMs < -LATENESS_MAX_MS) {
    return {
      index,
      eventId: event.eventId,
      code: "too_old",
      message: `occurred_at: expected a time within the last 400 days, got ${at.toISOString()}`,
      event,
    };
  }
  return undefined;
}

/** What `event` corrects or voids, by its id at the same source; undefined for any other event. */
export function correctedEventId(event: UsageEvent): string | undefined {
  return event.corrects ?? event.voids;
}

export type ClaimDecision =
  /** Counted already: by its own id, or as the same request under another one. */
  | { readonly kind: "duplicate" }
  /** It is new, and a correction of it had come before it. */
  | { readonly kind: "expected" }
  | { readonly kind: "refused"; readonly rejection: Rejection };

/**
 * What an event means that the database did not take at once. The same content again is a
 * duplicate, and so is a request of Claude that another event already reported; other content under
 * a taken id is a conflict, and so is a second correction of the same event, or one that would have
 * events correct each other in a circle.
 */
export function decideClaim(
  {
    event,
    contentSha256,
    index,
  }: { readonly event: UsageEvent; readonly contentSha256: string; readonly index: number },
  known: {
    readonly name:
      | { readonly kind: "free" }
      | { readonly kind: "expected" }
      | { readonly kind: "taken"; readonly contentSha256: string };
    /** The event that corrects or voids what this one wants to. */
    readonly correctedBy: string | undefined;
    /** Whether what it wants to correct is, at some remove, a correction of this one. */
    readonly closesCircle: boolean;
  },
): ClaimDecision {
  const conflict = (message: string): ClaimDecision => ({
    kind: "refused",
    rejection: { index, eventId: event.eventId, code: "conflict", message, event, contentSha256 },
  });
  if (known.name.kind === "taken") {
    return known.name.contentSha256 === contentSha256
      ? { kind: "duplicate" }
      : conflict(
          "event_id: already recorded with other content. The first one counts; to change it, send an event of another event_id that corrects it.",
        );
  }
  const { correctedBy, closesCircle } = known;
  const field = event.corrects === undefined ? "voids" : "corrects";
  if (correctedBy !== undefined && correctedBy !== event.eventId) {
    return conflict(
      `${field}: expected an event that nothing corrects yet; ${correctedBy} has corrected it. Correct that one instead.`,
    );
  }
  if (closesCircle) {
    return conflict(
      `${field}: expected an event that does not follow from this one; ${correctedEventId(event) ?? ""} corrects it, or corrects what corrects it.`,
    );
  }
  return { kind: known.name.kind === "expected" ? "expected" : "duplicate" };
}

/** The refusal of a correction whose event has been deleted after the time that events are kept. */
export function noLongerKept(event: UsageEvent, index: number): Rejection {
  const field = event.corrects === undefined ? "voids" : "corrects";
  return {
    index,
    eventId: event.eventId,
    code: "too_old",
    message: `${field}: expected an event that is still kept; it is older than what is kept`,
    event,
  };
}

/** The months, by an instant in each, that must be there before their first event: this and the next. */
export function monthsToPrepare(now: Instant): readonly Instant[] {
  return [now, startOfMonth(now, 1)];
}

/** What began before this is no longer kept: `months` whole months (UTC) before the current one are. */
export function retentionStart(now: Instant, months: number): Instant {
  return startOfMonth(now, -months);
}

function startOfMonth(now: Instant, monthsAhead: number): Instant {
  return instant(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + monthsAhead, 1));
}

const QUARTER_HOUR_MS = 15 * 60_000;

/** Start of the quarter of an hour around `at`: the grain of spend_rollups. */
export function bucketStart(at: Instant): Instant {
  return instant(bucketStartMs(at));
}

/** The same in milliseconds. */
export function bucketStartMs(at: Instant): number {
  const ms = at.getTime();
  return ms - (ms % QUARTER_HOUR_MS);
}
