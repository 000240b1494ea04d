/** Channels and direct messages: finding them by id or name, who is in them, what is unread. */
import { AppError } from "../../domain/errors.ts";
import { mentionedPeople } from "./mrkdwn.ts";
import type { Channel, Conversation, Person, PersonState } from "./protocol.ts";
import type { Slack } from "./state.ts";

export type Place =
  | { readonly kind: "channel"; readonly id: string; readonly channel: Channel }
  | { readonly kind: "dm"; readonly id: string; readonly person: Person };

export function findPerson(slack: Slack, userId: string): Person | undefined {
  return slack.team.people.find((person) => person.id === userId);
}

/** Each person has one DM with the bot, and its id follows from theirs. */
export function dmId(userId: string): string {
  return `D${userId.slice(1)}`;
}

/** By `C…` or `D…`. */
export function findPlace(slack: Slack, id: string): Place | undefined {
  const channel = slack.team.channels.find((candidate) => candidate.id === id);
  if (channel !== undefined) return { kind: "channel", id, channel };
  const person = slack.team.people.find((candidate) => dmId(candidate.id) === id);
  return person === undefined ? undefined : { kind: "dm", id, person };
}

/** By id, or by name with or without `#`. */
export function findPlaceByIdOrName(slack: Slack, text: string): Place | undefined {
  const name = text.startsWith("#") ? text.slice(1) : text;
  const channel = slack.team.channels.find((candidate) => candidate.name === name);
  return findPlace(slack, channel?.id ?? text);
}

export function membersOf(slack: Slack, place: Place): readonly string[] {
  return place.kind === "channel"
    ? place.channel.members
    : [place.person.id, slack.team.bot.userId];
}

export function isMember(slack: Slack, place: Place, userId: string): boolean {
  return membersOf(slack, place).includes(userId);
}

/** From the start, or because somebody archived it since. */
export function isArchived(slack: Slack, channel: Channel): boolean {
  return channel.isArchived || slack.state.archived.has(channel.id);
}

/** The side bar of one person. Archived while one looks, a channel can still be read. */
export function personState(slack: Slack, userId: string): PersonState {
  const joined = slack.team.channels.filter(
    (channel) => channel.members.includes(userId) && !channel.isArchived,
  );
  return {
    conversations: [
      ...joined.map((channel) => conversation(slack, userId, channel)),
      conversation(slack, userId, { id: dmId(userId), name: slack.manifest.botName }),
    ],
  };
}

export function markRead(slack: Slack, userId: string, channel: string): void {
  const last = slack.state.messages.get(channel)?.at(-1);
  if (last === undefined) return;
  slack.state.lastRead.set(`${userId} ${channel}`, last.ts);
  slack.notify([userId], { kind: "conversations" });
}

function conversation(
  slack: Slack,
  userId: string,
  { id, name }: { readonly id: string; readonly name: string },
): Conversation {
  const kind = id.startsWith("D") ? "dm" : "channel";
  const lastReadTs = slack.state.lastRead.get(`${userId} ${id}`) ?? "0000000000.000000";
  const unread = (slack.state.messages.get(id) ?? []).filter(
    (message) =>
      message.ts > lastReadTs &&
      message.author !== userId &&
      message.ephemeralFor === null &&
      (message.threadTs === null || message.isBroadcast),
  );
  const isCalled = unread.some(
    (message) =>
      mentionedPeople(message.text).includes(userId) ||
      slack.state.broadcasts.some((call) => call.ts === message.ts && call.channel === id),
  );
  return {
    id,
    kind,
    name,
    unreadCount: unread.length,
    isHighlighted: unread.length > 0 && (kind === "dm" || isCalled),
    lastReadTs,
    isReadOnly: kind === "dm" && slack.manifest.isMessagesTabReadOnly,
  };
}

export function personFor(slack: Slack, userId: string): Person {
  const person = findPerson(slack, userId);
  if (person === undefined) throw notFound(`no person ${userId}`);
  return person;
}

/** A conversation that the person takes part in. */
export function placeFor(slack: Slack, userId: string, channel: string): Place {
  const place = findPlace(slack, channel);
  if (place === undefined || !isMember(slack, place, personFor(slack, userId).id)) {
    throw notFound(`${userId} is in no channel ${channel}`);
  }
  return place;
}

export function invalid(message: string): AppError {
  return new AppError({ code: "invalid", message });
}

export function notFound(message: string): AppError {
  return new AppError({ code: "not-found", message });
}
