/**
 * The JSON protocol between the sandbox's web page and the fake Slack: what a Slack client asks its
 * servers for. The page imports nothing but this file. All requests name the person who looks or
 * acts; there are no passwords in a sandbox. Fields of Slack's own objects (blocks, options, views)
 * keep Slack's spelling, everything else is ours.
 *
 * Requests with a body are POSTs with `content-type: application/json`. Wrong requests get status
 * 400 or 404 and a `Problem`; what the bot did wrong is no wrong request but an `Outcome`.
 *
 * Terms
 * - person: a human of the workspace, by its user id (`U…`)
 * - container: what an interactive element stands in: a message or a view
 * - entered value: what a person typed or chose, before Slack turns it into `state.values`
 */

export const SANDBOX_API = "/sandbox/api";

/** Every route, relative to `SANDBOX_API`, with its query or body and its answer. */
export interface SandboxRoutes {
  "GET /workspace": { readonly answer: SlackWorkspace };
  /** The side bar of one person. */
  "GET /state": { readonly query: { readonly user: string }; readonly answer: PersonState };
  /** Oldest first. With `thread` the parent and its replies; without it no replies. Marks nothing as read. */
  "GET /messages": {
    readonly query: { readonly user: string; readonly channel: string; readonly thread?: string };
    readonly answer: { readonly messages: readonly ShownMessage[] };
  };
  "GET /home": { readonly query: { readonly user: string }; readonly answer: ShownHome };
  /** The open modal stack, the one on top last; empty when no modal is open. */
  "GET /modals": {
    readonly query: { readonly user: string };
    readonly answer: { readonly views: readonly ShownView[] };
  };
  /** Server-Sent Events: each `data:` line is one `ChangeNotice`; a comment line every 15 s keeps it open. */
  "GET /events": { readonly query: { readonly user: string }; readonly answer: ChangeNotice };
  "POST /messages": { readonly body: PostRequest; readonly answer: Outcome };
  "POST /read": { readonly body: ReadRequest; readonly answer: Outcome };
  "POST /commands": { readonly body: CommandRequest; readonly answer: Outcome };
  "POST /actions": { readonly body: ActionRequest; readonly answer: Outcome };
  "POST /options": { readonly body: OptionsRequest; readonly answer: OptionsOutcome };
  "POST /shortcuts": { readonly body: ShortcutRequest; readonly answer: Outcome };
  /** Tells the bot that the person opened its App Home; the view arrives with a `home` notice. */
  "POST /home": { readonly body: OpenHomeRequest; readonly answer: Outcome };
  "POST /modals/submit": { readonly body: SubmitRequest; readonly answer: SubmitOutcome };
  "POST /modals/close": { readonly body: CloseRequest; readonly answer: Outcome };
  /** Makes the next Web API calls of the bot fail. */
  "POST /faults": { readonly body: FaultRequest; readonly answer: Outcome };
  "POST /faults/clear": { readonly body: Record<string, never>; readonly answer: Outcome };
}

// What the page shows

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

// What a person does

/** A plain message; `<`, `>` and `&` are escaped and `@handle`, `#channel` linked as Slack's composer does. */
export interface PostRequest {
  readonly user: string;
  readonly channel: string;
  readonly text: string;
  readonly threadTs?: string;
}

/** The person has seen everything in `channel`. */
export interface ReadRequest {
  readonly user: string;
  readonly channel: string;
}

export interface CommandRequest {
  readonly user: string;
  readonly channel: string;
  /** The whole line as typed: "/claude-spend search 7d". */
  readonly text: string;
}

export type Container =
  | { readonly type: "message"; readonly channel: string; readonly ts: string }
  | { readonly type: "view"; readonly viewId: string };

/**
 * Text, number (as text), date "2026-11-23", time "09:30", seconds of a datetimepicker (as text), an
 * option's `value`, or an id of a user, channel or conversation; a list for multi-selects and
 * checkboxes; null for empty.
 */
export type EnteredValue = string | readonly string[] | null;

/** By block_id, then action_id. What is not named keeps its initial value. */
export type EnteredValues = Readonly<Record<string, Readonly<Record<string, EnteredValue>>>>;

/** A click or a choice. Confirmation dialogs are the page's business and come before. */
export interface ActionRequest {
  readonly user: string;
  readonly container: Container;
  readonly blockId: string;
  readonly actionId: string;
  /** What was chosen or typed; left out for buttons. */
  readonly value?: EnteredValue;
  /** What stands in the other fields of the same container. */
  readonly entered?: EnteredValues;
}

/** What the person has typed into an external select. */
export interface OptionsRequest {
  readonly user: string;
  readonly container: Container;
  readonly blockId: string;
  readonly actionId: string;
  readonly value: string;
}

export interface ShortcutRequest {
  readonly user: string;
  readonly callbackId: string;
}

export interface OpenHomeRequest {
  readonly user: string;
  readonly tab?: "home" | "messages";
}

export interface SubmitRequest {
  readonly user: string;
  readonly viewId: string;
  readonly entered: EnteredValues;
}

export interface CloseRequest {
  readonly user: string;
  readonly viewId: string;
  /** The whole stack was closed with the cross, not only the top view. */
  readonly isCleared: boolean;
}

export const FAULT_KINDS = [
  "ratelimited",
  "http_500",
  "drop_before",
  "drop_after",
  "slow",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultRequest {
  readonly kind: FaultKind;
  /** A Web API method; left out: every method. */
  readonly method?: string;
  /** Only calls for this channel (id or `#name`). */
  readonly channel?: string;
  /** How many calls; left out: 1. */
  readonly times?: number;
  readonly retryAfterSeconds?: number;
  readonly delayMs?: number;
}

// What came of it

/** Slack's words for a bot that did not do its part. */
export type DispatchError =
  | "dispatch_failed"
  | "dispatch_unknown_error"
  | "operation_timeout"
  | "app_missing_action_url"
  | "invalid_command_response";

export type Outcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly error: DispatchError;
      /** As Slack shows it: `/claude-spend failed with the error "dispatch_failed"`. */
      readonly message: string;
    };

export type SubmitOutcome =
  | Outcome
  /** The modal stays open; one sentence by block_id, to be shown under that input. */
  | {
      readonly ok: false;
      readonly error: "field_errors";
      readonly errors: Readonly<Record<string, string>>;
    };

export type OptionsOutcome =
  | {
      readonly ok: true;
      readonly options: readonly OptionJson[];
      readonly optionGroups: readonly {
        readonly label: TextJson;
        readonly options: readonly OptionJson[];
      }[];
    }
  | Extract<Outcome, { readonly ok: false }>;

/** Status 400 or 404: the request itself was wrong. */
export interface Problem {
  readonly error: string;
}
