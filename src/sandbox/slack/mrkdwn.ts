/**
 * Slack's control sequences in text: what a composer makes of what people type, what a command's
 * text looks like to the bot, and which texts call a whole channel.
 */
import { isJsonObject } from "./json.ts";
import type { BlockJson } from "./protocol.ts";
import type { SlackTeam } from "./workspace.ts";

export type BroadcastRange = "channel" | "here" | "everyone";

const HANDLE = /(^|\s)@([a-z0-9][a-z0-9._-]*)/g;
const CHANNEL = /(^|\s)#([a-z0-9][a-z0-9_-]*)/g;

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** What Slack's composer sends for a typed line: escaped, with people and channels linked. */
export function composed(team: SlackTeam, typed: string): string {
  return escapeText(typed)
    .replace(HANDLE, (whole, space: string, handle: string) => {
      if (["channel", "here", "everyone"].includes(handle)) return `${space}<!${handle}>`;
      const person = team.people.find((candidate) => candidate.handle === handle);
      return person === undefined ? whole : `${space}<@${person.id}>`;
    })
    .replace(CHANNEL, (whole, space: string, name: string) => {
      const channel = team.channels.find((candidate) => candidate.name === name);
      return channel === undefined ? whole : `${space}<#${channel.id}|${name}>`;
    });
}

/** The text of a command whose manifest says `should_escape`. */
export function escapedCommandText(team: SlackTeam, typed: string): string {
  return escapeText(typed)
    .replace(HANDLE, (whole, space: string, handle: string) => {
      const person = team.people.find((candidate) => candidate.handle === handle);
      return person === undefined ? whole : `${space}<@${person.id}|${handle}>`;
    })
    .replace(CHANNEL, (whole, space: string, name: string) => {
      const channel = team.channels.find((candidate) => candidate.name === name);
      return channel === undefined ? whole : `${space}<#${channel.id}|${name}>`;
    })
    .replace(/(^|\s)(https?:\/\/[^\s|]+)/g, "$1<$2>");
}

/** The ids of people whom `text` mentions. */
export function mentionedPeople(text: string): readonly string[] {
  return [...text.matchAll(/<@([UW][A-Z0-9]+)(?:\|[^>]*)?>/g)].map((match) => match[1] ?? "");
}

/**
 * Every call to a whole channel in a message: in its text, in mrkdwn and markdown of its blocks, and
 * as rich text. Plain text is literal, so it calls nobody.
 */
export function broadcastsIn(
  text: string,
  blocks: readonly BlockJson[],
): readonly BroadcastRange[] {
  return [...broadcastsInText(text), ...blocks.flatMap(broadcastsInNode)];
}

function broadcastsInNode(node: unknown): readonly BroadcastRange[] {
  if (Array.isArray(node)) return node.flatMap(broadcastsInNode);
  if (!isJsonObject(node)) return [];
  if (node["type"] === "broadcast") return [rangeOf(node["range"])];
  const text = node["text"];
  if ((node["type"] === "mrkdwn" || node["type"] === "markdown") && typeof text === "string") {
    return broadcastsInText(text);
  }
  return Object.values(node).flatMap(broadcastsInNode);
}

function broadcastsInText(text: string): readonly BroadcastRange[] {
  return [...text.matchAll(/<!(channel|here|everyone)(?:\|[^>]*)?>/g)].map((match) =>
    rangeOf(match[1]),
  );
}

function rangeOf(value: unknown): BroadcastRange {
  return value === "here" || value === "everyone" ? value : "channel";
}
