/**
 * What follows from one attempt to deliver a message, and from an earlier attempt whose answer got
 * lost. Pure: the sender does what is decided here.
 */
import { addMs, DAY_MS, type Instant, MINUTE_MS } from "../domain/time.ts";
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
      /** unknown: Slack may have the message, so the next attempt looks before it posts. */
      readonly status: "pending" | "unknown";
      readonly reason: string;
      readonly nextAttemptAt: Instant;
      /** False: Slack's own "later" does not use up an attempt. */
      readonly isCounted: boolean;
    };

/** Why a message that waited was not sent. */
export const STALE_REASONS = {
  over: "period-over",
  newer: "a newer message says more",
  tooOld: "too old to be of use",
  gathered: "gathered into one message",
} as const;

/** Slack was never away for longer; by then nobody waits for the message any more. */
export const GIVE_UP_AFTER_MS = 3 * DAY_MS;
/** More than an hour of tries: it may be our own side that stood still for three days. */
const GIVE_UP_ATTEMPTS_MIN = 10;
/** 5 s, 15 s, 45 s, … ten minutes: soon after an outage everything moves again. */
const BACKOFF_FIRST_MS = 5_000;
const BACKOFF_FACTOR = 3;
const BACKOFF_MAX_MS = 10 * MINUTE_MS;
/** Rows that Slack sent away together don't come back in the same moment. */
const RATE_LIMIT_JITTER_MS = 1_000;
/** How often a dead channel is tried: by the message that waits longest for it. */
export const PROBE_MS = 10 * MINUTE_MS;

/** What is wrong with a channel rather than with the message. */
const DEAD_CHANNEL_REASONS: ReadonlySet<string> = new Set([
  "channel_not_found",
  "is_archived",
  "not_in_channel",
  "restricted_action",
  "restricted_action_read_only_channel",
  "restricted_action_thread_only_channel",
  "restricted_action_non_threadable_channel",
  "ekm_access_denied",
  "channel_is_limited_access",
]);
/** What is wrong with the bot: no message gets through. */
const DEAD_BOT_REASONS: ReadonlySet<string> = new Set([
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "not_allowed_token_type",
  "missing_scope",
]);

/** Whether an outcome says that this channel, or every one, is closed to the bot. */
export function deadAfter(
  outcome: DeliveryOutcome,
  destination: { readonly channel: string } | { readonly person: string },
): "channel" | "everywhere" | undefined {
  if (outcome.kind !== "permanent") return undefined;
  if (outcome.isOneWorkspace === true) return "channel" in destination ? "channel" : undefined;
  if (DEAD_BOT_REASONS.has(outcome.reason)) return "everywhere";
  return "channel" in destination && DEAD_CHANNEL_REASONS.has(outcome.reason)
    ? "channel"
    : undefined;
}

/** What the decision needs to know of the message; `attempts` counts this one. */
export interface Attempted {
  readonly attempts: number;
  readonly createdAt: Instant;
  readonly destination: { readonly channel: string } | { readonly person: string };
  /** Somebody must read it, and it has no copy elsewhere yet if its channel is closed. */
  readonly isUncopied?: boolean;
}

/** Kinds that somebody must read; a digest or a notice can wait for its channel. */
export const REROUTED_KINDS: readonly OutboxKind[] = ["alert", "approval"];

/** `random` is from [0, 1) and spreads the next tries of many rows. */
export function decideDelivery(
  outcome: DeliveryOutcome,
  message: Attempted,
  at: { readonly now: Instant; readonly random: number },
): DeliveryDecision {
  if (outcome.kind === "sent") {
    return { status: "sent", channelId: outcome.channelId, ts: outcome.ts };
  }
  if (outcome.kind === "skipped") return { status: "skipped", reason: outcome.reason };
  const { reason } = outcome;
  const isDead = deadAfter(outcome, message.destination) !== undefined || isUninstalled(outcome);
  if (outcome.kind === "permanent" && !isDead) return { status: "failed", reason };
  // It may have waited for three days before its first try: its copy is made before it is given up.
  const isOwed =
    message.isUncopied === true && deadAfter(outcome, message.destination) === "channel";
  const isTried = isDead || message.attempts >= GIVE_UP_ATTEMPTS_MIN;
  if (isTried && !isOwed && at.now.getTime() - message.createdAt.getTime() >= GIVE_UP_AFTER_MS) {
    return { status: "failed", reason: `${reason} for three days` };
  }
  const slackAsked = outcome.kind === "retry" ? outcome.afterMs : undefined;
  return {
    status: outcome.kind === "unknown-outcome" ? "unknown" : "pending",
    reason,
    nextAttemptAt: addMs(
      at.now,
      waitMs({ isDead, slackAsked, attempts: message.attempts }, at.random),
    ),
    isCounted: slackAsked === undefined && !isDead,
  };
}

/** Somebody's only workspace may install the bot again; no channel is closed by that. */
function isUninstalled(outcome: DeliveryOutcome): boolean {
  return outcome.kind === "permanent" && outcome.isOneWorkspace === true;
}

function waitMs(
  of: {
    readonly isDead: boolean;
    readonly slackAsked: number | undefined;
    readonly attempts: number;
  },
  random: number,
): number {
  if (of.isDead) return PROBE_MS;
  if (of.slackAsked !== undefined) return of.slackAsked + Math.round(random * RATE_LIMIT_JITTER_MS);
  const step = Math.min(BACKOFF_FIRST_MS * BACKOFF_FACTOR ** (of.attempts - 1), BACKOFF_MAX_MS);
  // Between half and all of the step, so that rows that failed together don't come back together.
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
