/**
 * Interactive elements of Block Kit as zod schemas, and the lists of which element may stand where.
 * Limits come from Slack's reference; what a person enters into them is `entered-values.ts`.
 */
import { z } from "zod";
import {
  choosingElements,
  confirmable,
  focus_on_load,
  menu,
  placeholder,
} from "./block-kit-choices.ts";
import {
  bounded,
  checkDistinctValues,
  id,
  imageElement,
  overflowOption,
  plainText,
  TEXT_CHARS_MAX,
  webUrl,
} from "./block-kit-objects.ts";
import { richTextBlock } from "./block-kit-rich-text.ts";

const BUTTON_TEXT_CHARS_MAX = 75;
const BUTTON_VALUE_CHARS_MAX = 2000;

const action_id = id.optional();
const style = z.enum(["primary", "danger"]).optional();
const accessibility_label = bounded(75).optional();
const date = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, "must be YYYY-MM-DD");
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be HH:mm");

export const button = z.strictObject({
  type: z.literal("button"),
  ...confirmable,
  text: plainText(BUTTON_TEXT_CHARS_MAX),
  value: bounded(BUTTON_VALUE_CHARS_MAX).optional(),
  url: webUrl.optional(),
  style,
  accessibility_label,
});

const workflowButton = z.strictObject({
  type: z.literal("workflow_button"),
  ...confirmable,
  text: plainText(BUTTON_TEXT_CHARS_MAX),
  workflow: z.strictObject({
    trigger: z.strictObject({
      url: webUrl,
      customizable_input_parameters: z
        .array(z.strictObject({ name: z.string().min(1), value: z.string() }))
        .optional(),
    }),
  }),
  style,
  accessibility_label,
});

const overflow = z
  .strictObject({
    type: z.literal("overflow"),
    ...confirmable,
    options: z.array(overflowOption).min(1).max(5),
  })
  .superRefine((element, context) => {
    checkDistinctValues(element.options, context);
  });

const datepicker = z.strictObject({
  type: z.literal("datepicker"),
  ...menu,
  initial_date: date.optional(),
});
const timepicker = z.strictObject({
  type: z.literal("timepicker"),
  ...menu,
  initial_time: time.optional(),
  timezone: z.string().min(1).optional(),
});
const datetimepicker = z.strictObject({
  type: z.literal("datetimepicker"),
  ...confirmable,
  focus_on_load,
  initial_date_time: z.int().min(1_000_000_000).max(9_999_999_999).optional(),
});

const dispatch_action_config = z
  .strictObject({
    trigger_actions_on: z
      .array(z.enum(["on_enter_pressed", "on_character_entered"]))
      .min(1)
      .optional(),
  })
  .optional();
const typed = { action_id, placeholder, focus_on_load, dispatch_action_config };
const initial_value = bounded(TEXT_CHARS_MAX).optional();

const plainTextInput = z
  .strictObject({
    type: z.literal("plain_text_input"),
    ...typed,
    initial_value,
    multiline: z.boolean().optional(),
    min_length: z.int().min(0).max(TEXT_CHARS_MAX).optional(),
    max_length: z.int().min(1).max(TEXT_CHARS_MAX).optional(),
  })
  .refine(
    (element) => (element.min_length ?? 0) <= (element.max_length ?? TEXT_CHARS_MAX),
    "min_length must not be above max_length",
  );

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/, "must be a number written as a string");
const numberInput = z
  .strictObject({
    type: z.literal("number_input"),
    ...typed,
    is_decimal_allowed: z.boolean(),
    initial_value: decimal.optional(),
    min_value: decimal.optional(),
    max_value: decimal.optional(),
  })
  .refine(
    (element) =>
      Number(element.min_value ?? "-Infinity") <= Number(element.max_value ?? "Infinity"),
    "min_value must not be above max_value",
  );

const emailInput = z.strictObject({ type: z.literal("email_text_input"), ...typed, initial_value });
const urlInput = z.strictObject({ type: z.literal("url_text_input"), ...typed, initial_value });
const richTextInput = z.strictObject({
  type: z.literal("rich_text_input"),
  ...typed,
  initial_value: richTextBlock.optional(),
  min_lines: z.int().min(1).max(100).optional(),
  max_lines: z.int().min(1).max(100).optional(),
});
const fileInput = z.strictObject({
  type: z.literal("file_input"),
  action_id,
  filetypes: z.array(z.string().min(1)).min(1).optional(),
  max_files: z.int().min(1).max(10).optional(),
});

const feedbackButton = z.strictObject({
  text: plainText(BUTTON_TEXT_CHARS_MAX),
  value: bounded(BUTTON_VALUE_CHARS_MAX),
  accessibility_label,
});
export const feedbackButtons = z.strictObject({
  type: z.literal("feedback_buttons"),
  action_id,
  positive_button: feedbackButton,
  negative_button: feedbackButton,
});
export const iconButton = z.strictObject({
  type: z.literal("icon_button"),
  ...confirmable,
  icon: z.literal("trash"),
  text: plainText(BUTTON_TEXT_CHARS_MAX),
  value: bounded(BUTTON_VALUE_CHARS_MAX).optional(),
  accessibility_label,
  visible_to_user_ids: z.array(id).min(1).optional(),
});

const choosers = [datepicker, timepicker, ...choosingElements] as const;
const inputs = [
  plainTextInput,
  numberInput,
  emailInput,
  urlInput,
  richTextInput,
  fileInput,
] as const;

export const actionsElement = z.discriminatedUnion("type", [
  button,
  workflowButton,
  overflow,
  datetimepicker,
  ...choosers,
]);

export const sectionAccessory = z.discriminatedUnion("type", [
  button,
  workflowButton,
  overflow,
  imageElement,
  ...choosers,
]);

export const inputElement = z.discriminatedUnion("type", [datetimepicker, ...choosers, ...inputs]);

/** Any element that a person can act on. */
export const interactiveElement = z.discriminatedUnion("type", [
  button,
  workflowButton,
  overflow,
  datetimepicker,
  feedbackButtons,
  iconButton,
  ...choosers,
  ...inputs,
]);
export type InteractiveElement = z.infer<typeof interactiveElement>;
