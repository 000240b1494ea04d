/**
 * Alerts, the decisions: whether a fact speaks, and how each destination hears of it. Pure. Who the
 * destinations are is rules/recipients.ts, a person's quiet hours rules/quiet-hours.ts.
 */
import type { AlertFact, AlertKind } from "../../domain/alert.ts";
import type { Email } from "../../domain/email.ts";
import { addUsd, type Usd, ZERO_USD } from "../../domain/money.ts";
import { addMs, type Instant, MINUTE_MS } from "../../domain/time.ts";

/** A fact as it is stored. */
export interface Alert extends Omit<AlertFact, "silentBecause" | "excess"> {
  readonly alertId: string;
  /** Facts are numbered in the order in which they were found. */
  readonly number: bigint;
  readonly foundAt: Instant;
  /** Why nobody was told; undefined: each destination has its own answer. */
  readonly notSentBecause: string | undefined;
}

export const FEEDBACKS = ["real", "false", "planned"] as const;
export type Feedback = (typeof FEEDBACKS)[number];

export const SNOOZES = ["hour", "tomorrow", "period"] as const;
export type Snooze = (typeof SNOOZES)[number];

/** Somebody, as the record and as Slack know them. */
export interface Actor {
  readonly email: Email;
  readonly slackUserId: string;
}

/** What people did about a thread: the latest of each. */
export interface ThreadState {
  readonly acknowledged: { readonly by: Actor; readonly at: Instant } | undefined;
  readonly snoozed: { readonly by: Actor; readonly until: Instant } | undefined;
  readonly assigned: { readonly by: Actor; readonly to: Actor } | undefined;
  readonly feedback: { readonly by: Actor; readonly what: Feedback } | undefined;
}

export const UNTOUCHED: ThreadState = {
  acknowledged: undefined,
  snoozed: undefined,
  assigned: undefined,
  feedback: undefined,
};

export interface Thread {
  readonly threadKey: string;
  /** Its name in buttons. */
  readonly threadId: string;
  readonly scope: AlertFact["scope"];
  readonly periodEnd: Instant | undefined;
  readonly revision: number;
  readonly resolved: { readonly at: Instant; readonly because: string } | undefined;
}

/** One thing that somebody announced ahead. */
export interface PlannedEvent {
  readonly plannedEventId: string;
  readonly scope: AlertFact["scope"];
  readonly name: string;
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly expected: Usd;
  readonly announcedBy: Email;
}

/** Kinds that say "more than usual": what was announced ahead is no news for them. */
const MUTED_BY_PLANS: ReadonlySet<AlertKind> = new Set(["spike", "pace", "forecast"]);

export function isMutedByPlans(kind: AlertKind): boolean {
  return MUTED_BY_PLANS.has(kind);
}

/**
 * Why nobody is told of a fact; undefined: it speaks. Plans mute up to the sum that they expect, a
 * fact that does not say how much it is about always; thresholds of budgets always speak.
 */
export function silenceOf(
  fact: Pick<AlertFact, "kind" | "period" | "excess" | "silentBecause">,
  plans: readonly PlannedEvent[],
  now: Instant,
): string | undefined {
  if (fact.silentBecause !== undefined) return fact.silentBecause;
  if (fact.period !== undefined && fact.period.end <= now) return "period-over";
  if (!isMutedByPlans(fact.kind)) return undefined;
  const active = plans.filter((plan) => plan.startsAt <= now && now < plan.endsAt);
  if (active.length === 0) return undefined;
  const expected = active.reduce((sum, plan) => addUsd(sum, plan.expected), ZERO_USD);
  return fact.excess === undefined || fact.excess <= expected ? "planned" : undefined;
}

/** More new messages than `STORM_MESSAGES` in one destination within the window are a storm. */
export const STORM_MESSAGES = 5;
const STORM_WINDOW_MS = 10 * MINUTE_MS;

export type DeliveryPlan =
  /** The first message of the thread here. */
  | { readonly kind: "post" }
  /** The message is updated, the news is a reply in its thread. */
  | { readonly kind: "news" }
  /** The message is updated without a sound; what was held back is said later. */
  | { readonly kind: "hold"; readonly until: Instant; readonly because: "snoozed" | "quiet-hours" }
  /** One line of the message that lists a storm; written after the commit. */
  | { readonly kind: "gather" }
  | { readonly kind: "drop"; readonly because: "preference" | "snoozed" };

/** How one destination hears of a new fact. */
export function planDelivery(at: {
  readonly now: Instant;
  readonly isWanted: boolean;
  readonly snoozedUntil: Instant | undefined;
  readonly periodEnd: Instant | undefined;
  /** End of the person's quiet hours, when they are in them. */
  readonly quietUntil: Instant | undefined;
  /** Whether the thread has its message here. */
  readonly isPosted: boolean;
  /** New messages of other threads here, within the window. */
  readonly recentMessages: number;
  /** Whether earlier facts of the thread wait to be gathered here: what is newer is told with them. */
  readonly isGathering: boolean;
}): DeliveryPlan {
  const { now, snoozedUntil, periodEnd, quietUntil } = at;
  if (!at.isWanted) return { kind: "drop", because: "preference" };
  if (snoozedUntil !== undefined && snoozedUntil > now) {
    const outlasts = periodEnd !== undefined && snoozedUntil >= periodEnd;
    return outlasts
      ? { kind: "drop", because: "snoozed" }
      : { kind: "hold", until: snoozedUntil, because: "snoozed" };
  }
  if (quietUntil !== undefined && quietUntil > now) {
    return { kind: "hold", until: quietUntil, because: "quiet-hours" };
  }
  if (at.isPosted) return { kind: "news" };
  const isStorm = at.isGathering || at.recentMessages >= STORM_MESSAGES;
  return isStorm ? { kind: "gather" } : { kind: "post" };
}

/** The beginning of the time over which a storm is counted. */
export function stormWindowStart(now: Instant): Instant {
  return addMs(now, -STORM_WINDOW_MS);
}
