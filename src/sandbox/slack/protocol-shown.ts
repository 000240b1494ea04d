/**
 * What a page shows, in the protocol between page and fake Slack: people, conversations, messages,
 * views, and the notices that something of it changed. The page imports it through `protocol.ts`.
 */

export interface SlackWorkspace {
  readonly slackTeamId: string;
  readonly name: string;
  readonly bot: {
    readonly userId: string;
    readonly botId: string;
    readonly appId: string;
    readonly name: string;
    /** CSS colour of the generated avatar. */
    readonly color: string;
  };
  readonly people: readonly Person[];
  readonly channels: readonly Channel[];
  readonly usergroups: readonly Usergroup[];
  readonly commands: readonly SlashCommand[];
  readonly shortcuts: readonly GlobalShortcut[];
}

export interface Person {
  readonly id: string;
  /** The handle after `@`, for example `dana`. */
  readonly handle: string;
  readonly name: string;
  readonly email: string;
  readonly title: string;
  /** CSS colour of the generated avatar. */
  readonly color: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly isAdmin: boolean;
}

export interface Channel {
  readonly id: string;
  /** Without `#`. */
  readonly name: string;
  readonly isPrivate: boolean;
  readonly isArchived: boolean;
  readonly purpose: string;
  /** User ids, the bot's included. */
  readonly members: readonly string[];
}

export interface Usergroup {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly members: readonly string[];
}

export interface SlashCommand {
  /** With its slash: `/claude-spend`. */
  readonly command: string;
  readonly description: string;
  readonly usageHint: string;
}

export interface GlobalShortcut {
  readonly callbackId: string;
  readonly name: string;
  readonly description: string;
}

export interface PersonState {
  /** Channels that the person is a member of, then the DM with the bot. */
  readonly conversations: readonly Conversation[];
}

export interface Conversation {
  /** `C…` for channels, `D…` for the DM with the bot. */
  readonly id: string;
  readonly kind: "channel" | "dm";
  /** `team-search`, or the bot's name. */
  readonly name: string;
  readonly unreadCount: number;
  /** The person was mentioned in something unread (or it is a DM). */
  readonly isHighlighted: boolean;
  readonly lastReadTs: string;
  /** People cannot write here; the page shows no composer but commands. */
  readonly isReadOnly: boolean;
}

/** Slack's own JSON of a block; always with `type` and, once accepted, `block_id`. */
export interface BlockJson {
  readonly type: string;
  readonly block_id: string;
  readonly [field: string]: unknown;
}

export interface TextJson {
  readonly type: "plain_text" | "mrkdwn";
  readonly text: string;
  readonly emoji?: boolean;
}

export interface OptionJson {
  readonly text: TextJson;
  readonly value: string;
  readonly description?: TextJson;
}

export interface ShownMessage {
  readonly channel: string;
  /** Slack's id and time of a message: "1712345678.123456". */
  readonly ts: string;
  /** The parent's `ts` for a reply, else null. */
  readonly threadTs: string | null;
  /** `U…`; the bot's user id for its messages. */
  readonly author: string;
  readonly isBot: boolean;
  readonly text: string;
  /** Empty: show `text` as mrkdwn. */
  readonly blocks: readonly BlockJson[];
  /** Only the asking person sees it ("Only visible to you"). */
  readonly isEphemeral: boolean;
  readonly isEdited: boolean;
  readonly replyCount: number;
  readonly lastReplyTs: string | null;
}

/** A modal, as it stands on the stack. */
export interface ShownView {
  readonly id: string;
  readonly hash: string;
  readonly callbackId: string;
  readonly title: TextJson;
  /** Null: no submit button. */
  readonly submit: TextJson | null;
  readonly close: TextJson | null;
  readonly blocks: readonly BlockJson[];
}

export interface ShownHome {
  /** Null until the bot has published one for this person. */
  readonly viewId: string | null;
  readonly hash: string | null;
  readonly blocks: readonly BlockJson[];
}

/** What changed for the listening person; the page fetches what it shows. */
export type ChangeNotice =
  | {
      readonly kind: "message";
      readonly change: "posted" | "edited" | "deleted";
      readonly channel: string;
      readonly ts: string;
      readonly threadTs: string | null;
    }
  /** Unread counts changed or a conversation appeared: fetch `/state`. */
  | { readonly kind: "conversations" }
  /** The modal stack changed: fetch `/modals`. */
  | { readonly kind: "modals" }
  | { readonly kind: "home" };
