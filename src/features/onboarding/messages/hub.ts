/** The set-up as a list of steps in its window, each with its check and its button. Pure. */
import {
  actions,
  type Block,
  type Button,
  button,
  context,
  DIVIDER,
  escapeText,
  type Modal,
  modal,
  section,
  slackDate,
  truncate,
} from "../../../slack/blocks.ts";
import {
  type ChannelCheck,
  isSetUp,
  nextStep,
  type SetUpFacts,
  STEPS,
  type Step,
  type StepState,
  stepState,
} from "../rules.ts";
import { TITLE } from "./answers.ts";
import { capitalized } from "./fields.ts";
import { CHECK_ACTION, FORM_ACTION, HISTORY_ACTION, LIST_ACTION } from "./names.ts";

const NAME_CHARS_MAX = 80;

export const MARKS: Readonly<Record<StepState, string>> = {
  done: ":white_check_mark:",
  waiting: ":hourglass_flowing_sand:",
  todo: ":white_circle:",
  problem: ":warning:",
};

export const TITLES: Readonly<Record<Step, string>> = {
  organization: "Organization",
  teams: "Teams",
  budgets: "Budgets",
  usage: "Usage",
  digest: "Digest",
};

/** The list of steps in its window. `note`: what just happened, as blocks above it. */
export function hubModal(facts: SetUpFacts, note: readonly Block[] = []): Modal {
  return modal({
    callbackId: "setup_hub",
    title: isSetUp(facts) ? "Settings" : TITLE,
    blocks: [
      ...note,
      ...summary(facts),
      ...STEPS.flatMap((step) => stepBlocks(step, facts)),
      ...footer(facts),
    ],
  });
}

function summary(facts: SetUpFacts): Block[] {
  const done = STEPS.filter((step) => stepState(step, facts) === "done").length;
  if (isSetUp(facts))
    return [section(":tada: *Everything is set up.* Change it here at any time.")];
  return [
    section(
      `*${String(done)} of ${String(STEPS.length)} steps done.* Each is short; leave and come back whenever you like.`,
    ),
  ];
}

function stepBlocks(step: Step, facts: SetUpFacts): Block[] {
  const state = stepState(step, facts);
  const text = `${MARKS[state]}  *${TITLES[step]}*\n${stepText(step, facts)}`;
  return [section(text, stepButton(step, facts))];
}

export function stepText(step: Step, facts: SetUpFacts): string {
  switch (step) {
    case "organization": {
      const { organization } = facts;
      if (organization === undefined) return "Its name, its time zone, and the channel of finance.";
      const named = `${name(organization.name)} · ${escapeText(organization.timeZone)}`;
      return organization.finopsChannel === undefined
        ? `${named}. Say where news about everybody's money goes.`
        : `${named} · ${channelText(organization.finopsChannel, facts)}`;
    }
    case "teams":
      return facts.teams === 0
        ? "Who belongs together, who owns the budget, where they are told."
        : counted(facts.teams, "team", "teams");
    case "budgets":
      return facts.budgets === 0
        ? "What may be spent, and when I warn."
        : counted(facts.budgets, "budget", "budgets");
    case "usage":
      return usageText(facts);
    case "digest": {
      const [first] = facts.digests;
      if (first === undefined) return "What was spent, told every day, week or month.";
      const next =
        first.nextAt === undefined
          ? ""
          : `, next ${slackDate(first.nextAt, "{date_short_pretty} {time}", first.nextAt.toISOString())}`;
      return `${counted(facts.digests.length, "digest", "digests")}${next}${
        first.channel === undefined ? "" : ` · ${channelText(first.channel, facts)}`
      }`;
    }
  }
}

function usageText({ hasUsage, sources, isAnthropicRead }: SetUpFacts): string {
  const waiting = sources.filter(({ hasSent }) => !hasSent).map((source) => name(source.name));
  const anthropic = isAnthropicRead ? " · Anthropic's own reports are read" : "";
  if (hasUsage) {
    return waiting.length === 0
      ? `First event received${anthropic}`
      : `First event received · still waiting for ${waiting.join(", ")}${anthropic}`;
  }
  return waiting.length === 0
    ? `Which app or gateway reports what it uses${anthropic}`
    : `Waiting for the first event of ${waiting.join(", ")}…${anthropic}`;
}

