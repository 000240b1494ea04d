/** The `rich_text` block of Block Kit as a zod schema: sections, lists, quotes, preformatted text. */
import { z } from "zod";
import { id, webUrl } from "./block-kit-objects.ts";

const style = z
  .strictObject({
    bold: z.boolean().optional(),
    code: z.boolean().optional(),
    italic: z.boolean().optional(),
    strike: z.boolean().optional(),
    underline: z.boolean().optional(),
  })
  .optional();

const text = z.strictObject({ type: z.literal("text"), text: z.string().min(1), style });
const link = z.strictObject({
  type: z.literal("link"),
  url: webUrl,
  text: z.string().min(1).optional(),
  unsafe: z.boolean().optional(),
  style,
});

const inline = z.discriminatedUnion("type", [
  text,
  link,
  z.strictObject({
    type: z.literal("broadcast"),
    range: z.enum(["here", "channel", "everyone"]),
    style,
  }),
  z.strictObject({ type: z.literal("color"), value: z.string().regex(/^#[0-9a-fA-F]{6}$/), style }),
  z.strictObject({ type: z.literal("channel"), channel_id: id, style }),
  z.strictObject({
    type: z.literal("date"),
    timestamp: z.int(),
    format: z.string().min(1),
    url: webUrl.optional(),
    fallback: z.string().min(1).optional(),
    style,
  }),
  z.strictObject({
    type: z.literal("emoji"),
    name: z.string().min(1),
    unicode: z.string().min(1).optional(),
    url: webUrl.optional(),
    style,
  }),
  z.strictObject({ type: z.literal("team"), team_id: id, style }),
  z.strictObject({ type: z.literal("user"), user_id: id, style }),
  z.strictObject({ type: z.literal("usergroup"), usergroup_id: id, style }),
]);

const border = z.union([z.literal(0), z.literal(1)]).optional();
const section = z.strictObject({
  type: z.literal("rich_text_section"),
  elements: z.array(inline),
});

export const richTextBlock = z.strictObject({
  type: z.literal("rich_text"),
  block_id: id.optional(),
  elements: z
    .array(
      z.discriminatedUnion("type", [
        section,
        z.strictObject({
          type: z.literal("rich_text_list"),
          elements: z.array(section).min(1),
          style: z.enum(["bullet", "ordered"]),
          indent: z.int().min(0).max(8).optional(),
          offset: z.int().min(0).optional(),
          border,
        }),
        z.strictObject({
          type: z.literal("rich_text_quote"),
          elements: z.array(inline),
          border,
        }),
        z.strictObject({
          type: z.literal("rich_text_preformatted"),
          elements: z.array(z.discriminatedUnion("type", [text, link])),
          language: z.string().min(1).optional(),
          border,
        }),
      ]),
    )
    .min(1),
});
