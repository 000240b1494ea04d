/**
 * Everything the fake Slack remembers, in memory, and the part of it that survives a restart:
 * messages, read marks, App Homes and files. Modals, triggers and ephemeral messages do not, as in Slack.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { View } from "./block-kit.ts";
import type { Json } from "./json.ts";
import type { AppManifest } from "./manifest.ts";
import type { BroadcastRange } from "./mrkdwn.ts";
import type { BlockJson, ChangeNotice, OptionJson } from "./protocol.ts";
import type { SlackTeam } from "./workspace.ts";

export interface StoredMessage {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | null;
  /** A reply that is also shown in the channel (`reply_broadcast`). */
  readonly isBroadcast: boolean;
  readonly author: string;
  readonly text: string;
  readonly blocks: readonly BlockJson[];
  readonly metadata: Json | null;
  readonly editedTs: string | null;
  /** The only person who sees it. */
  readonly ephemeralFor: string | null;
}

export interface StoredView extends View {
  readonly id: string;
  readonly hash: string;
  readonly userId: string;
  readonly rootViewId: string;
  readonly previousViewId: string | null;
}

/** Someone called a whole channel. */
export interface Broadcast {
  readonly channel: string;
  readonly ts: string;
  readonly author: string;
  readonly range: BroadcastRange;
}

/** An uploaded file. */
export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly altText: string;
  /** What was announced; Slack counts. */
  readonly length: number;
  readonly content: Buffer | null;
  /** From when on messages may show it; null until its upload is completed. */
  readonly readyAt: number | null;
}

interface Trigger {
  readonly userId: string;
  readonly expiresAt: number;
  /** The modal that the trigger comes from, for `views.push`. */
  readonly viewId: string | null;
  isExchanged: boolean;
}

export interface ResponseUrl {
  readonly userId: string;
  readonly channel: string;
  /** The message whose element was used; null for a command. */
  readonly messageTs: string | null;
  readonly expiresAt: number;
  usesLeft: number;
}

export interface SlackState {
  /** By channel, oldest first. */
  readonly messages: Map<string, StoredMessage[]>;
  /** By `user channel`: the `ts` up to which the person has read. */
  readonly lastRead: Map<string, string>;
  readonly homes: Map<string, StoredView>;
  readonly views: Map<string, StoredView>;
  /** By person: view ids, the one on top last. */
  readonly stacks: Map<string, readonly string[]>;
  readonly triggers: Map<string, Trigger>;
  readonly responseUrls: Map<string, ResponseUrl>;
  /** What the bot last offered in an external select, by container, block and action. */
  readonly suggestions: Map<string, readonly OptionJson[]>;
  readonly broadcasts: Broadcast[];
  /** By file id. */
  readonly files: Map<string, StoredFile>;
  /** By the secret part of their address: the file that an upload is for. */
  readonly uploads: Map<string, string>;
  /** Types of blocks that this workspace does not know yet. */
  readonly refusedBlocks: Set<string>;
  /** Ids of channels that somebody archived. */
  readonly archived: Set<string>;
  lastMicros: number;
}

/** The fake Slack as its parts see it. */
export interface Slack {
  readonly team: SlackTeam;
  readonly manifest: AppManifest;
  readonly state: SlackState;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long Slack looks at an uploaded file before a message may show it. */
  readonly fileProcessingMs: number;
  /** Where this server is reachable, without a slash at the end. */
  readonly baseUrl: () => string;
  /** Tells the clients of these people; an empty list tells only those who wait for any change. */
  readonly notify: (userIds: readonly string[], notice: ChangeNotice) => void;
}

export function emptyState(): SlackState {
  return {
    messages: new Map(),
    lastRead: new Map(),
    homes: new Map(),
    views: new Map(),
    stacks: new Map(),
    triggers: new Map(),
    responseUrls: new Map(),
    suggestions: new Map(),
    broadcasts: [],
    files: new Map(),
    uploads: new Map(),
    refusedBlocks: new Set(),
    archived: new Set(),
    lastMicros: 0,
  };
}

