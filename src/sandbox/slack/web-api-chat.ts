/** The `chat.*` methods: who may post where, and what a message may be. */
import { z } from "zod";
import { areBlocksTooLong, problemText } from "./block-kit.ts";
import {
  dmId,
  findPerson,
  findPlaceByIdOrName,
  isArchived,
  isMember,
  type Place,
} from "./conversations.ts";
import { isJsonObject, type Json } from "./json.ts";
import { validateMessage } from "./message-blocks.ts";
import { deleteMessage, editMessage, findMessage, postMessage } from "./messages.ts";
import { messageJson } from "./payloads.ts";
import type { Slack, StoredMessage } from "./state.ts";
import {
  type Answer,
  done,
  flag,
  jsonArgument,
  method,
  missingScope,
  refuse,
  refuseWith,
} from "./web-api-method.ts";

const TEXT_CHARS_MAX = 40_000;
/** `chat.update` is stricter than `chat.postMessage`. */
const UPDATE_TEXT_CHARS_MAX = 4000;
const METADATA_BYTES_MAX = 8000;

const content = {
  text: z.string().default(""),
  blocks: jsonArgument.optional(),
  metadata: jsonArgument.optional(),
  attachments: jsonArgument.optional(),
};

export const chatMethods = {
  "chat.postMessage": method(
    ["chat:write"],
    z.object({
      channel: z.string(),
      ...content,
      thread_ts: z.string().optional(),
      reply_broadcast: flag.default(false),
      username: z.string().optional(),
      icon_emoji: z.string().optional(),
      icon_url: z.string().optional(),
    }),
    (slack, args) => {
      const { username, icon_emoji, icon_url } = args;
      if ([username, icon_emoji, icon_url].some((value) => value !== undefined)) {
        const refusal = missingScope(slack, "chat:write.customize");
        if (refusal !== undefined) return refusal;
      }
      const target = writablePlace(slack, args.channel);
      if (!target.ok) return target.answer;
      const threadProblem = checkThread(slack, target.place.id, args.thread_ts);
      if (threadProblem !== undefined) return refuse(threadProblem);
      const checked = checkContent(slack, args, TEXT_CHARS_MAX);
      if (!checked.ok) return checked.answer;
      const message = postMessage(slack, {
        channel: target.place.id,
        author: slack.team.bot.userId,
        text: checked.text,
        blocks: checked.blocks ?? [],
        metadata: checked.metadata ?? null,
        threadTs: args.thread_ts ?? null,
        isBroadcast: args.reply_broadcast && args.thread_ts !== undefined,
      });
      return done({
        channel: message.channel,
        ts: message.ts,
        message: messageJson(slack, message, true),
      });
    },
  ),

  "chat.postEphemeral": method(
    ["chat:write"],
    z.object({
      channel: z.string(),
      user: z.string(),
      ...content,
      thread_ts: z.string().optional(),
    }),
    (slack, args) => {
      const target = writablePlace(slack, args.channel);
      if (!target.ok) return target.answer;
      if (!isMember(slack, target.place, args.user)) return refuse("user_not_in_channel");
      const checked = checkContent(slack, args, TEXT_CHARS_MAX);
      if (!checked.ok) return checked.answer;
      const message = postMessage(slack, {
        channel: target.place.id,
        author: slack.team.bot.userId,
        text: checked.text,
        blocks: checked.blocks ?? [],
        threadTs: args.thread_ts ?? null,
        ephemeralFor: args.user,
      });
      return done({ message_ts: message.ts });
    },
  ),

  /** A field that is left out keeps what the message had. */
  "chat.update": method(
    ["chat:write"],
    z.object({ channel: z.string(), ts: z.string(), ...content, text: z.string().optional() }),
    (slack, args) => {
      const found = ownMessage(slack, args, "cant_update_message");
      if (!found.ok) return found.answer;
      const { message } = found;
      const isSame = args.text === undefined && args.blocks === undefined;
      if (isSame && args.metadata === undefined) return refuse("no_text");
      const text = args.text ?? message.text;
      const kept =
        args.blocks === undefined ? { ...args, text, blocks: message.blocks } : { ...args, text };
      const checked = checkContent(slack, kept, UPDATE_TEXT_CHARS_MAX);
      if (!checked.ok) return checked.answer;
      const edited = editMessage(slack, message, {
        text,
        blocks: checked.blocks ?? message.blocks,
        metadata: checked.metadata ?? message.metadata,
      });
      const { channel, ts } = edited;
      return done({ channel, ts, text, message: messageJson(slack, edited, true) });
    },
  ),

  "chat.delete": method(
    ["chat:write"],
    z.object({ channel: z.string(), ts: z.string() }),
    (slack, args) => {
      const found = ownMessage(slack, args, "cant_delete_message");
      if (!found.ok) return found.answer;
      deleteMessage(slack, found.message);
      return done({ channel: found.message.channel, ts: found.message.ts });
    },
  ),
} as const;

