/** The set-up on App Home, and for whoever comes before it has begun. Pure. */
import {
  actions,
  type Block,
  button,
  header,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import { isSetUp, type SetUpFacts, STEPS, type Standing, stepState } from "../rules.ts";
import { MARKS, stepText, TITLES } from "./hub.ts";
import { FORM_ACTION, HISTORY_ACTION, LIST_ACTION, OPEN_ACTION } from "./names.ts";

/** The set-up on App Home; nothing for people who can't do anything about it. */
export function setUpBlocks(view: {
  readonly facts: SetUpFacts;
  readonly standing: Standing;
}): readonly Block[] {
  const { facts, standing } = view;
  switch (standing.kind) {
    case "may-begin":
    case "needs-code":
      return welcomeBlocks(standing);
    case "admin":
      return isSetUp(facts) ? [settingsRow()] : [header("Set up"), ...homeSteps(facts)];
    case "owner":
      return [
        actions([button({ actionId: OPEN_ACTION, text: "My teams' settings", value: "home" })]),
      ];
    case "outsider":
      return [];
  }
}

function settingsRow(): Block {
  return actions([
    button({ actionId: OPEN_ACTION, text: "Settings", value: "home" }),
    button({ actionId: FORM_ACTION, text: "Add team", value: "team" }),
    button({ actionId: LIST_ACTION, text: "Edit budgets", value: "budgets" }),
    button({ actionId: HISTORY_ACTION, text: "History", value: "show" }),
  ]);
}

function homeSteps(facts: SetUpFacts): Block[] {
  const lines = STEPS.map(
    (step) => `${MARKS[stepState(step, facts)]}  *${TITLES[step]}*  ${stepText(step, facts)}`,
  );
  const isBegun = STEPS.some((step) => stepState(step, facts) === "done");
  return [
    section(lines.join("\n")),
    actions([
      button({
        actionId: OPEN_ACTION,
        text: isBegun ? "Go on with the set-up" : "Begin",
        value: "home",
        style: "primary",
      }),
    ]),
  ];
}

function welcomeBlocks(standing: Standing): readonly Block[] {
  const how =
    standing.kind === "may-begin"
      ? "Nobody is its admin yet. You run this Slack workspace, so you can begin: it takes ten minutes, and no file."
      : "Nobody is its admin yet. An admin of this Slack workspace can begin, or whoever has the code that the bot prints in its log: `/claude-spend setup CODE`.";
  return [
    header("Claude Spend"),
    section(`I show what you spend on Claude, and help to keep it within limits.\n${how}`),
    actions([
      button({ actionId: OPEN_ACTION, text: "Set up", value: "welcome", style: "primary" }),
    ]),
  ];
}

/** For whoever types the bare command before anything is set up. */
export function welcomeMessage(standing: Standing): SlackMessage {
  return message("Claude Spend is not set up yet.", welcomeBlocks(standing));
}
