/** The forms of alerts: snooze, assign, feedback, a planned event, one's own settings. Pure. */
import {
  type Block,
  input,
  type Modal,
  modal,
  option,
  section,
  select,
} from "../../../slack/blocks.ts";
import type { Preferences } from "../rules/preferences.ts";
import type { Feedback, Snooze } from "../rules.ts";
import { lineText } from "./wording.ts";

export const SNOOZE_VIEW = "alert_snooze_view";
export const ASSIGN_VIEW = "alert_assign_view";
export const FEEDBACK_VIEW = "alert_feedback_view";
export const PLAN_VIEW = "alert_plan_view";
export const SETTINGS_VIEW = "alert_settings_view";

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

const NAME_CHARS_MAX = 100;

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

export function planModal(initial: { readonly scope: string }): Modal {
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
        initial: initial.scope,
        hint: "A team, project:KEY, a person's address or org",
      }),
      input({ blockId: "from", label: "From", element: { type: "datepicker", action_id: "from" } }),
      ...planFields(false),
    ],
  });
}

function planFields(optional: boolean): Block[] {
  return [
    textInput({
      blockId: "name",
      label: "What it is",
      hint: "For example: load test of the new search",
      optional,
    }),
    input({
      blockId: "until",
      label: "Until (that day included)",
      optional,
      element: { type: "datepicker", action_id: "until" },
    }),
    textInput({
      blockId: "amount",
      label: "How much more it may cost",
      hint: "US dollars, for example 200",
      optional,
    }),
  ];
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
      max_length: NAME_CHARS_MAX,
      ...(initial === "" ? {} : { initial_value: initial.slice(0, NAME_CHARS_MAX) }),
    },
  });
}

const YES_NO = [option("Yes", "yes"), option("No", "no")] as const;

export function settingsModal(own: {
  readonly preferences: Preferences;
  readonly defaultZone: string;
}): Modal {
  const { wantsOwn, wantsTeams, quietHours, timeZone } = own.preferences;
  const yesNo = (blockId: string, isYes: boolean) => select(blockId, YES_NO, YES_NO[isYes ? 0 : 1]);
  return modal({
    callbackId: SETTINGS_VIEW,
    title: "Notifications",
    submit: "Save",
    blocks: [
      input({
        blockId: "own",
        label: "Message me about my own spend",
        element: yesNo("own", wantsOwn),
      }),
      input({
        blockId: "teams",
        label: "Message me about the teams that I own",
        hint: "As well as the team's channel",
        element: yesNo("teams", wantsTeams),
      }),
      textInput({
        blockId: "quiet_from",
        label: "Quiet from",
        hint: "For example 20:00. Messages wait until the quiet hours end.",
        initial: quietHours?.from ?? "",
        optional: true,
      }),
      textInput({
        blockId: "quiet_until",
        label: "Quiet until",
        hint: "For example 07:30",
        initial: quietHours?.until ?? "",
        optional: true,
      }),
      textInput({
        blockId: "zone",
        label: "My time zone",
        hint: `For example Europe/Berlin. Empty: ${own.defaultZone}, as in Slack.`,
        initial: timeZone ?? "",
        optional: true,
      }),
    ],
  });
}

/** What is shown until the form is there, or instead of it. */
export function infoModal(title: string, text: string): Modal {
  return modal({ callbackId: "alert_info", title, blocks: [section(lineText(text))] });
}

/** A view needs something to show while it loads. */
export function loadingModal(title: string): Modal {
  return infoModal(title, "One moment…");
}