function channelText(channel: string, { channels }: SetUpFacts): string {
  const check = channels.find((one) => one.channel === channel);
  return `${channelName(channel)}${checkText(check)}`;
}

/** A channel as a link where its id is known. */
export function channelName(channel: string): string {
  return /^[CG][A-Z0-9]{6,20}$/.test(channel) ? `<#${channel}>` : escapeText(channel);
}

function checkText(check: ChannelCheck | undefined): string {
  switch (check?.status) {
    case "posted":
      return ", where I can post";
    case "refused":
      return `: I can't post there. ${channelRemedy(check.problem)}`;
    case "posting":
    case undefined:
      return "";
  }
}

/** What to do about a channel that Slack does not let us into. */
export function channelRemedy(problem: string | undefined): string {
  if (problem === "is_archived") return "It is archived: choose another one.";
  if (problem === "restricted_action") {
    return "Only some people may post there: choose another one, or allow the app.";
  }
  return problem === "not_in_channel" || problem === "channel_not_found"
    ? "Invite me there: `/invite @Claude Spend`, then check again."
    : "Slack refuses it: invite me there, or choose another one, then check again.";
}

const STEP_FORM: Readonly<Record<Step, string>> = {
  organization: "organization",
  teams: "team",
  budgets: "budget",
  usage: "source",
  digest: "digest",
};

function stepButton(step: Step, facts: SetUpFacts): Button {
  const isNext = nextStep(facts) === step;
  const count = {
    organization: 0,
    teams: facts.teams,
    budgets: facts.budgets,
    usage: 0,
    digest: facts.digests.length,
  }[step];
  if (count > 0) {
    const value = {
      organization: "",
      teams: "teams",
      budgets: "budgets",
      usage: "",
      digest: "digests",
    }[step];
    return button({ actionId: LIST_ACTION, text: "Change", value });
  }
  const isEdit = step === "organization" && stepState(step, facts) !== "todo";
  return button({
    actionId: FORM_ACTION,
    text: isEdit ? "Change" : step === "usage" ? "Add a source" : "Set up",
    value: STEP_FORM[step],
    ...(isNext ? { style: "primary" as const } : {}),
  });
}

function footer(facts: SetUpFacts): Block[] {
  const hasProblem = STEPS.some((step) => stepState(step, facts) === "problem");
  const isWaiting = stepState("usage", facts) === "waiting";
  return [
    DIVIDER,
    actions([
      ...(hasProblem || isWaiting
        ? [button({ actionId: CHECK_ACTION, text: "Check again", value: "hub" })]
        : []),
      button({ actionId: LIST_ACTION, text: "Approvals", value: "approvals" }),
      button({ actionId: FORM_ACTION, text: "Admins and finance", value: "admins" }),
      button({ actionId: HISTORY_ACTION, text: "History", value: "show" }),
    ]),
    context("All of it is one document with a history: `/claude-spend governance`."),
  ];
}

/** "Saved" and what it changed, above the list of steps. */
export function savedNote(
  changes: readonly string[],
  warnings: readonly string[] = [],
): readonly Block[] {
  const shown = changes
    .slice(0, 4)
    .map((change) => `• ${withLinks(escapeText(capitalized(truncate(change, 200))))}`);
  const more = changes.length - shown.length;
  return [
    section(
      changes.length === 0
        ? "Nothing to change: it was so already."
        : [
            ":white_check_mark: *Saved.*",
            ...shown,
            ...(more > 0 ? [`…and ${String(more)} more`] : []),
          ].join("\n"),
    ),
    ...warnings
      .slice(0, 3)
      .map((warning) => context(`:warning: ${escapeText(truncate(warning, 500))}`)),
    DIVIDER,
  ];
}

/** Ids of channels as Slack shows them. */
function withLinks(text: string): string {
  return text.replace(/\b[CG][A-Z0-9]{8,20}\b/g, "<#$&>");
}

function name(text: string): string {
  return escapeText(truncate(text, NAME_CHARS_MAX));
}

function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}
