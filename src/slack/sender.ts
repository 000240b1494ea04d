/**
 * Delivers what stands in the outbox (ADR 0005). Slack has no idempotency key, so the sender never
 * posts a message of which Slack may have a copy without looking for it first. Decisions are in
 * `delivery-rules.ts`, SQL in `outbox.ts`, closed channels in `reroute.ts`.
 *
 * Terms
 * - lease: the time in which one sender alone may deliver a message
 * - lost answer: the request left us and nothing usable came back, or the sender died meanwhile
 */
import type { Logger } from "pino";
import { addMs, type Clock, type Instant } from "../domain/time.ts";
import type { Database } from "../store/database.ts";
import { withClaimed } from "./claim.ts";
import {
  type DeliveryDecision,
  type DeliveryOutcome,
  decideAfterLook,
  decideDelivery,
  STALE_REASONS,
} from "./delivery-rules.ts";
import type { Directory } from "./directory.ts";
import { beginPosting, type ClaimedMessage, delayNext, saveDelivery } from "./outbox.ts";
import { findPosted, wasGathered } from "./outbox-reads.ts";
import { noteDead, noteMended, type RerouteNews, rerouteDead, tidyOutbox } from "./reroute.ts";
import {
  beforePosting,
  findIdOf,
  findOtherTarget,
  findTarget,
  outcomeOf,
  type Target,
} from "./target.ts";
import type { SlackWeb } from "./web.ts";
import { isChannelName } from "./workspace-id.ts";

export interface SenderDeps {
  readonly database: Database;
  readonly web: Pick<SlackWeb, "postMessage" | "updateMessage" | "findMessage" | "listChannels">;
  readonly directory: Pick<Directory, "findSlackUserByEmail" | "openDirectMessage">;
  readonly clock: Clock;
  readonly log: Logger;
  /** From [0, 1). */
  readonly random?: () => number;
  /** Where news for a closed channel go instead, and who is told of it. */
  readonly reroute?: RerouteNews;
  /** Called between the steps of a delivery; a test that throws here is a sender that died. */
  readonly atStep?: (step: SenderStep) => void;
}

export type SenderStep = "claimed" | "looked" | "noted" | "answered";

/**
 * Longer than one call of the Web API may take (10 s), twice over; renewed before each step that
 * matters. Short, so that a restarted bot goes on soon with what a killed one had begun.
 */
const LEASE_MS = 30_000;
const MESSAGES_MAX = 20;
/** Slack's limit is about one message a second and channel. */
const CHANNEL_PACE_MS = 1_000;

/**
 * Delivers the due messages, different destinations side by side; how many it dealt with.
 *
 * 1. What waits and is not true any more is skipped, what is old gathered. 2. News for closed
 * channels go elsewhere. 3. Due messages are claimed and delivered. `onClaimed` hears how many it
 * will have been, unless there is nothing to deliver.
 */
export async function sendDueMessages(
  deps: SenderDeps,
  onClaimed?: (count: number) => void,
): Promise<number> {
  const now = deps.clock();
  await tidyOutbox(deps.database, now);
  const rerouted =
    deps.reroute === undefined ? 0 : await rerouteDead(deps.database, deps.reroute, now);
  const claim = { now, leasedUntil: addMs(now, LEASE_MS), messagesMax: MESSAGES_MAX };
  return await withClaimed(deps.database, claim, async (messages) => {
    deps.atStep?.("claimed");
    if (messages.length > 0) onClaimed?.(messages.length + rerouted);
    const results = await Promise.allSettled(
      messages.map(async (message) => await deliver(deps, message)),
    );
    // Only the database can fail here. The others are done by now, and this one's lease will end.
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return messages.length + rerouted;
  });
}

async function deliver(deps: SenderDeps, claimed: ClaimedMessage): Promise<void> {
  const startedAt = deps.clock();
  const attempt =
    claimed.updates === undefined
      ? await attemptPost(deps, claimed)
      : await attemptUpdate(deps, claimed, claimed.updates);
  deps.atStep?.("answered");
  const now = deps.clock();
  const durationMs = now.getTime() - startedAt.getTime();
  if (attempt === "lost-lease") {
    logDelivery(deps.log, claimed, { decision: undefined, durationMs });
    return;
  }
  const random = (deps.random ?? Math.random)();
  const decision = decideDelivery(attempt.outcome, attempt.message, { now, random });
  const isSaved = await save(deps, attempt.message, { decision, now });
  logDelivery(deps.log, claimed, { decision: isSaved ? decision : undefined, durationMs });
  if (attempt.outcome.kind === "permanent") {
    await noteDead(deps, claimed.destination, { outcome: attempt.outcome, now });
  }
  if (attempt.outcome.kind === "sent") await noteMended(deps, claimed.destination, now);
}

