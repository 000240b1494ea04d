/**
 * What a feature says about the Slack surfaces it answers, as data. `app.ts` gives it to Bolt, and
 * a test compares it with manifest.yml. By the time `run` is called Slack has its acknowledgement,
 * so a slow database never shows as an error in Slack.
 */
import type { Email } from "../domain/email.ts";
import type { Modal, SlackMessage } from "./blocks.ts";
import type { SlackWeb } from "./web.ts";

/** Who did it, as Slack knows them; `email` is undefined when Slack does not tell us one. */
export interface SlackActor {
  readonly slackUserId: string;
  readonly slackTeamId: string;
  readonly email: Email | undefined;
}

interface Context {
  readonly actor: SlackActor;
  readonly web: SlackWeb;
}

/** Answers only the person who asked, where they asked. */
export type Respond = (message: SlackMessage) => Promise<void>;

export interface SubcommandContext extends Context {
  /** Where it was typed. */
  readonly channelId?: string;
  /** What follows the subcommand, trimmed. Mentions are still `<@U1|name>`. */
  readonly text: string;
  readonly triggerId: string;
  readonly respond: Respond;
  /**
   * A button typed it: nothing is changed, asked for or posted by one careless click. What would be is
   * shown as a form instead, or as what it is about.
   */
  readonly byClick?: true;
}

/** One verb of /claude-spend. */
export interface Subcommand {
  /** "raise"; an empty name is what runs when no other verb matches. */
  readonly name: string;
  /** For help: `raise SCOPE [AMOUNT] [until DATE] [reason…]`. */
  readonly usage: string;
  readonly description: string;
  readonly run: (context: SubcommandContext) => Promise<void>;
}

/** Where a button is. What is done in a message can be shown there; Home has no message. */
export type ActionSurface = "message" | "home";

export interface ActionListener {
  readonly actionId: string;
  readonly run: (
    context: Context & {
      /** The button's value. */
      readonly value: string;
      readonly surface: ActionSurface;
      readonly triggerId: string;
      /** Of the modal that the button is in, to show something else there. */
      readonly viewId?: string | undefined;
      readonly respond: Respond;
      /**
       * Shows this in place of the message with the button, at once and if Slack takes it; absent
       * where there is none. What must be shown goes through the outbox as well.
       */
      readonly replace?: Respond | undefined;
      /**
       * Answers in place of the message with the button; where Slack takes that no more, as a new
       * private answer. Absent where there is no message.
       */
      readonly show?: Respond | undefined;
      /** Of the message with the button; absent where there is none. */
      readonly channelId?: string | undefined;
    },
  ) => Promise<void>;
}

/**
 * Typed values of a modal, by block id; absent where the person left it empty. Several people or
 * options are one text, divided by commas: their ids have none.
 */
export type ViewValues = Readonly<Record<string, string | undefined>>;

export interface ViewListener {
  readonly callbackId: string;
  /**
   * Pure and at once: problems by block id, shown beside the fields while the modal stays open.
   * Empty means the modal may close and `run` follows.
   */
  readonly validate: (values: ViewValues, now: Date) => Readonly<Record<string, string>>;
  /**
   * What the modal shows while `run` works, which then puts its outcome there; absent: it closes.
   * When `run` fails, the modal says so.
   */
  readonly working?: () => Modal;
  readonly run: (
    context: Context & {
      readonly values: ViewValues;
      readonly privateMetadata: string;
      /** Of the open form: the same when Slack or a finger sends it twice. */
      readonly viewId: string;
    },
  ) => Promise<void>;
}

export interface ShortcutListener {
  readonly callbackId: string;
  readonly run: (context: Context & { readonly triggerId: string }) => Promise<void>;
}

export interface HomeListener {
  readonly run: (context: Context) => Promise<void>;
}

/** All that one feature answers. */
export interface SlackListeners {
  readonly subcommands?: readonly Subcommand[];
  readonly actions?: readonly ActionListener[];
  readonly views?: readonly ViewListener[];
  readonly shortcuts?: readonly ShortcutListener[];
  readonly home?: HomeListener;
}

/**
 * Opens a modal at once with `loading` and fills it when `fill` is done: a trigger lives for three
 * seconds, which a slow database may outlast.
 */
export async function openModal(
  { web, triggerId }: { readonly web: SlackWeb; readonly triggerId: string },
  loading: Modal,
  fill: () => Promise<Modal>,
): Promise<void> {
  const { viewId } = await web.openView(triggerId, loading);
  await web.updateView(viewId, await fill());
}
