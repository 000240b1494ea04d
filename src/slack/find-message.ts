/**
 * Looks for a message of ours by the key in its metadata: among what was posted in a channel, or
 * under a message, since a moment. Only with the optional history scopes.
 */
import type { WebClient } from "@slack/web-api";
import { HOUR_MS } from "../domain/time.ts";
import type { PostedMessage, SlackWeb } from "./web.ts";
import { slackFailure, sortSlackError } from "./web-errors.ts";

/** By which we know our own messages again. */
export const METADATA_EVENT_TYPE = "claude_spend_message";
/** Two full pages are 1,998 messages since the first attempt: a channel that no one reads. */
const HISTORY_PAGES_MAX = 2;
const HISTORY_PAGE_MESSAGES = 999;
/** A clock of ours may be an hour off without a message coming twice; an hour is one page. */
const CLOCK_SKEW_MS = HOUR_MS;

/** History answers these when the scope was not granted or the bot is no member. */
const CANNOT_LOOK: ReadonlySet<string> = new Set([
  "missing_scope",
  "not_in_channel",
  "channel_not_found",
  "thread_not_found",
  "method_not_supported_for_channel_type",
]);

/** See `SlackWeb.findMessage`. */
export async function findMessage(
  client: WebClient,
  query: Parameters<SlackWeb["findMessage"]>[0],
): Promise<PostedMessage | "cannot-look" | undefined> {
  // History wants an id, and only scopes that we don't ask for would turn a name into one.
  if (query.channel.startsWith("#")) return "cannot-look";
  const oldest = ((query.since.getTime() - CLOCK_SKEW_MS) / 1_000).toFixed(6);
  let cursor: string | undefined;
  for (let page = 0; page < HISTORY_PAGES_MAX; page += 1) {
    try {
      const wanted = {
        channel: query.channel,
        oldest,
        limit: HISTORY_PAGE_MESSAGES,
        include_all_metadata: true,
        ...(cursor === undefined ? {} : { cursor }),
      };
      const history =
        query.threadTs === undefined
          ? await client.conversations.history(wanted)
          : await client.conversations.replies({ ...wanted, ts: query.threadTs });
      const ts = (history.messages ?? []).find(
        (message) => keyOf(message.metadata) === query.dedupeKey,
      )?.ts;
      if (ts !== undefined) return { channelId: query.channel, ts };
      cursor = history.response_metadata?.next_cursor ?? "";
      if (cursor === "") return undefined;
    } catch (error) {
      const verdict = sortSlackError(error);
      if (verdict.kind === "permanent" && CANNOT_LOOK.has(verdict.reason)) return "cannot-look";
      throw slackFailure("conversations.history", error);
    }
  }
  return "cannot-look";
}

function keyOf(metadata: unknown): string | undefined {
  const { event_type, event_payload } = record(metadata);
  const key = record(event_payload)["dedupe_key"];
  return event_type === METADATA_EVENT_TYPE && typeof key === "string" ? key : undefined;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
