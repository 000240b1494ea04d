/**
 * Second half of the protocol between page and fake Slack: what a person does, and what came of it.
 * The page imports it through `protocol.ts`.
 */
import type { OptionJson, TextJson } from "./protocol-shown.ts";

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
  "refuse_blocks",
  "archive",
  "unarchive",
] as const;
type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultRequest {
  readonly kind: FaultKind;
  /** A Web API method; left out: every method. */
  readonly method?: string;
  /** Only calls for this channel (id or `#name`); the one that somebody archives or takes back. */
  readonly channel?: string;
  /** How many calls; left out: 1. */
  readonly times?: number;
  readonly retryAfterSeconds?: number;
  readonly delayMs?: number;
  /** Of `refuse_blocks`, which lasts until it is cleared: the types that the workspace does not know. */
  readonly blockTypes?: readonly string[];
}

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
