/**
 * Composition objects of Block Kit as zod schemas: texts, options, confirmation dialogs, images.
 * Each refuses unknown fields and empty strings, as Slack does. Lengths are UTF-16 units: never
 * fewer than what Slack counts.
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

export const TEXT_CHARS_MAX = 3000;
export const ID_CHARS_MAX = 255;
const URL_CHARS_MAX = 3000;
const OPTION_TEXT_CHARS_MAX = 75;
/** The types say 75; Slack's documentation and its Python SDK say 150. */
const OPTION_VALUE_CHARS_MAX = 150;
const OPTIONS_MAX = 100;
const ALT_TEXT_CHARS_MAX = 2000;

export function bounded(charsMax: number) {
  return z.string().min(1).max(charsMax);
}

export const id = bounded(ID_CHARS_MAX);

export const webUrl = bounded(URL_CHARS_MAX).regex(/^https?:\/\/\S+$/, "must be a valid URL");

export function plainText(charsMax: number) {
  return z.strictObject({
    type: z.literal("plain_text"),
    text: bounded(charsMax),
    emoji: z.boolean().optional(),
  });
}

export function mrkdwnText(charsMax: number) {
  return z.strictObject({
    type: z.literal("mrkdwn"),
    text: bounded(charsMax),
    verbatim: z.boolean().optional(),
  });
}

export function anyText(charsMax: number) {
  return z.discriminatedUnion("type", [plainText(charsMax), mrkdwnText(charsMax)]);
}

export const confirm = z.strictObject({
  title: plainText(100).optional(),
  text: anyText(300),
  confirm: plainText(30).optional(),
  deny: plainText(30).optional(),
  style: z.enum(["primary", "danger"]).optional(),
});

const optionShape = {
  value: bounded(OPTION_VALUE_CHARS_MAX),
  description: plainText(OPTION_TEXT_CHARS_MAX).optional(),
};

/** Menus show plain text only; check boxes and radio buttons also mrkdwn. */
export const plainOption = z.strictObject({
  ...optionShape,
  text: plainText(OPTION_TEXT_CHARS_MAX),
});
export const anyOption = z.strictObject({
  ...optionShape,
  text: anyText(OPTION_TEXT_CHARS_MAX),
  description: anyText(OPTION_TEXT_CHARS_MAX).optional(),
});
export const overflowOption = z.strictObject({
  ...optionShape,
  text: plainText(OPTION_TEXT_CHARS_MAX),
  url: webUrl.optional(),
});

const optionGroup = z.strictObject({
  label: plainText(OPTION_TEXT_CHARS_MAX),
  options: z.array(plainOption).min(1).max(OPTIONS_MAX),
});

export const options = z.array(plainOption).min(1).max(OPTIONS_MAX);
export const optionGroups = z.array(optionGroup).min(1).max(OPTIONS_MAX);

/** What a bot may answer to a `block_suggestion`: no match at all is a fine answer there. */
export const suggestions = z.union([
  z.strictObject({ options: z.array(plainOption).max(OPTIONS_MAX) }),
  z.strictObject({ option_groups: z.array(optionGroup).max(OPTIONS_MAX) }),
]);

/** Adds "initial options are among the options, exactly" to an element with options. */
export function checkInitial(
  offered: readonly unknown[],
  initial: { readonly field: string; readonly chosen: readonly unknown[] },
  context: z.RefinementCtx,
): void {
  const isMissing = initial.chosen.some(
    (chosen) => !offered.some((option) => isDeepStrictEqual(option, chosen)),
  );
  if (isMissing) {
    context.addIssue({
      code: "custom",
      path: [initial.field],
      message: "must exactly match one of the provided options",
    });
  }
}

/** Adds "no two options share a value", which Slack's clients cannot tell apart. */
export function checkDistinctValues(
  offered: readonly { readonly value: string }[],
  context: z.RefinementCtx,
): void {
  const values = offered.map((option) => option.value);
  if (new Set(values).size !== values.length) {
    context.addIssue({
      code: "custom",
      path: ["options"],
      message: "options must have unique values",
    });
  }
}

const slackFile = z.union([
  z.strictObject({ id: z.string().regex(/^F[A-Z0-9]{8,}$/, "invalid slack file") }),
  z.strictObject({ url: webUrl }),
]);

const imageSource = {
  image_url: webUrl.optional(),
  slack_file: slackFile.optional(),
  alt_text: bounded(ALT_TEXT_CHARS_MAX),
};

function checkImageSource(
  image: { readonly image_url?: unknown; readonly slack_file?: unknown },
  context: z.RefinementCtx,
): void {
  if ((image.image_url === undefined) === (image.slack_file === undefined)) {
    context.addIssue({
      code: "custom",
      message: "must have exactly one of image_url and slack_file",
    });
  }
}

/** An image inside another block. */
export const imageElement = z
  .strictObject({ type: z.literal("image"), ...imageSource })
  .superRefine(checkImageSource);

/** An image as a block of its own. */
export const imageBlock = z
  .strictObject({
    type: z.literal("image"),
    block_id: id.optional(),
    ...imageSource,
    title: plainText(2000).optional(),
  })
  .superRefine(checkImageSource);