/** What came of it, and the message with the lease that it was done under. */
type Attempt =
  | { readonly message: ClaimedMessage; readonly outcome: DeliveryOutcome }
  | "lost-lease";

/**
 * 1. find the channel, and the message that it replies to  2. look, if Slack may have it already
 * 3. note that it may from now on  4. post, elsewhere when Slack has that place no more.
 */
async function attemptPost(deps: SenderDeps, claimed: ClaimedMessage): Promise<Attempt> {
  const target = await findTarget(deps, claimed);
  if (target.kind !== "target") return { message: claimed, outcome: target };

  if (claimed.firstAttemptAt !== undefined) {
    const seen = await look(deps, claimed, { target, since: claimed.firstAttemptAt });
    if (seen.kind !== "post") return { message: claimed, outcome: seen };
  }
  deps.atStep?.("looked");

  const now = deps.clock();
  if (claimed.validUntil !== undefined && claimed.validUntil <= now) {
    return { message: claimed, outcome: { kind: "skipped", reason: STALE_REASONS.over } };
  }
  const lease = { now, leasedUntil: addMs(now, LEASE_MS) };
  const message = await beginPosting(deps.database, claimed, lease);
  if (message === undefined) return "lost-lease";
  deps.atStep?.("noted");
  const outcome = await post(deps, message, target);
  const other = await findOtherTarget(deps.database, { target, outcome });
  return { message, outcome: other === undefined ? outcome : await post(deps, message, other) };
}

async function post(
  { web }: SenderDeps,
  { text, blocks, dedupeKey }: ClaimedMessage,
  { channel, threadTs }: Target,
): Promise<DeliveryOutcome> {
  const thread = threadTs === undefined ? {} : { threadTs };
  return await outcomeOf(async () => {
    const posted = await web.postMessage({ channel, text, blocks, dedupeKey, ...thread });
    return { kind: "sent", ...posted } as const;
  });
}

/** Replacing a message twice does no harm, so an update needs no looking. */
async function attemptUpdate(
  deps: SenderDeps,
  claimed: ClaimedMessage,
  updates: string,
): Promise<Attempt> {
  const original = await findPosted(deps.database, updates);
  if (original === undefined) {
    // Among others it can't be replaced: what became of it is told by itself.
    if (await wasGathered(deps.database, updates)) return await attemptPost(deps, claimed);
    return {
      message: claimed,
      outcome: { kind: "skipped", reason: "what it updates was never posted" },
    };
  }
  const { text, blocks } = claimed;
  const outcome = await beforePosting(async () => {
    await deps.web.updateMessage({ channel: original.channelId, ts: original.ts, text, blocks });
    return { kind: "sent", ...original } as const;
  });
  return { message: claimed, outcome: isDeleted(outcome) ? DELETED : outcome };
}

const DELETED: DeliveryOutcome = { kind: "skipped", reason: "somebody deleted what it updates" };

function isDeleted(outcome: DeliveryOutcome): boolean {
  return outcome.kind === "permanent" && outcome.reason === "message_not_found";
}

async function look(
  deps: SenderDeps,
  message: ClaimedMessage,
  { target, since }: { readonly target: Target; readonly since: Instant },
): Promise<ReturnType<typeof decideAfterLook> | DeliveryOutcome> {
  const { channel, threadTs } = target;
  const { dedupeKey } = message;
  return await beforePosting(async () => {
    const channelId = isChannelName(channel) ? await findIdOf(deps, channel) : channel;
    const found = await deps.web.findMessage({
      channel: channelId,
      dedupeKey,
      since,
      ...(threadTs === undefined ? {} : { threadTs }),
    });
    return decideAfterLook(message.kind, found);
  });
}

async function save(
  deps: SenderDeps,
  message: ClaimedMessage,
  { decision, now }: { readonly decision: DeliveryDecision; readonly now: Instant },
): Promise<boolean> {
  // Before the save: until then nobody can claim the next message of this destination.
  if (decision.status === "sent" && message.updates === undefined) {
    await delayNext(deps.database, message, addMs(now, CHANNEL_PACE_MS));
  }
  return await saveDelivery(deps.database, message, decision, now);
}

function logDelivery(
  log: Logger,
  message: ClaimedMessage,
  result: { readonly decision: DeliveryDecision | undefined; readonly durationMs: number },
): void {
  const { decision } = result;
  const fields = {
    work: "message",
    outcome: decision?.status ?? "lost-lease",
    duration_ms: result.durationMs,
    outbox_message_id: message.id,
    kind: message.kind,
    attempts: message.attempts,
    ...(decision !== undefined && "reason" in decision ? { reason: decision.reason } : {}),
  };
  const isSurprising = decision?.status !== "sent" && decision?.status !== "skipped";
  if (isSurprising) log.warn(fields, "message not delivered");
  else log.info(fields, "message dealt with");
}
