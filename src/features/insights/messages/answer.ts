/** The answer to `ask`. Pure. Every number in it was put there from what SQL returned. */
import type { FigureBasis } from "../../../domain/basis.ts";
import { formatUsd, type Usd, usd } from "../../../domain/money.ts";
import { basisText } from "../../../slack/basis-text.ts";
import {
  commandText,
  context,
  escapeText,
  message,
  type SlackMessage,
  section,
  truncate,
} from "../../../slack/blocks.ts";
import { fillSentence, type Query } from "../rules/answer.ts";

const NAME_CHARS_MAX = 120;
const ROWS_MAX = 5;

export interface Answered {
  readonly kind: "answered";
  readonly query: Query;
  /** With gaps. */
  readonly sentence: string;
  readonly scope: string;
  readonly period: string;
  readonly total: Usd;
  readonly before: Usd;
  /** The largest first; only of a question for them. */
  readonly rows: readonly { readonly name: string; readonly cost: Usd }[];
  /** What gives the same without Claude. */
  readonly command: string;
  readonly basis?: FigureBasis;
}

export type AnswerResult =
  | Answered
  | { readonly kind: "no-key" }
  | { readonly kind: "no-question" }
  | { readonly kind: "not-answerable" }
  | { readonly kind: "unavailable" }
  /** Who spent how much is for owners and admins. */
  | { readonly kind: "not-allowed-people"; readonly scope: string };

const COMMANDS =
  "`/claude-spend SCOPE PERIOD` shows what was spent, `/claude-spend top` who and what drives it, `/claude-spend why SCOPE` what changed.";

export function answerMessage(answer: AnswerResult): SlackMessage {
  switch (answer.kind) {
    case "answered":
      return answeredMessage(answer);
    case "no-key":
      return said(
        "Questions in plain words need a key for Claude, which is not set up here.",
        `Without it: ${COMMANDS}`,
      );
    case "no-question":
      return said(
        "What would you like to know?",
        "For example: `/claude-spend ask what did search spend on opus last month?`",
      );
    case "not-answerable":
      return said("I have no numbers for that question.", COMMANDS);
    case "unavailable":
      return said("Claude can't be asked right now.", `Without it: ${COMMANDS}`);
    case "not-allowed-people":
      return said(
        `You may not see what each person of ${answer.scope} spent.`,
        "Owners of the team and admins can tell you more.",
      );
  }
}

function said(text: string, hint: string): SlackMessage {
  const safe = escapeText(text);
  return message(safe, [section(`${safe}\n${hint}`)]);
}

function answeredMessage(answer: Answered): SlackMessage {
  const { sentence, rows, total, before } = answer;
  const [first] = rows;
  const values = {
    scope: nameOf(answer.scope),
    period: answer.period,
    total: formatUsd(total),
    before: formatUsd(before),
    change: changeText(total, before),
    first: nameOf(first?.name ?? "nothing"),
    first_cost: formatUsd(first?.cost ?? usd(0n)),
  };
  const text = fillSentence(sentence, values);
  const lines = rows
    .slice(0, ROWS_MAX)
    .map(({ name, cost }) => `• ${escapeText(nameOf(name))} ${formatUsd(cost)}`);
  return message(escapeText(text), [
    section(escapeText(text)),
    ...(lines.length === 0 ? [] : [section(lines.join("\n"))]),
    context(
      `The numbers are ours; Claude chose the question: ${commandText(answer.command)} gives the same.`,
    ),
    ...(answer.basis === undefined ? [] : [context(basisText(answer.basis))]),
  ]);
}

function changeText(now: Usd, before: Usd): string {
  if (now === before) return "as before";
  const difference = usd(now > before ? now - before : before - now);
  return `${formatUsd(difference)} ${now > before ? "more" : "less"} than before`;
}

function nameOf(name: string): string {
  return truncate(name.replaceAll(/\s+/g, " "), NAME_CHARS_MAX);
}
