/**
 * Who is in a private channel, with the optional scope `groups:read`: what is posted there is read
 * by all of them. Public channels are open to everybody, so nobody lists their members.
 */
import type { WebClient } from "@slack/web-api";
import type { SlackWeb } from "./web.ts";
import { slackFailure, sortSlackError } from "./web-errors.ts";

const PER_PAGE = 1_000; // Slack's most.
/** A private channel with more people holds no secrets. */
const PAGES_MAX = 20;

/** What Slack answers without the scope, or where the bot is not in the channel. */
const CANNOT_LOOK: ReadonlySet<string> = new Set([
  "missing_scope",
  "no_permission",
  "not_in_channel",
  "channel_not_found",
]);

export function memberCalls(client: WebClient): Pick<SlackWeb, "listPrivateMembers"> {
  return {
    async listPrivateMembers(channel) {
      try {
        const id = await findPrivateChannel(client, channel);
        return id === undefined ? undefined : await listMembers(client, id);
      } catch (error) {
        if (CANNOT_LOOK.has(sortSlackError(error).reason)) return undefined;
        throw slackFailure("conversations.members", error);
      }
    },
  };
}

/** Its id; undefined when it is public or there is none. */
async function findPrivateChannel(client: WebClient, channel: string): Promise<string | undefined> {
  if (!channel.startsWith("#")) {
    const { channel: found } = await client.conversations.info({ channel });
    return found?.is_private === true ? channel : undefined;
  }
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- a page says where the next one begins
    const listed = await client.conversations.list({
      types: "private_channel",
      limit: PER_PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const found = listed.channels?.find(({ name }) => `#${name ?? ""}` === channel);
    if (found !== undefined) return found.id;
    cursor = listed.response_metadata?.next_cursor;
    if (cursor === undefined || cursor === "") return undefined;
  }
  return undefined;
}

async function listMembers(client: WebClient, channel: string): Promise<readonly string[]> {
  const members: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- a page says where the next one begins
    const listed = await client.conversations.members({
      channel,
      limit: PER_PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    members.push(...(listed.members ?? []));
    cursor = listed.response_metadata?.next_cursor;
    if (cursor === undefined || cursor === "") break;
  }
  return members;
}
