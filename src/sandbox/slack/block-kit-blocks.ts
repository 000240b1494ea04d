/**
 * The blocks of Block Kit as zod schemas, and which of them each surface accepts. Blocks that need
 * more than this app may ask for (`video`, `file`, the agents' cards) are refused as unsupported.
 */
import { z } from "zod";
import {
  actionsElement,
  button,
  feedbackButtons,
  iconButton,
  inputElement,
  sectionAccessory,
} from "./block-kit-elements.ts";
import {
  anyText,
  bounded,
  id,
  imageBlock,
  imageElement,
  mrkdwnText,
  plainText,
  TEXT_CHARS_MAX,
} from "./block-kit-objects.ts";
import { richTextBlock } from "./block-kit-rich-text.ts";
import { dataTableBlock, dataVisualizationBlock, tableBlock } from "./block-kit-tables.ts";

export type Surface = "message" | "modal" | "home";

const FIELDS_MAX = 10;
const FIELD_CHARS_MAX = 2000;
const HEADER_CHARS_MAX = 150;
const ACTIONS_ELEMENTS_MAX = 25;
const CONTEXT_ELEMENTS_MAX = 10;
const LABEL_CHARS_MAX = 2000;
export const MARKDOWN_CHARS_MAX = 12_000;

const block_id = id.optional();

const section = z
  .strictObject({
    type: z.literal("section"),
    block_id,
    text: anyText(TEXT_CHARS_MAX).optional(),
    fields: z.array(anyText(FIELD_CHARS_MAX)).min(1).max(FIELDS_MAX).optional(),
    accessory: sectionAccessory.optional(),
    expand: z.boolean().optional(),
  })
  .refine(
    (block) => block.text !== undefined || block.fields !== undefined,
    "missing required field: text or fields",
  );

const header = z.strictObject({
  type: z.literal("header"),
  block_id,
  text: plainText(HEADER_CHARS_MAX),
  level: z.int().min(1).max(4).optional(),
});

const divider = z.strictObject({ type: z.literal("divider"), block_id });

const context = z.strictObject({
  type: z.literal("context"),
  block_id,
  elements: z
    .array(
      z.discriminatedUnion("type", [
        imageElement,
        plainText(TEXT_CHARS_MAX),
        mrkdwnText(TEXT_CHARS_MAX),
      ]),
    )
    .min(1)
    .max(CONTEXT_ELEMENTS_MAX),
});

const actions = z.strictObject({
  type: z.literal("actions"),
  block_id,
  elements: z.array(actionsElement).min(1).max(ACTIONS_ELEMENTS_MAX),
});

const contextActions = z.strictObject({
  type: z.literal("context_actions"),
  block_id,
  elements: z
    .array(z.discriminatedUnion("type", [feedbackButtons, iconButton]))
    .min(1)
    .max(5),
});

const input = z.strictObject({
  type: z.literal("input"),
  block_id,
  label: plainText(LABEL_CHARS_MAX),
  hint: plainText(LABEL_CHARS_MAX).optional(),
  element: inputElement,
  optional: z.boolean().optional(),
  dispatch_action: z.boolean().optional(),
});

const markdown = z.strictObject({
  type: z.literal("markdown"),
  block_id,
  text: bounded(MARKDOWN_CHARS_MAX),
});

const alert = z.strictObject({
  type: z.literal("alert"),
  block_id,
  text: anyText(200),
  level: z.enum(["default", "info", "warning", "error", "success"]).optional(),
});

const card = z
  .strictObject({
    type: z.literal("card"),
    block_id,
    hero_image: imageElement.optional(),
    icon: imageElement.optional(),
    title: mrkdwnText(150).optional(),
    subtitle: mrkdwnText(150).optional(),
    body: mrkdwnText(200).optional(),
    subtext: mrkdwnText(200).optional(),
    actions: z.array(button).min(1).max(3).optional(),
  })
  .refine(
    (block) =>
      [block.hero_image, block.title, block.actions, block.body].some((part) => part !== undefined),
    "must have at least one of hero_image, title, actions and body",
  );

const carousel = z.strictObject({
  type: z.literal("carousel"),
  block_id,
  elements: z.array(card).min(1).max(10),
});

const container = z
  .strictObject({
    type: z.literal("container"),
    block_id,
    title: plainText(150).optional(),
    rich_text_title: richTextBlock.optional(),
    subtitle: anyText(150).optional(),
    icon: imageElement.optional(),
    child_blocks: z
      .array(
        z.discriminatedUnion("type", [
          actions,
          context,
          divider,
          header,
          imageBlock,
          input,
          richTextBlock,
          section,
          tableBlock,
        ]),
      )
      .min(1)
      .max(10),
    width: z.enum(["narrow", "standard", "wide", "full"]).optional(),
    is_collapsible: z.boolean().optional(),
    default_collapsed: z.boolean().optional(),
    has_header_divider: z.boolean().optional(),
  })
  .superRefine((block, refinement) => {
    const report = (path: string, message: string) => {
      refinement.addIssue({ code: "custom", path: [path], message });
    };
    if (block.title === undefined && block.rich_text_title === undefined) {
      report("title", "missing required field: title or rich_text_title");
    }
    if (block.default_collapsed === true && block.is_collapsible !== true) {
      report("default_collapsed", "needs is_collapsible");
    }
    if (block.has_header_divider === true && block.is_collapsible === true) {
      report("has_header_divider", "must not be set when is_collapsible is");
    }
  });

const everywhere = [
  section,
  header,
  divider,
  context,
  actions,
  input,
  imageBlock,
  richTextBlock,
] as const;

export const surfaceBlocks = {
  message: z.discriminatedUnion("type", [
    ...everywhere,
    markdown,
    tableBlock,
    dataTableBlock,
    dataVisualizationBlock,
    card,
    carousel,
    container,
    contextActions,
  ]),
  modal: z.discriminatedUnion("type", [...everywhere, alert]),
  home: z.discriminatedUnion("type", [...everywhere]),
} as const;

export const BLOCKS_MAX: Readonly<Record<Surface, number>> = { message: 50, modal: 100, home: 100 };
