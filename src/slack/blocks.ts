/**
 * The Block Kit pieces that our messages use, each within Slack's limits for any input. Pure.
 *
 * What people typed never reaches Slack as markup: `escapeText` for mrkdwn, or a plain_text object.
 * Limits: docs.slack.dev/reference/block-kit; cumulative text: slackapi/bolt-js#2509.
 */

import { assert } from "../domain/assert.ts";
import type {
  Block,
  Button,
  HomeView,
  InputElement,
  Menu,
  Modal,
  SelectOption,
  SlackMessage,
} from "./block-types.ts";
import { isDataBlock, shownLength, shownLengthAtMost, withinCounts } from "./charts/degrade.ts";
import { escapeText, fallbackText, mrkdwn, plain, truncate } from "./text.ts";

export type * from "./block-types.ts";
export { chart } from "./charts/chart.ts";
export { dataTable } from "./charts/data-table.ts";
export { commandText, escapeText, plain, truncate } from "./text.ts";

const SECTION_TEXT_CHARS_MAX = 3_000;
const FIELD_TEXT_CHARS_MAX = 2_000;
const FIELDS_MAX = 10;
const HEADER_CHARS_MAX = 150;
const BUTTON_CHARS_MAX = 75;
const CONTEXT_ELEMENTS_MAX = 10;
const ACTIONS_ELEMENTS_MAX = 25;
const MODAL_TITLE_CHARS_MAX = 24;
const LABEL_CHARS_MAX = 2_000;
const OPTION_CHARS_MAX = 75;
const PLACEHOLDER_CHARS_MAX = 150;
const OPTIONS_MAX = 100;
const CHECKBOXES_MAX = 10;
const BUTTON_VALUE_CHARS_MAX = 2_000;
const PRIVATE_METADATA_CHARS_MAX = 3_000;
const MESSAGE_BLOCKS_MAX = 50;
const VIEW_BLOCKS_MAX = 100;
/** Slack refuses about 13,200 characters over all blocks (undocumented); we stay well below. */
const MESSAGE_BLOCKS_CHARS_MAX = 10_000;

export function header(text: string): Block {
  return { type: "header", text: plain(text, HEADER_CHARS_MAX) };
}

export function section(text: string, accessory?: Button): Block {
  return {
    type: "section",
    text: mrkdwn(text, SECTION_TEXT_CHARS_MAX),
    ...(accessory === undefined ? {} : { accessory }),
  };
}

/** Two columns on a desktop, one on a phone. Fields beyond the tenth are dropped. */
export function fields(texts: readonly string[]): Block {
  assert(texts.length > 0, "a section has at least one field");
  return {
    type: "section",
    fields: texts.slice(0, FIELDS_MAX).map((text) => mrkdwn(text, FIELD_TEXT_CHARS_MAX)),
  };
}

export function context(...texts: readonly string[]): Block {
  assert(texts.length > 0, "a context block has at least one text");
  return {
    type: "context",
    elements: texts
      .slice(0, CONTEXT_ELEMENTS_MAX)
      .map((text) => mrkdwn(text, FIELD_TEXT_CHARS_MAX)),
  };
}

export const DIVIDER: Block = { type: "divider" };

export function actions(elements: readonly (Button | Menu)[], blockId?: string): Block {
  assert(elements.length > 0, "an actions block has at least one button");
  return {
    type: "actions",
    ...(blockId === undefined ? {} : { block_id: blockId }),
    elements: elements.slice(0, ACTIONS_ELEMENTS_MAX),
  };
}

export function button(options: {
  readonly actionId: string;
  readonly text: string;
  readonly value: string;
  readonly style?: "primary" | "danger";
  /** For screen readers, where the text alone does not say what it is about. */
  readonly label?: string;
  readonly confirm?: { readonly title: string; readonly text: string; readonly yes: string };
}): Button {
  const { confirm } = options;
  assert(options.value.length <= BUTTON_VALUE_CHARS_MAX, "a button's value is a short id");
  return {
    type: "button",
    action_id: options.actionId,
    text: plain(options.text, BUTTON_CHARS_MAX),
    value: options.value,
    ...(options.style === undefined ? {} : { style: options.style }),
    ...(options.label === undefined
      ? {}
      : { accessibility_label: truncate(options.label, BUTTON_CHARS_MAX) }),
    ...(confirm === undefined
      ? {}
      : {
          confirm: {
            title: plain(confirm.title, 100),
            text: plain(confirm.text, 300),
            confirm: plain(confirm.yes, 30),
            deny: plain("Cancel", 30),
          },
        }),
  };
}

export function input(options: {
  readonly blockId: string;
  readonly label: string;
  readonly hint?: string;
  readonly optional?: boolean;
  readonly element: InputElement;
}): Block {
  return {
    type: "input",
    block_id: options.blockId,
    label: plain(options.label, LABEL_CHARS_MAX),
    ...(options.hint === undefined ? {} : { hint: plain(options.hint, LABEL_CHARS_MAX) }),
    optional: options.optional ?? false,
    element: options.element,
  };
}

export function option(text: string, value: string): SelectOption {
  return { text: plain(text, OPTION_CHARS_MAX), value };
}

export function select(
  actionId: string,
  options: readonly SelectOption[],
  initial?: SelectOption,
): InputElement {
  assert(options.length > 0, "a select has at least one option");
  return {
    type: "static_select",
    action_id: actionId,
    options: options.slice(0, OPTIONS_MAX),
    ...(initial === undefined ? {} : { initial_option: initial }),
  };
}

/** What fits into the value of an option; a longer one belongs into a button. */
export const OPTION_VALUE_CHARS_MAX = 150;

