/** The forms of alerts: snooze, assign, feedback, a planned event. Pure. */
import { parseLocalDate, timeZone } from "../../../domain/time.ts";
import {
  type Block,
  type InputElement,
  input,
  type Modal,
  modal,
  option,
  type SlackMessage,
  section,
  select,
} from "../../../slack/blocks.ts";
import { PLAN_NAME_CHARS_MAX } from "../rules/forms.ts";
import type { PlanWords } from "../rules/plan-words.ts";
import type { Feedback, Snooze } from "../rules.ts";

export const SNOOZE_VIEW = "alert_snooze_view";
export const ASSIGN_VIEW = "alert_assign_view";
export const FEEDBACK_VIEW = "alert_feedback_view";
export const PLAN_VIEW = "alert_plan_view";

const SNOOZE_CHOICES: Readonly<Record<Snooze, string>> = {
  hour: "For 1 hour",
  tomorrow: "Until tomorrow, 9:00",
  period: "Until its period ends",
};

const FEEDBACK_CHOICES: Readonly<Record<Feedback, string>> = {
  real: "It was a real problem",
  false: "It was a false alarm",
  planned: "It was planned",
};

const UTC = timeZone("UTC");

export function snoozeModal(threadId: string): Modal {
  const options = Object.entries(SNOOZE_CHOICES).map(([value, text]) => option(text, value));
  return modal({
    callbackId: SNOOZE_VIEW,
    title: "Snooze this alert",
    submit: "Snooze",
    privateMetadata: threadId,
    blocks: [
      section("Its message stays up to date, without a sound. It speaks again afterwards."),
      input({ blockId: "how", label: "How long", element: select("how", options, options[0]) }),
    ],
  });
}

export function assignModal(threadId: string): Modal {
  return modal({
    callbackId: ASSIGN_VIEW,
    title: "Assign this alert",
    submit: "Assign",
    privateMetadata: threadId,
    blocks: [
      input({
        blockId: "person",
        label: "Who looks after it",
        hint: "Somebody who may see what it is about. I tell them.",
        element: { type: "users_select", action_id: "person" },
      }),
    ],
  });
}

export function feedbackModal(threadId: string): Modal {
  const options = Object.entries(FEEDBACK_CHOICES).map(([value, text]) => option(text, value));
  return modal({
    callbackId: FEEDBACK_VIEW,
    title: "Was this alert right?",
    submit: "Save",
    privateMetadata: threadId,
    blocks: [
      input({ blockId: "what", label: "What it was", element: select("what", options) }),
      section(
        "*If it was planned*, and goes on: say until when and how much more you expect, and I mute what is expected.",
      ),
      ...planFields(true),
    ],
  });
}

/** What was typed already stands in its fields, as far as they take it. */
export function planModal(initial: PlanWords): Modal {
  return modal({
    callbackId: PLAN_VIEW,
    title: "Plan an event",
    submit: "Announce",
    blocks: [
      section(
        "A launch, a load test: spikes, pace and forecasts of its days are muted up to what you expect. Budgets still alert.",
      ),
      textInput({
        blockId: "scope",
        label: "For whom",
        initial: initial.scopeText,
        hint: "A team, project:KEY, a person's address or org",
      }),
      input({ blockId: "from", label: "From", element: datePicker("from", initial.from) }),
      ...planFields(false, initial),
    ],
  });
}

/** In place of the form: why there is nothing to fill in, with buttons that ask again. */
export function planRefusedModal({ blocks }: SlackMessage): Modal {
  return modal({ callbackId: PLAN_VIEW, title: "Plan an event", blocks });
}

function planFields(optional: boolean, initial: Omit<PlanWords, "scopeText"> = {}): Block[] {
  return [
    textInput({
      blockId: "name",
      label: "What it is",
      initial: initial.name ?? "",
      hint: "For example: load test of the new search",
      optional,
    }),
    input({
      blockId: "until",
      label: "Until (that day included)",
      optional,
      element: datePicker("until", initial.until),
    }),
    textInput({
      blockId: "amount",
      label: "How much more it may cost",
      initial: initial.amount ?? "",
      hint: "US dollars, for example 200",
      optional,
    }),
  ];
}

function datePicker(actionId: string, initial = ""): InputElement {
  const isDate = parseLocalDate(initial, UTC) !== undefined;
  return {
    type: "datepicker",
    action_id: actionId,
    ...(isDate ? { initial_date: initial } : {}),
  };
}

function textInput(of: {
  readonly blockId: string;
  readonly label: string;
  readonly initial?: string;
  readonly hint?: string;
  readonly optional?: boolean;
}): Block {
  const { blockId, label, initial = "", hint, optional } = of;
  return input({
    blockId,
    label,
    ...(hint === undefined ? {} : { hint }),
    ...(optional === undefined ? {} : { optional }),
    element: {
      type: "plain_text_input",
      action_id: blockId,
      max_length: PLAN_NAME_CHARS_MAX,
      ...(initial === "" ? {} : { initial_value: initial.slice(0, PLAN_NAME_CHARS_MAX) }),
    },
  });
}
