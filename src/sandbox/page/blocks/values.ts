/** What an element holds before anyone touches it, and whether that counts as filled in. */
import type { EnteredValue } from "../../slack/protocol.ts";
import { type Json, number, record, records, string, strings } from "../text/json.ts";

/** The initial value of an input or interactive element, in the protocol's form. */
export function initialValue(element: Json): EnteredValue {
  switch (element["type"]) {
    case "datepicker":
      return orNull(element["initial_date"]);
    case "timepicker":
      return orNull(element["initial_time"]);
    case "datetimepicker": {
      const seconds = number(element["initial_date_time"]);
      return seconds === undefined ? null : String(seconds);
    }
    case "checkboxes":
    case "multi_static_select":
    case "multi_external_select":
      return records(element["initial_options"]).map((option) => string(option["value"]));
    case "multi_users_select":
      return strings(element["initial_users"]);
    case "multi_channels_select":
      return strings(element["initial_channels"]);
    case "multi_conversations_select":
      return strings(element["initial_conversations"]);
    case "static_select":
    case "external_select":
    case "radio_buttons":
      return orNull(record(element["initial_option"])?.["value"]);
    case "users_select":
      return orNull(element["initial_user"]);
    case "channels_select":
      return orNull(element["initial_channel"]);
    case "conversations_select":
      return orNull(element["initial_conversation"]);
    default:
      return orNull(element["initial_value"]);
  }
}

function orNull(value: unknown): string | null {
  return string(value) === "" ? null : string(value);
}

function isEmpty(value: EnteredValue): boolean {
  return value === null || value.length === 0;
}

/** Inputs that must be filled in and are not, each with Slack's sentence, by block_id. */
export function missingInputs(
  blocks: readonly Json[],
  valueOf: (blockId: string, actionId: string) => EnteredValue | undefined,
): Readonly<Record<string, string>> {
  const missing: Record<string, string> = {};
  for (const block of blocks) {
    const element = record(block["element"]);
    if (block["type"] !== "input" || block["optional"] === true || element === undefined) continue;
    const blockId = string(block["block_id"]);
    const value = valueOf(blockId, string(element["action_id"]));
    if (isEmpty(value === undefined ? initialValue(element) : value)) {
      missing[blockId] = "Please complete this required field.";
    }
  }
  return missing;
}