/** Time and id of a message in one: strictly increasing, also when the clock stands still. */
export function nextTs(slack: Slack): string {
  const micros = Math.max(slack.now() * 1000, slack.state.lastMicros + 1);
  slack.state.lastMicros = micros;
  const seconds = Math.floor(micros / 1_000_000);
  return `${String(seconds)}.${String(Math.floor(micros % 1_000_000)).padStart(6, "0")}`;
}

/** An id in Slack's form: a letter for its kind and ten capitals or digits. */
export function newId(prefix: string): string {
  const digits = [...randomBytes(10)].map((byte) => (byte % 36).toString(36)).join("");
  return `${prefix}${digits.toUpperCase()}`;
}

/** The short ids that Slack makes for blocks and elements that have none. */
export function newBlockId(): string {
  return randomBytes(4).toString("base64url");
}

export function newSecret(): string {
  return randomBytes(18).toString("hex");
}

const json = z.record(z.string(), z.unknown());
const block = z.looseObject({ type: z.string(), block_id: z.string() });
const text = z
  .object({ type: z.literal("plain_text"), text: z.string(), emoji: z.boolean().optional() })
  .nullable();

const snapshotSchema = z.object({
  version: z.literal(1),
  lastMicros: z.number(),
  messages: z.array(
    z.object({
      channel: z.string(),
      ts: z.string(),
      threadTs: z.string().nullable(),
      isBroadcast: z.boolean(),
      author: z.string(),
      text: z.string(),
      blocks: z.array(block),
      metadata: json.nullable(),
      editedTs: z.string().nullable(),
      ephemeralFor: z.null(),
    }),
  ),
  lastRead: z.array(z.tuple([z.string(), z.string()])),
  homes: z.array(
    z.object({
      type: z.enum(["modal", "home"]),
      blocks: z.array(block),
      private_metadata: z.string(),
      callback_id: z.string(),
      external_id: z.string(),
      title: text,
      submit: text,
      close: text,
      clear_on_close: z.boolean(),
      notify_on_close: z.boolean(),
      id: z.string(),
      hash: z.string(),
      userId: z.string(),
      rootViewId: z.string(),
      previousViewId: z.string().nullable(),
    }),
  ),
  files: z
    .array(
      z.object({
        id: z.string(),
        name: z.string(),
        title: z.string(),
        altText: z.string(),
        length: z.number(),
        content: z.base64().transform((encoded) => Buffer.from(encoded, "base64")),
        readyAt: z.number(),
      }),
    )
    .default([]),
});

/** What a restart keeps, as plain JSON. */
export function takeSnapshot(state: SlackState): unknown {
  return {
    version: 1,
    lastMicros: state.lastMicros,
    messages: [...state.messages.values()]
      .flat()
      .filter((message) => message.ephemeralFor === null),
    lastRead: [...state.lastRead],
    homes: [...state.homes.values()],
    files: [...state.files.values()].flatMap((file) =>
      file.content === null || file.readyAt === null
        ? []
        : [{ ...file, content: file.content.toString("base64") }],
    ),
  };
}

/** Replaces what `state` keeps with a snapshot; throws when it is none. */
export function restoreSnapshot(state: SlackState, snapshot: unknown): void {
  const kept = snapshotSchema.parse(snapshot);
  state.messages.clear();
  state.lastRead.clear();
  state.homes.clear();
  state.files.clear();
  for (const message of kept.messages) {
    const sofar = state.messages.get(message.channel);
    if (sofar === undefined) state.messages.set(message.channel, [message]);
    else sofar.push(message);
  }
  for (const [key, ts] of kept.lastRead) state.lastRead.set(key, ts);
  for (const home of kept.homes) {
    state.homes.set(home.userId, home);
    state.views.set(home.id, home);
  }
  for (const file of kept.files) state.files.set(file.id, file);
  state.lastMicros = Math.max(state.lastMicros, kept.lastMicros);
}
