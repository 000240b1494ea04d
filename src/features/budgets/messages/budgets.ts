/** Lists of budgets, and answers to `budget` and `budget set`. Pure. */

import type { FigureBasis } from "../../../domain/basis.ts";
import { formatUsd, type Usd } from "../../../domain/money.ts";
import { AMOUNT_REFUSAL_TEXT, type AmountRefusal } from "../../../domain/money-text.ts";
import type { ScopeRefusal } from "../../../domain/scope.ts";
import type { Instant, PeriodKind } from "../../../domain/time.ts";
import { basisText } from "../../../slack/basis-text.ts";
import {
  type Block,
  commandText,
  context,
  header,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import { askAgain } from "../../../slack/suggestions.ts";
import { requestRaiseButton } from "./alert.ts";
import { type AskedPeriod, askedPeriodBlocks } from "./asked-period.ts";
import { forecastLine, paceText } from "./heading.ts";
import {
  answer,
  barText,
  budgetName,
  daysLeftText,
  type NamedStatus,
  nameText,
  spendText,
} from "./wording.ts";

/** A message holds fewer blocks than this; the rest is counted. */
const BUDGETS_SHOWN_MAX = 40;

const KEYS_SHOWN_MAX = 5;
const PROBLEMS_SHOWN_MAX = 3;

const SET_USAGE = "/claude-spend budget set SCOPE AMOUNT PERIOD";
const SET_EXAMPLE = "/claude-spend budget set project:checkout 500 monthly";

/** What people call a scope, and how they type it. */
export interface NamedScope {
  readonly name: string;
  readonly typed: string;
}

export const NO_EMAIL_ANSWER = answer(
  "Slack doesn't tell me your e-mail address, so I don't know which budgets are yours. Add one to your Slack profile, or ask a Slack admin to let this app read it.",
);

/** Whose budgets these are: of one scope, or all that concern the person. */
export function budgetListMessage(list: {
  readonly statuses: readonly NamedStatus[];
  readonly about: NamedScope | undefined;
  readonly basis?: FigureBasis | undefined;
  /** What was asked for that there is not. */
  readonly asked?: AskedPeriod | undefined;
  readonly now: Instant;
}): SlackMessage {
  const { statuses, about, basis, asked, now } = list;
  if (statuses.length === 0) return noBudgetMessage(about, asked);
  const shown = statuses.slice(0, BUDGETS_SHOWN_MAX);
  const rest = statuses.length - shown.length;
  const title = about === undefined ? "Your budgets" : `Budgets of ${about.name}`;
  const [nearest] = shown;
  const summary =
    nearest === undefined
      ? title
      : `${capitalize(budgetName({ name: nearest.name, periodKind: nearest.status.periodKind }))}: ${spendText(nearest.status)}`;
  const others = statuses.length > 1 ? `, and ${String(statuses.length - 1)} more` : "";
  return message(`${summary}${others}.`, [
    header(title),
    ...shown.map((one) => budgetBlock(one, now)),
    ...(rest > 0 ? [context(`${String(rest)} more. Name a scope to see its budgets.`)] : []),
    ...(basis === undefined ? [] : [context(basisText(basis))]),
    ...askedPeriodBlocks(asked),
  ]);
}

/** One budget with its bar and a button. */
function budgetBlock({ status, name }: NamedStatus, now: Instant): Block {
  const raised =
    status.grants > 0n
      ? ` · ${formatUsd(status.baseLimit)} plus ${formatUsd(status.grants)} raised`
      : "";
  const carried = status.carriedOver > 0n ? ` · ${formatUsd(status.carriedOver)} carried over` : "";
  const lines = [
    `*${nameText(name)}* · ${status.periodKind}`,
    `${barText(status.percent)} · ${formatUsd(status.spend)} of ${formatUsd(status.limit)} · ${daysLeftText(status, now)}${raised}${carried}`,
    headingText(status),
  ];
  return section(lines.filter((line) => line !== "").join("\n"), requestRaiseButton(status));
}

/** "Forecast $548.70 (109%) · 3 days ahead of plan"; nothing rather than an invented number. */
function headingText({ forecast: last, limit, spend, periodKind }: NamedStatus["status"]): string {
  // What was spent since it was made can have overtaken it.
  const forecast = last !== undefined && last.expected < spend ? undefined : last;
  const pace = forecast === undefined ? undefined : paceText(forecast.daysAhead, periodKind);
  return [forecastLine(forecast, limit), pace].filter((part) => part !== undefined).join(" · ");
}

function noBudgetMessage(
  about: NamedScope | undefined,
  asked: AskedPeriod | undefined,
): SlackMessage {
  const example = commandText(
    about === undefined ? SET_EXAMPLE : `/claude-spend budget set ${about.typed} 500 monthly`,
  );
  const text =
    about === undefined
      ? `No budget covers you or your teams yet. An admin can set one in \`/claude-spend setup\` or with ${example}.`
      : `There is no budget for ${nameText(about.name)} yet. Whoever may can set one: ${example}.`;
  const report =
    about === undefined
      ? { text: "My spend", command: "me" }
      : { text: `Spend of ${about.name}`, command: about.typed };
  return message(text, [
    section(text),
    ...(asked?.kind === "other-time" ? askedPeriodBlocks(asked) : askAgain([report])),
  ]);
}

/** A button typed what sets a limit: it shows, and whoever wants it types it. */
export function setByClickAnswer(typed: string): SlackMessage {
  return answer(
    `Nothing is set by a click. Type it: ${commandText(`/claude-spend budget ${typed}`)}`,
  );
}

export type SetBudgetResult =
  | ScopeRefusal
  | ({ readonly kind: "may-not-set" } & NamedScope)
  | ({ readonly kind: "file-only" } & NamedScope)
  /** Which of them is meant is not said. */
  | ({
      readonly kind: "several";
      readonly periodKind: PeriodKind;
      readonly keys: readonly string[];
    } & NamedScope)
  /** It does not fit what the document says otherwise. */
  | { readonly kind: "refused"; readonly problems: readonly string[] }
  | { readonly kind: "unchanged"; readonly named: NamedStatus }
  | { readonly kind: "set"; readonly named: NamedStatus; readonly before: Usd | undefined };

/** What somebody reads who named what is there; of other names see `scopeRefusalMessage`. */
export function setBudgetAnswer(result: Exclude<SetBudgetResult, ScopeRefusal>): SlackMessage {
  switch (result.kind) {
    case "may-not-set":
      return answer(
        `You can't set the budget of ${nameText(result.name)} yourself. Ask for a raise: ${commandText(`/claude-spend raise ${result.typed}`)}`,
        [{ text: "Ask for a raise", command: `raise ${result.typed}` }],
      );
    case "file-only":
      return answer(
        `Nothing was changed: here only the governance file decides (\`GOVERNANCE_FILE_MODE=only\`). Change the budget of ${nameText(result.name)} there, or ask for a raise: ${commandText(`/claude-spend raise ${result.typed}`)}`,
        [{ text: "Ask for a raise", command: `raise ${result.typed}` }],
      );
    case "several":
      return answer(
        `${nameText(result.name)} has ${String(result.keys.length)} ${result.periodKind} budgets: ${result.keys.slice(0, KEYS_SHOWN_MAX).map(commandText).join(", ")}. Change the one you mean in ${commandText("/claude-spend setup")}.`,
      );
    case "refused":
      return answer(
        `Nothing was changed: ${result.problems.slice(0, PROBLEMS_SHOWN_MAX).map(nameText).join("; ")}.`,
        [{ text: "My budgets", command: "budget" }],
      );
    case "unchanged":
      return answer(
        `The ${nameOf(result.named)} already is ${formatUsd(result.named.status.baseLimit)}.`,
      );
    case "set": {
      const { status } = result.named;
      const change =
        result.before === undefined
          ? `The ${nameOf(result.named)} is ${formatUsd(status.baseLimit)}.`
          : `The ${nameOf(result.named)} is now ${formatUsd(status.baseLimit)}, was ${formatUsd(result.before)}.`;
      const alerts = status.thresholdPercents.map((percent) => `${String(percent)}%`).join(", ");
      return answer(`${change} Spent so far: ${spendText(status)}. Alerts at ${alerts}.`);
    }
  }
}

export type SetCommandProblem =
  | { readonly reason: "usage" | "period" }
  | { readonly reason: "amount"; readonly amount: AmountRefusal };

export function setCommandAnswer(problem: SetCommandProblem): SlackMessage {
  switch (problem.reason) {
    case "usage":
      return answer(`Write ${commandText(SET_USAGE)}, for example ${commandText(SET_EXAMPLE)}.`);
    case "period":
      return answer(
        `End with a period: daily, weekly, monthly, quarterly or yearly. For example ${commandText(SET_EXAMPLE)}.`,
      );
    case "amount":
      return answer(AMOUNT_REFUSAL_TEXT[problem.amount]);
  }
}

function nameOf({ name, status }: NamedStatus): string {
  return budgetName({ name, periodKind: status.periodKind });
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
