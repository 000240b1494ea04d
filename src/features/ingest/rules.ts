/** Ingest, the decisions: which events may be recorded, and what an event that is back means. Pure. */

import { addMs, DAY_MS, type Instant } from "../../domain/time.ts";
import type { UsageEvent } from "../../domain/usage.ts";

/** Closed list; documented in docs/usage-events.md and counted by outcome in the metrics. */
export type RejectionCode = "invalid" | "too_old" | "in_future" | "conflict";

export interface Rejection {
  /** Position in the batch. */
  readonly index: number;
  readonly eventId: string | undefined;
  readonly code: RejectionCode;
  /** Names the field and what was expected; never content of the event beyond that field. */
  readonly message: string;
}

/** An element of a batch after parsing: an event, or why it is none. */
export type ParsedEvent =
  | { readonly kind: "event"; readonly index: number; readonly event: UsageEvent }
  | { readonly kind: "rejected"; readonly rejection: Rejection };

export interface RecordUsageResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly Rejection[];
}

/** Sources repeat a delivery for hours or days; more than a year is a mistaken clock or a replay. */
const LATENESS_MAX_MS = 400 * DAY_MS;
/** Clocks differ; a date further ahead would land in a period that nobody looks at yet. */
const AHEAD_MAX_MS = DAY_MS;

export function checkOccurredAt(
  event: Pick<UsageEvent, "eventId" | "occurredAt">,
  index: number,
  now: Instant,
): Rejection | undefined {
  const at = event.occurredAt;
  if (at > addMs(now, AHEAD_MAX_MS)) {
    return {
      index,
      eventId: event.eventId,
      code: "in_future",
      message: `occurred_at: expected a time not more than a day ahead of ${now.toISOString()}, got ${at.toISOString()}`,
    };
  }
  if (at < addMs(now, -LATENESS_MAX_MS)) {
    return {
      index,
      eventId: event.eventId,
      code: "too_old",
      message: `occurred_at: expected a time within the last 400 days, got ${at.toISOString()}`,
    };
  }
  return undefined;
}

/**
 * What an event means that the database did not take: the same content again is a duplicate, and so
 * is a request of Claude that another event already reported; other content under the same id is a
 * conflict.
 */
export function decideRepeat(
  event: { readonly eventId: string; readonly contentSha256: string },
  stored: { readonly contentSha256: string } | undefined,
  index: number,
): { readonly kind: "duplicate" } | { readonly kind: "conflict"; readonly rejection: Rejection } {
  if (stored === undefined || stored.contentSha256 === event.contentSha256) {
    return { kind: "duplicate" };
  }
  return {
    kind: "conflict",
    rejection: {
      index,
      eventId: event.eventId,
      code: "conflict",
      message:
        "event_id: already recorded with other content. The first one counts; send a correction under a new event_id.",
    },
  };
}

const QUARTER_HOUR_MS = 15 * 60_000;

/** Start of the quarter of an hour around `at`: the grain of spend_rollups. */
export function bucketStart(at: Instant): Instant {
  return addMs(at, -(at.getTime() % QUARTER_HOUR_MS));
}
