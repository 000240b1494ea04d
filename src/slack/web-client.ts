/**
 * `SlackWeb` over Slack's own client. One attempt a call, with a time limit: when to try again is
 * the outbox's business, and the SDK's blind retries post twice (slackapi/node-slack-sdk's default
 * is ten). Never pass `headers` to the SDK: it writes the token into the given object.
 */
import { type UsersInfoResponse, WebClient } from "@slack/web-api";
import pino, { type Logger } from "pino";
import { AppError } from "../domain/errors.ts";
import { boltLog } from "./bolt-log.ts";
import { memberCalls } from "./channel-members.ts";
import type { DataBlocksDeps } from "./charts/data-blocks.ts";
import { pictureUploads } from "./charts/pictures.ts";
import { withDataBlocks } from "./charts/sending.ts";
import { findMessage, METADATA_EVENT_TYPE } from "./find-message.ts";
import type { SlackChannel, SlackUser, SlackWeb } from "./web.ts";
import { slackFailure, sortSlackError } from "./web-errors.ts";

/** Longer than Slack ever takes when healthy; well below the sender's lease. */
const CALL_TIMEOUT_MS = 10_000;
const CHANNELS_PER_PAGE = 1_000; // Slack's most.
const CHANNEL_PAGES_MAX = 20; // Larger workspaces are not looked through while somebody waits.

export interface SlackWebOptions {
  readonly token: string;
  /** Another root than https://slack.com/api/, for example a stand-in. */
  readonly apiUrl?: string;
  /** For the SDK's warnings; the default is silence, since every failure is thrown as well. */
  readonly log?: Logger;
  readonly timeoutMs?: number;
  /** Of a token of an Enterprise Grid: which of its workspaces is meant. */
  readonly slackTeamId?: string | undefined;
  /** Absent: charts and tables are sent as they are, also to a workspace that refuses them. */
  readonly dataBlocks?: DataBlocksDeps | undefined;
}

/** Every failure is an `AppError` whose cause `sortSlackError` understands. */
export function createSlackWeb(options: SlackWebOptions): SlackWeb {
  const client = new WebClient(options.token, {
    timeout: options.timeoutMs ?? CALL_TIMEOUT_MS,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    ...(options.apiUrl === undefined ? {} : { slackApiUrl: withSlash(options.apiUrl) }),
    ...(options.slackTeamId === undefined ? {} : { teamId: options.slackTeamId }),
    logger: boltLog(options.log ?? pino({ level: "silent" })),
  });
  const people = { ...userCalls(client), ...memberCalls(client) };
  const web = { ...messageCalls(client), ...people, ...viewCalls(client) };
  if (options.dataBlocks === undefined) return web;
  const upload = pictureUploads(client, options.dataBlocks.log);
  return { ...web, ...withDataBlocks(web, { ...options.dataBlocks, upload }) };
}

function withSlash(url: string): string {
  return url.endsWith("/") ? url : `${url}/`;
}

async function call<T>(method: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw slackFailure(method, error);
  }
}

type MessageCalls = Pick<
  SlackWeb,
  "postMessage" | "updateMessage" | "findMessage" | "openDirectMessage" | "listChannels"
>;

function messageCalls(client: WebClient): MessageCalls {
  return {
    async postMessage({ channel, threadTs, text, blocks, dedupeKey }) {
      const posted = await call(
        "chat.postMessage",
        async () =>
          await client.chat.postMessage({
            channel,
            ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
            text,
            blocks: [...blocks],
            unfurl_links: false,
            unfurl_media: false,
            metadata: { event_type: METADATA_EVENT_TYPE, event_payload: { dedupe_key: dedupeKey } },
          }),
      );
      return {
        channelId: required(posted.channel, "chat.postMessage: channel"),
        ts: required(posted.ts, "chat.postMessage: ts"),
      };
    },

    async updateMessage({ channel, ts, text, blocks }) {
      await call(
        "chat.update",
        async () => await client.chat.update({ channel, ts, text, blocks: [...blocks] }),
      );
    },

    async findMessage(query) {
      return await findMessage(client, query);
    },

    async listChannels() {
      const channels: SlackChannel[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < CHANNEL_PAGES_MAX; page += 1) {
        const from = cursor === undefined ? {} : { cursor };
        // oxlint-disable-next-line no-await-in-loop -- a page says where the next one begins
        const listed = await call(
          "conversations.list",
          async () =>
            await client.conversations.list({
              types: "public_channel,private_channel",
              limit: CHANNELS_PER_PAGE,
              ...from,
            }),
        );
        for (const { id, name, is_archived: isArchived = false } of listed.channels ?? []) {
          if (id !== undefined && name !== undefined)
            channels.push({ channelId: id, name, isArchived });
        }
        cursor = listed.response_metadata?.next_cursor;
        if (cursor === undefined || cursor === "") return channels;
      }
      throw slackFailure("conversations.list", new Error("more channels than we look through"));
    },

    async openDirectMessage(slackUserId) {
      const opened = await call(
        "conversations.open",
        async () => await client.conversations.open({ users: slackUserId }),
      );
      return required(opened.channel?.id, "conversations.open: channel.id");
    },
  };
}

