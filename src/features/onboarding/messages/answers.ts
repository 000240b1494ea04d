/** What the set-up says beside its forms: to those it is not for, and when something happened. Pure. */
import {
  actions,
  button,
  escapeText,
  type Modal,
  message,
  modal,
  type SlackMessage,
  section,
  truncate,
} from "../../../slack/blocks.ts";
import { UNKNOWN_PERSON_ADVICE } from "../../../slack/unknown-person.ts";
import type { Standing } from "../rules.ts";
import { OPEN_ACTION } from "./names.ts";

export const TITLE = "Set up Claude Spend";
const NAME_CHARS_MAX = 80;

export function notForYouText(standing: Standing): string {
  if (standing.kind !== "outsider") {
    return "Nobody is an admin of Claude Spend yet. An admin of this Slack workspace can begin; or type `/claude-spend setup CODE` with the code that the bot prints in its log and `claude-spend doctor` shows.";
  }
  const shown = standing.admins
    .slice(0, 5)
    .map((admin) => escapeText(truncate(admin, NAME_CHARS_MAX)));
  return `Settings are for admins: ask ${shown.join(", ")}.`;
}

export const WRONG_CODE = textMessage(
  "That is not the code, or somebody else used it already. The bot prints it in its log at the start, and `claude-spend doctor` shows it.",
);
export const NO_EMAIL = textMessage(UNKNOWN_PERSON_ADVICE);

function textMessage(text: string): SlackMessage {
  return message(text, [section(text)]);
}

export function noticeModal(text: string, title = TITLE): Modal {
  return modal({ callbackId: "setup_notice", title, blocks: [section(text)] });
}

export function loadingModal(): Modal {
  return noticeModal("One moment…");
}

/** Said once in a channel, by which it is known that the bot can post there. */
export function helloMessage(): SlackMessage {
  const text =
    "Hello! News about what is spent on Claude comes here: alerts, digests, and what needs a decision. `/claude-spend help` lists what I understand.";
  return textMessage(text);
}

export function arrivedMessage(source: string): SlackMessage {
  const name = escapeText(source);
  const text = `:tada: The first usage event of *${name}* is recorded. Type \`/claude-spend org\` to see it.`;
  return message(`The first usage event of ${name} is recorded.`, [
    section(text),
    actions([button({ actionId: OPEN_ACTION, text: "Go on with the set-up", value: "arrived" })]),
  ]);
}
