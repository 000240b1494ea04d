/**
 * The part of Slack's Web API that we call, as one narrow interface, and what scope each call
 * needs. A test compares the scopes with manifest.yml, so that we never ask for more.
 *
 * Retries are not done here: the outbox plans them, since a blind retry of chat.postMessage posts
 * twice.
 */
import type { Block, HomeView, Modal } from "./blocks.ts";

export interface PostedMessage {
  readonly channelId: string;
  readonly ts: string;
}

export interface SlackUser {
  readonly slackUserId: string;
  readonly email: string | undefined;
  readonly displayName: string;
  readonly timeZone: string | undefined;
  /** Runs the Slack workspace, as its admin or owner. Absent: no. */
  readonly isWorkspaceAdmin?: boolean;
  /** An app, which reads nothing. Absent: no. */
  readonly isBot?: boolean;
}

export interface SlackChannel {
  readonly channelId: string;
  /** Without "#"; of another workspace than the first, as it is written: "T123/#finops". */
  readonly name: string;
  /** Of the first of several workspaces: its id without the workspace, as it may be written, too. */
  readonly bareId?: string;
  readonly isArchived: boolean;
}

export interface SlackUserGroup {
  readonly id: string;
  /** Without "@". */
  readonly handle: string;
  readonly name: string;
  /** Slack users. */
  readonly memberIds: readonly string[];
}

export interface SlackWeb {
  authTest(): Promise<{
    readonly slackTeamId: string;
    readonly botUserId: string;
    readonly scopes: readonly string[];
  }>;
  /**
   * `channel`: an id, or `#name` for a public channel. `dedupeKey` becomes message metadata.
   * `threadTs`: posts a reply under that message.
   */
  postMessage(message: {
    readonly channel: string;
    readonly threadTs?: string;
    readonly text: string;
    readonly blocks: readonly Block[];
    readonly dedupeKey: string;
  }): Promise<PostedMessage>;
  updateMessage(message: {
    readonly channel: string;
    readonly ts: string;
    readonly text: string;
    readonly blocks: readonly Block[];
  }): Promise<void>;
  /**
   * Our message with that key among what was posted since; undefined when there is none;
   * "cannot-look" when the bot may not read there or the channel's id is not known.
   */
  findMessage(query: {
    readonly channel: string;
    /** Looks among the replies under that message. */
    readonly threadTs?: string;
    readonly dedupeKey: string;
    readonly since: Date;
  }): Promise<PostedMessage | "cannot-look" | undefined>;
  openDirectMessage(slackUserId: string): Promise<string>;
  findUserByEmail(email: string): Promise<SlackUser | undefined>;
  loadUser(slackUserId: string): Promise<SlackUser>;
  /** Members of the user group with that handle; undefined when there is no such group. */
  listUserGroupMembers(handle: string): Promise<readonly string[] | undefined>;
  /** Every user group in use, with its members. */
  listUserGroups(): Promise<readonly SlackUserGroup[]>;
  /** Public channels, and the private ones that the bot was invited to. */
  listChannels(): Promise<readonly SlackChannel[]>;
  /**
   * Everybody in a private channel; undefined when it is public, or when the bot may not look there
   * (without the optional scope `groups:read`).
   */
  listPrivateMembers(channel: string): Promise<readonly string[] | undefined>;
  /** Whether a form that is opened through it can show that one as chosen. Absent: any. */
  readonly canChoose?: (placedId: string) => boolean;
  openView(triggerId: string, view: Modal): Promise<{ readonly viewId: string }>;
  updateView(viewId: string, view: Modal): Promise<void>;
  /**
   * Replaces what App Home shows that person; `hash` names what is there now. With `replacing` only
   * if that is what is there: else it fails with `hash_conflict`.
   */
  publishHome(
    slackUserId: string,
    view: HomeView,
    replacing?: string,
  ): Promise<{ readonly hash: string | undefined }>;
}

/** Scopes by call. Calls that need none are left out. */
export const SCOPES_BY_CALL = {
  postMessage: ["chat:write", "chat:write.public"],
  updateMessage: ["chat:write"],
  openDirectMessage: ["im:write"],
  findUserByEmail: ["users:read", "users:read.email"],
  loadUser: ["users:read", "users:read.email"],
  listUserGroupMembers: ["usergroups:read"],
  listUserGroups: ["usergroups:read"],
} as const satisfies Partial<Record<keyof SlackWeb, readonly string[]>>;

/**
 * Used when granted, done without when not. Only with the histories can the bot look for its own
 * message after an answer that got lost: without them an alert may be repeated, a digest never is.
 * Only with the channels' scopes can it tell that a channel of governance.yml does not exist, only
 * with the files' can it show a chart as a picture where the workspace shows no charts.
 */
export const OPTIONAL_SCOPES = [
  "channels:history",
  "channels:read",
  "files:write",
  "groups:history",
  "groups:read",
  "im:history",
] as const;
