/**
 * Ingest, the decisions about events that could not be recorded: how long they are kept, what can be
 * done about each, and what a conflicting event is as a correction. Pure.
 */
import { DAY_MS, type Instant } from "../../../domain/time.ts";
import type { UsageEvent } from "../../../domain/usage.ts";
import type { RejectionCode } from "../rules.ts";

export const REJECTED_STATUSES = ["open", "recorded", "dismissed"] as const;
export type RejectedStatus = (typeof REJECTED_STATUSES)[number];

export interface RejectedEvent {
  readonly id: string;
  readonly source: string;
  readonly eventId: string | undefined;
  readonly code: RejectionCode;
  readonly message: string;
  readonly receivedAt: Instant;
  readonly lastReceivedAt: Instant;
  readonly timesReceived: number;
  /** Undefined: it was rejected before this was kept. */
  readonly contentSha256: string | undefined;
  /** As `storedEventFrom` made it; undefined: it was no event. */
  readonly event: unknown;
  readonly readableFields: unknown;
  readonly status: RejectedStatus;
  readonly resolvedAt: Instant | undefined;
  readonly resolvedBy: string | undefined;
}

/** Which rejected events are meant; what is absent does not matter. */
export interface RejectedFilter {
  readonly ids?: readonly string[];
  readonly source?: string;
  readonly code?: RejectionCode;
  readonly eventId?: string;
  readonly status?: RejectedStatus;
  /** Received at that time or later. */
  readonly since?: Instant;
}

/** After a quarter nobody tries again, and a sender's mistake shows up anew when it goes on. */
export const REJECTED_KEPT_MS = 90 * DAY_MS;
/** A sender whose every event is wrong in another way must not fill the disk. */
export const REJECTED_PER_SOURCE_MAX = 10_000;

/** What a person can do about rejected events of a code. */
export const REMEDY: Readonly<Record<RejectionCode, string>> = {
  invalid: "Mend their sender and let it send them again.",
  too_old: "Usage of more than 400 days ago is not taken; mend the sender's clock if it is wrong.",
  in_future: "Mend the sender's clock, or try again when their time has come.",
  conflict: "The first one counts. Record the other as its correction, or dismiss it.",
};

/**
 * The event that records what a conflicting one says: it corrects `corrected`, under an id of its
 * own where its own is taken. The same each time, so that trying twice counts once.
 */
export function asCorrection(
  event: UsageEvent,
  how: {
    readonly corrected: string;
    readonly isIdTaken: boolean;
    readonly contentSha256: string;
  },
): UsageEvent {
  const { corrects: _corrects, voids, ...rest } = event;
  return {
    ...rest,
    eventId: how.isIdTaken ? `correction:${how.contentSha256.slice(0, 32)}` : event.eventId,
    ...(voids === undefined ? { corrects: how.corrected } : { voids: how.corrected }),
  };
}
