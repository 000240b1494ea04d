/**
 * Where a message goes: the channel or person that it names, the thread that it belongs to, and
 * where else when Slack has that place no more. Posts nothing.
 */
import type { Database } from "../store/database.ts";
import type { DeliveryOutcome } from "./delivery-rules.ts";
import type { Directory } from "./directory.ts";
import type { ClaimedMessage } from "./outbox.ts";
import { findChannelId, findPosted } from "./outbox-reads.ts";
import type { PostedMessage, SlackWeb } from "./web.ts";
import { sortSlackError } from "./web-errors.ts";
import { isChannelName } from "./workspace-id.ts";

export interface TargetDeps {
  readonly database: Database;
  readonly web: Pick<SlackWeb, "listChannels">;
  readonly directory: Pick<Directory, "findSlackUserByEmail" | "openDirectMessage">;
}

export interface Target {
  readonly kind: "target";
  readonly channel: string;
  readonly threadTs: string | undefined;
}

/** The channel of a message, and the message that it replies to. */
export async function findTarget(
  deps: TargetDeps,
  { destination, repliesTo }: ClaimedMessage,
): Promise<Target | DeliveryOutcome> {
  // What it replies to may never have been posted: the news are not lost for that.
  const root = repliesTo === undefined ? undefined : await findPosted(deps.database, repliesTo);
  if (root !== undefined) return threadTarget(root);
  if ("channel" in destination) {
    return { kind: "target", channel: destination.channel, threadTs: undefined };
  }
  const { directory } = deps;
  return await beforePosting(async (): Promise<Target | DeliveryOutcome> => {
    const person = await directory.findSlackUserByEmail(destination.person);
    if (person === undefined) {
      return {
        kind: "permanent",
        reason: "no member of the Slack workspace has this e-mail address",
      };
    }
    const channel = await directory.openDirectMessage(person.slackUserId);
    return { kind: "target", channel, threadTs: undefined };
  });
}

function threadTarget({ channelId, ts }: PostedMessage): Target {
  return { kind: "target", channel: channelId, threadTs: ts };
}

/** Slack's answers to a reply whose message somebody deleted. */
const THREAD_GONE: ReadonlySet<string> = new Set(["thread_not_found", "cannot_reply_to_message"]);

/**
 * Where else a message may go that Slack refused: a reply whose message was deleted stands by
 * itself, and a channel that has no such name any more, because it was renamed or made private, is
 * the one where we posted under that name before.
 */
export async function findOtherTarget(
  database: Database,
  { target, outcome }: { readonly target: Target; readonly outcome: DeliveryOutcome },
): Promise<Target | undefined> {
  if (outcome.kind !== "permanent") return undefined;
  if (target.threadTs !== undefined && THREAD_GONE.has(outcome.reason)) {
    return { ...target, threadTs: undefined };
  }
  const isUnknownName = outcome.reason === "channel_not_found" && isChannelName(target.channel);
  const known = isUnknownName ? await findChannelId(database, target.channel) : undefined;
  return known === undefined ? undefined : { ...target, channel: known };
}

/** Looking wants an id: from what was posted there before, or from Slack where it may be asked. */
export async function findIdOf({ database, web }: TargetDeps, name: string): Promise<string> {
  const known = await findChannelId(database, name);
  if (known !== undefined) return known;
  try {
    const channels = await web.listChannels();
    const found = channels.find((channel) => name === `#${channel.name}` || name === channel.name);
    return found?.channelId ?? name;
  } catch (error) {
    if (sortSlackError(error).kind === "permanent") return name; // Without the optional scope.
    throw error;
  }
}

/** As `outcomeOf`, for calls that post nothing: a lost answer is no more than a failed try. */
export async function beforePosting<T>(work: () => Promise<T>): Promise<T | DeliveryOutcome> {
  const outcome = await outcomeOf(work);
  return isUnknown(outcome) ? { kind: "retry", reason: outcome.reason } : outcome;
}

function isUnknown(
  outcome: unknown,
): outcome is Extract<DeliveryOutcome, { kind: "unknown-outcome" }> {
  return (
    typeof outcome === "object" &&
    outcome !== null &&
    "kind" in outcome &&
    outcome.kind === "unknown-outcome"
  );
}

/** What became of a call that may have done something. */
export async function outcomeOf<T>(work: () => Promise<T>): Promise<T | DeliveryOutcome> {
  try {
    return await work();
  } catch (error) {
    return sortSlackError(error);
  }
}
