/** Messages: posting, editing, deleting, and which of them a person sees. Checks no permissions. */
import { findPlace, membersOf } from "./conversations.ts";
import { broadcastsIn } from "./mrkdwn.ts";
import type { ShownMessage } from "./protocol.ts";
import { nextTs, type Slack, type StoredMessage } from "./state.ts";

export interface Draft {
  readonly channel: string;
  readonly author: string;
  readonly text: string;
  readonly blocks?: StoredMessage["blocks"];
  readonly threadTs?: string | null;
  readonly isBroadcast?: boolean;
  readonly metadata?: StoredMessage["metadata"];
  readonly ephemeralFor?: string | null;
}

/** Stores a message and tells everyone who sees it. */
export function postMessage(slack: Slack, draft: Draft): StoredMessage {
  const message: StoredMessage = {
    blocks: [],
    threadTs: null,
    isBroadcast: false,
    metadata: null,
    ephemeralFor: null,
    ...draft,
    ts: nextTs(slack),
    editedTs: null,
  };
  const sofar = slack.state.messages.get(message.channel);
  if (sofar === undefined) slack.state.messages.set(message.channel, [message]);
  else sofar.push(message);
  recordBroadcasts(slack, message);
  announce(slack, message, "posted");
  return message;
}

export type Edit = Partial<Pick<StoredMessage, "text" | "blocks" | "metadata">>;

/** Changes a message in place. People see "(edited)" when its text changed. */
export function editMessage(slack: Slack, message: StoredMessage, edit: Edit): StoredMessage {
  const isTextChanged = edit.text !== undefined && edit.text !== message.text;
  const edited: StoredMessage = {
    ...message,
    ...edit,
    editedTs: isTextChanged ? nextTs(slack) : message.editedTs,
  };
  const list = slack.state.messages.get(message.channel) ?? [];
  const index = list.findIndex((candidate) => candidate.ts === message.ts);
  if (index >= 0) list[index] = edited;
  recordBroadcasts(slack, edited);
  announce(slack, edited, "edited");
  return edited;
}

export function deleteMessage(slack: Slack, message: StoredMessage): void {
  const list = slack.state.messages.get(message.channel) ?? [];
  const kept = list.filter((candidate) => candidate.ts !== message.ts);
  slack.state.messages.set(message.channel, kept);
  announce(slack, message, "deleted");
}

export function findMessage(slack: Slack, channel: string, ts: string): StoredMessage | undefined {
  return slack.state.messages.get(channel)?.find((message) => message.ts === ts);
}

/** What `viewer` sees of a channel, oldest first; a thread when `threadTs` names its parent. */
export function shownMessages(
  slack: Slack,
  { channel, viewer, threadTs }: { channel: string; viewer: string; threadTs?: string | undefined },
): readonly ShownMessage[] {
  const all = slack.state.messages.get(channel) ?? [];
  const visible = all.filter(
    (message) => message.ephemeralFor === null || message.ephemeralFor === viewer,
  );
  const listed = visible.filter((message) =>
    threadTs === undefined
      ? message.threadTs === null || message.isBroadcast
      : message.ts === threadTs || message.threadTs === threadTs,
  );
  return listed.map((message) => shown(slack, message, visible));
}

function shown(
  slack: Slack,
  message: StoredMessage,
  visible: readonly StoredMessage[],
): ShownMessage {
  const replies = visible.filter(
    (candidate) => candidate.threadTs === message.ts && candidate.ephemeralFor === null,
  );
  return {
    channel: message.channel,
    ts: message.ts,
    threadTs: message.threadTs,
    author: message.author,
    isBot: message.author === slack.team.bot.userId,
    text: message.text,
    blocks: message.blocks,
    isEphemeral: message.ephemeralFor !== null,
    isEdited: message.editedTs !== null,
    replyCount: replies.length,
    lastReplyTs: replies.at(-1)?.ts ?? null,
  };
}

function recordBroadcasts(
  slack: Slack,
  { channel, ts, author, text, blocks }: StoredMessage,
): void {
  for (const range of new Set(broadcastsIn(text, blocks))) {
    slack.state.broadcasts.push({ channel, ts, author, range });
  }
}

function announce(
  slack: Slack,
  message: StoredMessage,
  change: "posted" | "edited" | "deleted",
): void {
  const place = findPlace(slack, message.channel);
  const audience = place === undefined ? [] : membersOf(slack, place);
  const { channel, ts, threadTs, ephemeralFor } = message;
  const viewers = ephemeralFor === null ? audience : [ephemeralFor];
  slack.notify(viewers, { kind: "message", change, channel, ts, threadTs });
  slack.notify(viewers, { kind: "conversations" });
}
