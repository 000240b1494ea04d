/**
 * What follows from one attempt to deliver a message, and from an earlier attempt whose answer got
 * lost. Pure: the sender does what is decided here.
 */
import { addMs, type Instant, MINUTE_MS } from "../domain/time.ts";
import type { PostedMessage } from "./web.ts";
import type { SlackErrorVerdict } from "./web-errors.ts";

/**
 * What happens when Slack's answer got lost and the bot can't look whether the message arrived:
 * an alert, an approval and a notice are sent again, a digest is not.
 */
export type OutboxKind = "alert" | "digest" | "approval" | "notice";

export type DeliveryOutcome =
  | ({ readonly kind: "sent" } & PostedMessage)
  /** There is nothing left to do, for the reason given; nobody made a mistake. */
  | { readonly kind: "skipped"; readonly reason: string }
  | SlackErrorVerdict;

export type DeliveryDecision =
  | ({ readonly status: "sent" } & PostedMessage)
  | { readonly status: "failed" | "skipped"; readonly reason: string }
  | {
      readonly status: "pending";
      readonly reason: string;
      readonly nextAttemptAt: Instant;
      /** False: Slack's own "later" does not use up an attempt. */
      readonly isCounted: boolean;
      /** Whether Slack may have the message: then the next attempt looks before it posts. */
      readonly mayBeThere: boolean;
    };

export const ATTEMPTS_MAX = 8;
/** 5 s, 15 s, 45 s, … half an hour: eight attempts outlast an outage of about an hour. */
const BACKOFF_FIRST_MS = 5_000;
const BACKOFF_FACTOR = 3;
const BACKOFF_MAX_MS = 30 * MINUTE_MS;
/** Rows that Slack sent away together don't come back in the same moment. */
const RATE_LIMIT_JITTER_MS = 1_000;

/** `attempts` counts this one; `random` is from [0, 1) and spreads the next tries of many rows. */
export function decideDelivery(
  outcome: DeliveryOutcome,
  attempts: number,
  at: { readonly now: Instant; readonly random: number },
): DeliveryDecision {
  if (outcome.kind === "sent") {
    return { status: "sent", channelId: outcome.channelId, ts: outcome.ts };
  }
  if (outcome.kind === "skipped") return { status: "skipped", reason: outcome.reason };
  if (outcome.kind === "permanent") return { status: "failed", reason: outcome.reason };
  return decideRetry(outcome, attempts, at);
}

function decideRetry(
  outcome: Extract<DeliveryOutcome, { kind: "retry" | "unknown-outcome" }>,
  attempts: number,
  at: { readonly now: Instant; readonly random: number },
): DeliveryDecision {
  const slackAsked = outcome.kind === "retry" ? outcome.afterMs : undefined;
  const isCounted = slackAsked === undefined;
  if (isCounted && attempts >= ATTEMPTS_MAX) {
    return { status: "failed", reason: `${outcome.reason} after ${String(attempts)} attempts` };
  }
  const waitMs = isCounted
    ? backoffMs(attempts, at.random)
    : slackAsked + Math.round(at.random * RATE_LIMIT_JITTER_MS);
  return {
    status: "pending",
    reason: outcome.reason,
    nextAttemptAt: addMs(at.now, waitMs),
    isCounted,
    mayBeThere: outcome.kind === "unknown-outcome",
  };
}

/** Between half and all of the step, so that rows that failed together don't come back together. */
function backoffMs(attempts: number, random: number): number {
  const step = Math.min(BACKOFF_FIRST_MS * BACKOFF_FACTOR ** (attempts - 1), BACKOFF_MAX_MS);
  return Math.round(step * (0.5 + random / 2));
}

/**
 * What to do when a message may be in Slack already. A repeated alert or approval annoys, a missing
 * one costs money; a digest comes again tomorrow.
 */
export function decideAfterLook(
  kind: OutboxKind,
  found: PostedMessage | "cannot-look" | undefined,
): { readonly kind: "post" } | Extract<DeliveryOutcome, { kind: "sent" | "skipped" }> {
  if (found === undefined) return { kind: "post" };
  if (found !== "cannot-look") return { kind: "sent", channelId: found.channelId, ts: found.ts };
  return kind === "digest"
    ? { kind: "skipped", reason: "outcome of an earlier attempt is unknown" }
    : { kind: "post" };
}
