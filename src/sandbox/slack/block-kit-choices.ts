/**
 * The elements of Block Kit that offer a list to choose from: check boxes, radio buttons and the ten
 * select menus, as zod schemas.
 */
import { z } from "zod";
import {
  anyOption,
  checkDistinctValues,
  checkInitial,
  confirm,
  id,
  optionGroups,
  options,
  plainOption,
  plainText,
} from "./block-kit-objects.ts";

const CHOICES_MAX = 10;
const PLACEHOLDER_CHARS_MAX = 150;

export const confirmable = { action_id: id.optional(), confirm: confirm.optional() };
export const placeholder = plainText(PLACEHOLDER_CHARS_MAX).optional();
export const focus_on_load = z.boolean().optional();
export const menu = { ...confirmable, placeholder, focus_on_load };
const multi = { ...menu, max_selected_items: z.int().min(1).optional() };

const choices = z.array(anyOption).min(1).max(CHOICES_MAX);

const checkboxes = z
  .strictObject({
    type: z.literal("checkboxes"),
    ...confirmable,
    focus_on_load,
    options: choices,
    initial_options: choices.optional(),
  })
  .superRefine((element, context) => {
    checkDistinctValues(element.options, context);
    const chosen = element.initial_options ?? [];
    checkInitial(element.options, { field: "initial_options", chosen }, context);
  });

const radioButtons = z
  .strictObject({
    type: z.literal("radio_buttons"),
    ...confirmable,
    focus_on_load,
    options: choices,
    initial_option: anyOption.optional(),
  })
  .superRefine((element, context) => {
    checkDistinctValues(element.options, context);
    const chosen = element.initial_option === undefined ? [] : [element.initial_option];
    checkInitial(element.options, { field: "initial_option", chosen }, context);
  });

const optionSource = { options: options.optional(), option_groups: optionGroups.optional() };

const staticSelect = z
  .strictObject({
    type: z.literal("static_select"),
    ...menu,
    ...optionSource,
    initial_option: plainOption.optional(),
  })
  .superRefine((element, context) => {
    const offered = checkOptionSource(element, context);
    const chosen = element.initial_option === undefined ? [] : [element.initial_option];
    checkInitial(offered, { field: "initial_option", chosen }, context);
  });

const multiStaticSelect = z
  .strictObject({
    type: z.literal("multi_static_select"),
    ...multi,
    ...optionSource,
    initial_options: options.optional(),
  })
  .superRefine((element, context) => {
    const offered = checkOptionSource(element, context);
    const chosen = element.initial_options ?? [];
    checkInitial(offered, { field: "initial_options", chosen }, context);
  });

function checkOptionSource(
  element: {
    readonly options?: z.infer<typeof options> | undefined;
    readonly option_groups?: z.infer<typeof optionGroups> | undefined;
  },
  context: z.RefinementCtx,
): z.infer<typeof options> {
  if ((element.options === undefined) === (element.option_groups === undefined)) {
    context.addIssue({
      code: "custom",
      message: "must have exactly one of options and option_groups",
    });
  }
  const offered =
    element.options ?? (element.option_groups ?? []).flatMap((group) => group.options);
  checkDistinctValues(offered, context);
  return offered;
}

const min_query_length = z.int().min(0).optional();
const externalSelect = z.strictObject({
  type: z.literal("external_select"),
  ...menu,
  min_query_length,
  initial_option: plainOption.optional(),
});
const multiExternalSelect = z.strictObject({
  type: z.literal("multi_external_select"),
  ...multi,
  min_query_length,
  initial_options: options.optional(),
});

const usersSelect = z.strictObject({
  type: z.literal("users_select"),
  ...menu,
  initial_user: id.optional(),
});
const multiUsersSelect = z.strictObject({
  type: z.literal("multi_users_select"),
  ...multi,
  initial_users: z.array(id).min(1).optional(),
});

const filter = z
  .strictObject({
    include: z
      .array(z.enum(["im", "mpim", "private", "public"]))
      .min(1)
      .optional(),
    exclude_external_shared_channels: z.boolean().optional(),
    exclude_bot_users: z.boolean().optional(),
  })
  .refine((value) => Object.keys(value).length > 0, "must name at least one criterion")
  .optional();
const response_url_enabled = z.boolean().optional();
const default_to_current_conversation = z.boolean().optional();

const conversationsSelect = z.strictObject({
  type: z.literal("conversations_select"),
  ...menu,
  initial_conversation: id.optional(),
  default_to_current_conversation,
  response_url_enabled,
  filter,
});
const multiConversationsSelect = z.strictObject({
  type: z.literal("multi_conversations_select"),
  ...multi,
  initial_conversations: z.array(id).min(1).optional(),
  default_to_current_conversation,
  filter,
});
const channelsSelect = z.strictObject({
  type: z.literal("channels_select"),
  ...menu,
  initial_channel: id.optional(),
  response_url_enabled,
});
const multiChannelsSelect = z.strictObject({
  type: z.literal("multi_channels_select"),
  ...multi,
  initial_channels: z.array(id).min(1).optional(),
});

export const choosingElements = [
  checkboxes,
  radioButtons,
  staticSelect,
  externalSelect,
  usersSelect,
  conversationsSelect,
  channelsSelect,
  multiStaticSelect,
  multiExternalSelect,
  multiUsersSelect,
  multiConversationsSelect,
  multiChannelsSelect,
] as const;