interface Refused {
  readonly ok: false;
  readonly answer: Answer;
}

function stop(error: string): Refused {
  return { ok: false, answer: refuse(error) };
}

function stopWith(error: string, messages: readonly string[]): Refused {
  return { ok: false, answer: refuseWith(error, messages) };
}

/** Where the bot may post: its channels, public ones with `chat:write.public`, DMs by id or person. */
function writablePlace(
  slack: Slack,
  text: string,
): { readonly ok: true; readonly place: Place } | Refused {
  const { bot } = slack.team;
  if (text === bot.userId) return stop("cannot_dm_bot");
  const person = findPerson(slack, text);
  const place = findPlaceByIdOrName(slack, person === undefined ? text : dmId(person.id));
  if (place === undefined) return stop("channel_not_found");
  if (place.kind === "dm") {
    return slack.manifest.hasMessagesTab ? { ok: true, place } : stop("messages_tab_disabled");
  }
  const isIn = isMember(slack, place, bot.userId);
  if (!isIn && place.channel.isPrivate) return stop("channel_not_found");
  if (isArchived(slack, place.channel)) return stop("is_archived");
  if (!isIn && !slack.manifest.scopes.includes("chat:write.public")) return stop("not_in_channel");
  return { ok: true, place };
}

function checkThread(
  slack: Slack,
  channel: string,
  threadTs: string | undefined,
): string | undefined {
  if (threadTs === undefined) return undefined;
  if (!/^\d{10}\.\d{6}$/.test(threadTs)) return "invalid_thread_ts";
  const parent = findMessage(slack, channel, threadTs);
  if (parent === undefined) return "thread_not_found";
  return parent.threadTs === null && parent.ephemeralFor === null
    ? undefined
    : "cannot_reply_to_message";
}

function ownMessage(
  slack: Slack,
  { channel, ts }: { readonly channel: string; readonly ts: string },
  foreign: string,
): { readonly ok: true; readonly message: StoredMessage } | Refused {
  // Unlike chat.postMessage, these take no channel names.
  const place = channel.startsWith("#") ? undefined : findPlaceByIdOrName(slack, channel);
  if (place?.id !== channel) return stop("channel_not_found");
  const message = findMessage(slack, channel, ts);
  if (message === undefined || message.ephemeralFor !== null) return stop("message_not_found");
  return message.author === slack.team.bot.userId ? { ok: true, message } : stop(foreign);
}

type Checked =
  | {
      readonly ok: true;
      readonly text: string;
      readonly blocks: StoredMessage["blocks"] | undefined;
      readonly metadata: Json | undefined;
    }
  | Refused;

function checkContent(
  slack: Slack,
  args: {
    readonly text: string;
    readonly blocks?: unknown;
    readonly metadata?: unknown;
    readonly attachments?: unknown;
  },
  textCharsMax: number,
): Checked {
  if (args.attachments !== undefined) {
    // Legacy; showing messages without them would hide a difference to the real Slack.
    return stopWith("invalid_arguments", ["[ERROR] the sandbox takes no attachments"]);
  }
  if (args.blocks !== undefined && !Array.isArray(args.blocks)) {
    return stop("invalid_blocks_format");
  }
  if (args.text === "" && (args.blocks === undefined || args.blocks.length === 0)) {
    return stop("no_text");
  }
  if (args.text.length > textCharsMax) return stop("msg_too_long");
  const blocks = args.blocks === undefined ? undefined : validateMessage(slack, args.blocks);
  if (blocks?.ok === false) {
    return stopWith("invalid_blocks", blocks.problems.map(problemText));
  }
  if (blocks !== undefined && areBlocksTooLong(blocks.value)) return stop("msg_blocks_too_long");
  if (args.metadata !== undefined && !isMetadata(args.metadata)) {
    return stop("invalid_metadata_format");
  }
  const metadata = isMetadata(args.metadata) ? args.metadata : undefined;
  if (metadata !== undefined && Buffer.byteLength(JSON.stringify(metadata)) > METADATA_BYTES_MAX) {
    return stop("metadata_too_large");
  }
  return { ok: true, text: args.text, blocks: blocks?.value, metadata };
}

function isMetadata(value: unknown): value is Json {
  return (
    isJsonObject(value) &&
    typeof value["event_type"] === "string" &&
    value["event_type"] !== "" &&
    isJsonObject(value["event_payload"])
  );
}