/** A list to choose from beside buttons. Options beyond the hundredth are dropped. */
export function menu(
  actionId: string,
  placeholder: string,
  options: readonly SelectOption[],
  initial?: SelectOption,
): Menu {
  assert(options.length > 0, "a menu has at least one option");
  return {
    type: "static_select",
    action_id: actionId,
    placeholder: plain(placeholder, PLACEHOLDER_CHARS_MAX),
    options: options.slice(0, OPTIONS_MAX),
    ...(initial === undefined ? {} : { initial_option: initial }),
  };
}

/** Any number of up to ten; submitted as the values of those that are ticked, joined by commas. */
export function checkboxes(
  actionId: string,
  choices: readonly {
    readonly text: string;
    readonly value: string;
    readonly description?: string;
    readonly isTicked: boolean;
  }[],
): InputElement {
  assert(choices.length > 0, "there is at least one checkbox");
  const boxes = choices.slice(0, CHECKBOXES_MAX).map((choice) => ({
    isTicked: choice.isTicked,
    option: {
      ...option(choice.text, choice.value),
      ...(choice.description === undefined
        ? {}
        : { description: plain(choice.description, OPTION_CHARS_MAX) }),
    },
  }));
  const ticked = boxes.filter(({ isTicked }) => isTicked).map((box) => box.option);
  return {
    type: "checkboxes",
    action_id: actionId,
    options: boxes.map((box) => box.option),
    ...(ticked.length === 0 ? {} : { initial_options: ticked }),
  };
}

export function modal(options: {
  readonly callbackId: string;
  readonly title: string;
  /** Absent: a view that only shows something. */
  readonly submit?: string;
  readonly privateMetadata?: string;
  readonly blocks: readonly Block[];
}): Modal {
  const privateMetadata = options.privateMetadata ?? "";
  assert(privateMetadata.length <= PRIVATE_METADATA_CHARS_MAX, "private metadata is a few ids");
  return {
    type: "modal",
    callback_id: options.callbackId,
    title: plain(options.title, MODAL_TITLE_CHARS_MAX),
    ...(options.submit === undefined
      ? {}
      : { submit: plain(options.submit, MODAL_TITLE_CHARS_MAX) }),
    close: plain(options.submit === undefined ? "Close" : "Cancel", MODAL_TITLE_CHARS_MAX),
    private_metadata: privateMetadata,
    blocks: options.blocks.slice(0, VIEW_BLOCKS_MAX),
  };
}

export function home(blocks: readonly Block[]): HomeView {
  return { type: "home", blocks: blocks.slice(0, VIEW_BLOCKS_MAX) };
}

/**
 * A message whose blocks fit: what would exceed the number of blocks or their text is replaced by one
 * line that says so. Trailing actions are kept, since they are what the message is for. `text` is
 * markup, too: what people typed is escaped in it.
 */
export function message(text: string, blocks: readonly Block[]): SlackMessage {
  return {
    text: fallbackText(text),
    blocks: fit(withinCounts(blocks)),
  };
}

/** Whether a message shows all of them, nothing cut off at its end. */
export function fitsMessage(blocks: readonly Block[]): boolean {
  const kept = fit(withinCounts(blocks));
  return kept.length === blocks.length && kept.every((block, index) => block === blocks[index]);
}

function fit(blocks: readonly Block[]): readonly Block[] {
  const charsAtMost = blocks.reduce((sum, block) => sum + textLengthAtMost(block), 0);
  if (blocks.length < MESSAGE_BLOCKS_MAX && charsAtMost <= MESSAGE_BLOCKS_CHARS_MAX) return blocks;
  const last = blocks.at(-1);
  const tail = last?.type === "actions" ? [last] : [];
  const body = tail.length === 0 ? blocks : blocks.slice(0, -1);
  const kept: Block[] = [];
  let chars = tail.reduce((sum, block) => sum + textLength(block), 0);
  for (const block of body) {
    const length = textLength(block);
    const isFull = kept.length >= MESSAGE_BLOCKS_MAX - 2 && body.length > MESSAGE_BLOCKS_MAX - 1;
    if (isFull || chars + length > MESSAGE_BLOCKS_CHARS_MAX) {
      kept.push(context(leftOutText(body.length - kept.length)));
      break;
    }
    kept.push(block);
    chars += length;
  }
  return [...kept, ...tail];
}

function leftOutText(count: number): string {
  return count === 1
    ? "_1 more part doesn't fit in a message._"
    : `_${String(count)} more parts don't fit in a message._`;
}

/** An upper bound of how Slack counts, whose own rule is not public. */
function textLength(block: Block): number {
  // Of these Slack's own limits count what is read; their frame would be most of it.
  return isDataBlock(block) ? shownLength(block) : JSON.stringify(block).length;
}

/** Never less than `textLength`, and told without writing what may take the block's place. */
function textLengthAtMost(block: Block): number {
  return isDataBlock(block) ? shownLengthAtMost(block) : textLength(block);
}

/** A bar of `width` cells for a share in percent, for example "▰▰▰▰▱▱▱▱▱▱". Full from 100 % on. */
export function bar(percent: number, width = 10): string {
  // What is nearly used up has room left; rounded, it would look used up.
  const most = percent < 100 ? width - 1 : width;
  const filled = Math.max(0, Math.min(most, Math.round((percent / 100) * width)));
  return "▰".repeat(filled) + "▱".repeat(width - filled);
}

/** A time that each reader sees in their own zone and wording. */
export function slackDate(at: Date, format: string, fallback: string): string {
  return `<!date^${String(Math.floor(at.getTime() / 1000))}^${format}|${escapeText(fallback)}>`;
}
