/**
 * From what a person typed or chose to Slack's `state.values`, with the checks that Slack's clients
 * make before they send a form: required fields, lengths, numbers, addresses.
 */
import { AppError } from "../../domain/errors.ts";
import type { InteractiveElement } from "./block-kit-elements.ts";
import { elementsOf, type FoundElement } from "./block-kit-walk.ts";
import type { Json } from "./json.ts";
import type { BlockJson, EnteredValue, EnteredValues, OptionJson } from "./protocol.ts";

/** By block_id, then action_id. */
export type StateValues = Readonly<Record<string, Readonly<Record<string, Json>>>>;

export interface Form {
  readonly values: StateValues;
  /** What the client would write under an input, by block_id. */
  readonly problems: Readonly<Record<string, string>>;
}

/** The options that an external select offered last, by block_id and action_id. */
export type Offered = (blockId: string, actionId: string) => readonly OptionJson[];

/** Reads the fields of `blocks`; what was not entered keeps its initial value. */
export function readForm(
  blocks: readonly BlockJson[],
  entered: EnteredValues,
  offered: Offered,
): Form {
  const values: Record<string, Record<string, Json>> = {};
  const problems: Record<string, string> = {};
  for (const { block, element } of elementsOf(blocks)) {
    if (!hasState(element)) continue;
    const blockId = String(block["block_id"]);
    const value = entered[blockId]?.[element.action_id];
    const options = offered(blockId, element.action_id);
    const state =
      value === undefined ? initialState(element) : enteredState(element, value, options);
    values[blockId] = { ...values[blockId], [element.action_id]: state };
    const problem = problemOf({ block, element }, state);
    if (problem !== undefined) problems[blockId] = problem;
  }
  return { values, problems };
}

/** Buttons and the like carry no value between two clicks. */
export function hasState(element: InteractiveElement): boolean {
  return !["button", "workflow_button", "overflow", "feedback_buttons", "icon_button"].includes(
    element.type,
  );
}

/** The state field of one element after a person chose or typed `value`. */
export function enteredState(
  element: InteractiveElement,
  value: EnteredValue,
  offered: readonly OptionJson[],
): Json {
  const { type } = element;
  const one = () => expectOne(type, value);
  const many = () => expectMany(type, value);
  const option = (chosen: string | null) =>
    chosen === null ? null : expectOption(element, chosen, offered);
  switch (element.type) {
    case "plain_text_input":
    case "number_input":
    case "email_text_input":
    case "url_text_input":
      return { type, value: one() };
    case "rich_text_input":
      return { type, rich_text_value: richTextOf(one()) };
    case "static_select":
    case "external_select":
    case "radio_buttons":
    case "overflow":
      return { type, selected_option: option(one()) };
    case "multi_static_select":
    case "multi_external_select":
    case "checkboxes":
      return { type, selected_options: many().map(option) };
    case "users_select":
      return { type, selected_user: one() };
    case "conversations_select":
      return { type, selected_conversation: one() };
    case "channels_select":
      return { type, selected_channel: one() };
    case "multi_users_select":
      return { type, selected_users: many() };
    case "multi_conversations_select":
      return { type, selected_conversations: many() };
    case "multi_channels_select":
      return { type, selected_channels: many() };
    case "datepicker":
      return { type, selected_date: one() };
    case "timepicker":
      return { type, selected_time: one() };
    case "datetimepicker":
      return { type, selected_date_time: secondsOf(one()) };
    case "feedback_buttons":
      return { type, value: one() };
    case "file_input":
      return { type, files: [] };
    case "button":
    case "workflow_button":
    case "icon_button":
      return { type };
  }
}