type UserCalls = Pick<
  SlackWeb,
  "authTest" | "findUserByEmail" | "loadUser" | "listUserGroupMembers" | "listUserGroups"
>;

function userCalls(client: WebClient): UserCalls {
  let home: Promise<HomeTeam> | undefined;
  /** Our own workspace never changes while a token lives; a failed look is not remembered. */
  async function homeTeam(): Promise<HomeTeam> {
    home ??= loadHomeTeam(client).catch((error: unknown) => {
      home = undefined;
      throw error;
    });
    return await home;
  }

  return {
    async authTest() {
      const answer = await call("auth.test", async () => await client.auth.test());
      return {
        slackTeamId: required(answer.team_id, "auth.test: team_id"),
        botUserId: required(answer.user_id, "auth.test: user_id"),
        scopes: answer.response_metadata?.scopes ?? [],
      };
    },

    async findUserByEmail(email) {
      try {
        const { user } = await client.users.lookupByEmail({ email });
        const found = slackUserFrom(user, await homeTeam());
        return found.email === undefined ? undefined : found;
      } catch (error) {
        if (sortSlackError(error).reason === "users_not_found") return undefined;
        throw error instanceof AppError ? error : slackFailure("users.lookupByEmail", error);
      }
    },

    async loadUser(slackUserId) {
      const { user } = await call(
        "users.info",
        async () => await client.users.info({ user: slackUserId }),
      );
      return slackUserFrom(user, await homeTeam());
    },

    async listUserGroups() {
      const { usergroups = [] } = await call(
        "usergroups.list",
        async () => await client.usergroups.list({ include_disabled: false, include_users: true }),
      );
      return usergroups.flatMap(({ id, handle, name, users = [] }) =>
        id === undefined
          ? []
          : [{ id, handle: handle ?? id, name: name ?? handle ?? id, memberIds: users }],
      );
    },

    async listUserGroupMembers(handle) {
      const name = handle.replace(/^@/, "").toLowerCase();
      const { usergroups = [] } = await call(
        "usergroups.list",
        async () => await client.usergroups.list({ include_disabled: false }),
      );
      const id = usergroups.find((group) => group.handle?.toLowerCase() === name)?.id;
      if (id === undefined) return undefined;
      const { users = [] } = await call(
        "usergroups.users.list",
        async () => await client.usergroups.users.list({ usergroup: id }),
      );
      return users;
    },
  };
}

interface HomeTeam {
  readonly slackTeamId: string;
  readonly enterpriseId: string | undefined;
}

async function loadHomeTeam(client: WebClient): Promise<HomeTeam> {
  const answer = await call("auth.test", async () => await client.auth.test());
  return {
    slackTeamId: required(answer.team_id, "auth.test: team_id"),
    enterpriseId: answer.enterprise_id,
  };
}

/**
 * Authority here hangs on the e-mail address. Someone of another organization in a shared channel
 * has whatever address their own admins gave them, so theirs is not passed on.
 */
function slackUserFrom(user: UsersInfoResponse["user"], home: HomeTeam): SlackUser {
  const slackUserId = required(user?.id, "users.info: user.id");
  const isOurs =
    user?.team_id === home.slackTeamId ||
    (home.enterpriseId !== undefined && user?.enterprise_user?.enterprise_id === home.enterpriseId);
  const isTrusted =
    isOurs &&
    user.is_stranger !== true &&
    user.deleted !== true &&
    user.is_email_confirmed !== false;
  return {
    slackUserId,
    email: isTrusted ? user.profile?.email : undefined,
    ...(user?.is_bot === true ? { isBot: true } : {}),
    displayName:
      firstFilled(user?.profile?.display_name, user?.real_name, user?.name) ?? slackUserId,
    timeZone: user?.tz,
    ...(isTrusted && (user.is_admin === true || user.is_owner === true)
      ? { isWorkspaceAdmin: true }
      : {}),
  };
}

function firstFilled(...texts: readonly (string | undefined)[]): string | undefined {
  return texts.find((text) => text !== undefined && text.trim() !== "");
}

function viewCalls(client: WebClient): Pick<SlackWeb, "openView" | "updateView" | "publishHome"> {
  return {
    async openView(triggerId, view) {
      const opened = await call(
        "views.open",
        async () =>
          await client.views.open({
            trigger_id: triggerId,
            view: { ...view, blocks: [...view.blocks] },
          }),
      );
      return { viewId: required(opened.view?.id, "views.open: view.id") };
    },

    async updateView(viewId, view) {
      await call(
        "views.update",
        async () =>
          await client.views.update({
            view_id: viewId,
            view: { ...view, blocks: [...view.blocks] },
          }),
      );
    },

    async publishHome(slackUserId, view, replacing) {
      const published = await call(
        "views.publish",
        async () =>
          await client.views.publish({
            user_id: slackUserId,
            view: { ...view, blocks: [...view.blocks] },
            ...(replacing === undefined ? {} : { hash: replacing }),
          }),
      );
      return { hash: published.view?.hash };
    },
  };
}

/** A field that Slack documents as always there. Its absence says nothing about what was done. */
function required(value: string | undefined, field: string): string {
  if (value !== undefined && value !== "") return value;
  throw new AppError({ code: "internal", message: `Slack answered without ${field}` });
}