function initialState(element: InteractiveElement): Json {
  const { type } = element;
  switch (element.type) {
    case "plain_text_input":
    case "number_input":
    case "email_text_input":
    case "url_text_input":
      return { type, value: element.initial_value ?? null };
    case "rich_text_input":
      return { type, rich_text_value: element.initial_value ?? null };
    case "static_select":
    case "external_select":
    case "radio_buttons":
      return { type, selected_option: element.initial_option ?? null };
    case "multi_static_select":
    case "multi_external_select":
    case "checkboxes":
      return { type, selected_options: element.initial_options ?? [] };
    case "users_select":
      return { type, selected_user: element.initial_user ?? null };
    case "conversations_select":
      return { type, selected_conversation: element.initial_conversation ?? null };
    case "channels_select":
      return { type, selected_channel: element.initial_channel ?? null };
    case "multi_users_select":
      return { type, selected_users: element.initial_users ?? [] };
    case "multi_conversations_select":
      return { type, selected_conversations: element.initial_conversations ?? [] };
    case "multi_channels_select":
      return { type, selected_channels: element.initial_channels ?? [] };
    case "datepicker":
      return { type, selected_date: element.initial_date ?? null };
    case "timepicker":
      return { type, selected_time: element.initial_time ?? null };
    case "datetimepicker":
      return { type, selected_date_time: element.initial_date_time ?? null };
    case "file_input":
      return { type, files: [] };
    case "overflow":
    case "feedback_buttons":
    case "button":
    case "workflow_button":
    case "icon_button":
      return { type };
  }
}

function problemOf({ block, element }: FoundElement, state: Json): string | undefined {
  if (block["type"] !== "input") return undefined;
  const [content] = Object.entries(state).flatMap(([field, value]) =>
    field === "type" ? [] : [value],
  );
  if (content === null || (Array.isArray(content) && content.length === 0)) {
    return block["optional"] === true ? undefined : "Please complete this required field.";
  }
  const most = "max_selected_items" in element ? element.max_selected_items : undefined;
  if (most !== undefined && Array.isArray(content) && content.length > most) {
    return `Please select no more than ${String(most)} items.`;
  }
  return typeof content === "string" ? textProblem(element, content) : undefined;
}

function textProblem(element: InteractiveElement, text: string): string | undefined {
  if (element.type === "plain_text_input") {
    const { min_length: min = 0, max_length: max = 3000 } = element;
    if (text.length < min) return `Please enter at least ${String(min)} characters.`;
    return text.length > max ? `Please enter no more than ${String(max)} characters.` : undefined;
  }
  if (element.type === "number_input") {
    const shape = element.is_decimal_allowed ? /^-?\d+(\.\d+)?$/ : /^-?\d+$/;
    if (!shape.test(text)) return "Please enter a valid number.";
    const { min_value: min, max_value: max } = element;
    if (min !== undefined && Number(text) < Number(min)) return `Must be at least ${min}.`;
    return max !== undefined && Number(text) > Number(max) ? `Must be at most ${max}.` : undefined;
  }
  if (element.type === "email_text_input" && !/^\S+@\S+\.\S+$/.test(text)) {
    return "Please enter a valid email address.";
  }
  if (element.type === "url_text_input" && !/^https?:\/\/\S+$/.test(text)) {
    return "Please enter a valid URL.";
  }
  return undefined;
}

function expectOne(type: string, value: EnteredValue): string | null {
  if (value === null || typeof value === "string") return value === "" ? null : value;
  throw new AppError({ code: "invalid", message: `${type} takes one value, not a list` });
}

function expectMany(type: string, value: EnteredValue): readonly string[] {
  if (value === null) return [];
  if (typeof value !== "string") return value;
  throw new AppError({ code: "invalid", message: `${type} takes a list of values` });
}

function expectOption(
  element: InteractiveElement,
  value: string,
  offered: readonly OptionJson[],
): Json {
  const own = "options" in element ? (element.options ?? []) : [];
  const groups = "option_groups" in element ? (element.option_groups ?? []) : [];
  const candidates = [...own, ...groups.flatMap((group) => group.options), ...offered];
  const found = candidates.find((option) => option.value === value);
  if (found !== undefined) return { ...found };
  throw new AppError({
    code: "invalid",
    message: `"${value}" is not an option of ${element.type}`,
  });
}

function secondsOf(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d{10}$/.test(text)) return Number(text);
  throw new AppError({ code: "invalid", message: "datetimepicker takes seconds since 1970" });
}

function richTextOf(text: string | null): Json | null {
  if (text === null) return null;
  const elements = [{ type: "rich_text_section", elements: [{ type: "text", text }] }];
  return { type: "rich_text", elements };
}
