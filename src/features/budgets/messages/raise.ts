/** The raise: its modal, what an approver reads, answers, and the news of a new limit. Pure. */

import { lastDayText } from "../../../domain/date-text.ts";
import { addUsd, formatUsd, percentOf, type Usd } from "../../../domain/money.ts";
import { AMOUNT_REFUSAL_TEXT, type AmountRefusal } from "../../../domain/money-text.ts";
import type { Instant, PeriodKind, TimeZone } from "../../../domain/time.ts";
import { UNTIL_REFUSAL_TEXT, type UntilRefusal } from "../../../domain/until.ts";
import {
  commandText,
  input,
  type Modal,
  message,
  modal,
  option,
  plain,
  type SlackMessage,
  section,
  select,
} from "../../../slack/blocks.ts";
import { projectSpend } from "../rules/pace.ts";
import { type BudgetRef, formatBudgetRef } from "../rules.ts";
import { type NamedScope, type ScopeProblem, scopeProblemAnswer } from "./budgets.ts";
import {
  answer,
  budgetName,
  daysLeftText,
  type NamedDriver,
  type NamedStatus,
  nameText,
  peopleText,
  spendText,
} from "./wording.ts";

export const RAISE_VIEW = "budget_raise";
/** Slack refuses an option with a longer value. */
const OPTION_VALUE_CHARS_MAX = 150;
const REASON_CHARS_MAX = 500;
const RAISE_USAGE = "/claude-spend raise SCOPE [PERIOD] [AMOUNT] [until DATE] [reason…]";

export type RaiseResult =
  | ScopeProblem
  /** Words between a scope and an amount that are no period. */
  | { readonly kind: "unexpected-words"; readonly typed: string; readonly words: string }
  | ({ readonly kind: "no-budget" } & NamedScope)
  /** There are budgets of the scope, but none of the period that was named. */
  | ({
      readonly kind: "no-budget-of-period";
      readonly periodKind: PeriodKind;
      readonly periodKinds: readonly PeriodKind[];
    } & NamedScope)
  | { readonly kind: "bad-until"; readonly reason: UntilRefusal }
  /** Approvals' own reason, as a sentence. */
  | { readonly kind: "refused"; readonly text: string }
  | {
      readonly kind: "requested";
      readonly named: NamedStatus;
      readonly amount: Usd;
      readonly endsAt: Instant;
      readonly approvers: readonly string[];
      readonly now: Instant;
    };

export function raiseAnswer(result: RaiseResult): SlackMessage {
  switch (result.kind) {
    case "unknown-scope":
    case "not-allowed":
      return scopeProblemAnswer(result);
    case "unexpected-words":
      return answer(
        `I don't understand “${nameText(result.words)}” after ${commandText(result.typed)}: next comes an amount, perhaps with a period before it, then the reason. For example ${commandText(`/claude-spend raise ${result.typed} 200 launch week`)}.`,
      );
    case "no-budget-of-period":
      return answer(
        `There is no ${result.periodKind} budget of ${nameText(result.name)} to raise, only ${periodsText(result.periodKinds)}. For example ${commandText(`/claude-spend raise ${result.typed} ${result.periodKinds[0] ?? ""} 200`)}.`,
      );
    case "no-budget":
      return answer(
        `There is no budget for ${nameText(result.name)} to raise: nothing limits it. ${commandText(`/claude-spend ${result.typed}`)} shows what it spends.`,
      );
    case "bad-until":
      return answer(`Nothing was asked for. ${UNTIL_REFUSAL_TEXT[result.reason]}`);
    case "refused":
      return answer(`Nothing was asked for. ${result.text}`);
    case "requested": {
      const { status, name } = result.named;
      const budget = budgetName({ name, periodKind: status.periodKind });
      const last = lastDayText(result.endsAt, status.timeZone, result.now);
      return answer(
        `Asked ${peopleText(result.approvers)} for ${formatUsd(result.amount)} more in the ${budget}, through ${last}. I'll tell you what they decide.`,
      );
    }
  }
}

/** "a monthly and a daily one". */
function periodsText(periodKinds: readonly PeriodKind[]): string {
  const named = periodKinds.map((kind) => `a ${kind}`);
  const last = named.at(-1) ?? "";
  return `${named.length < 2 ? last : `${named.slice(0, -1).join(", ")} and ${last}`} one`;
}

/** Answers a command whose amount is none. */
export function raiseAmountAnswer(refusal: AmountRefusal): SlackMessage {
  return answer(
    `Nothing was asked for. ${AMOUNT_REFUSAL_TEXT[refusal]} ${commandText(RAISE_USAGE)}`,
  );
}

export interface RaiseForm {
  /** Budgets that the person may see, the likeliest first. Never empty. */
  readonly statuses: readonly NamedStatus[];
  readonly selected: BudgetRef | undefined;
  /** "2026-11-30": the last day. */
  readonly untilDate: string | undefined;
  readonly reason: string;
}

export function raiseModal(form: RaiseForm): Modal {
  const options = form.statuses.flatMap(({ status, name }) => {
    const value = formatBudgetRef(status);
    if (value.length > OPTION_VALUE_CHARS_MAX) return []; // Only the command can name it.
    return [option(`${name} · ${status.periodKind} · ${spendText(status)}`, value)];
  });
  const wanted = form.selected === undefined ? undefined : formatBudgetRef(form.selected);
  const initial = options.find(({ value }) => value === wanted) ?? options[0];
  if (initial === undefined)
    return raiseInfoModal("There is no budget that you could ask to raise.");
  return modal({
    callbackId: RAISE_VIEW,
    title: "Request a raise",
    submit: "Send request",
    blocks: [
      input({
        blockId: "budget",
        label: "Budget",
        // The wanted one first, so that it is among those that a select can hold.
        element: select("budget", [initial, ...options.filter((one) => one !== initial)], initial),
      }),
      input({
        blockId: "amount",
        label: "How much more, in US dollars",
        element: {
          type: "plain_text_input",
          action_id: "amount",
          max_length: 30,
          placeholder: plain("200", 30),
        },
      }),
      input({
        blockId: "until",
        label: "Last day",
        hint: "Left empty: until the end of the budget's current period.",
        optional: true,
        element: {
          type: "datepicker",
          action_id: "until",
          ...(form.untilDate === undefined ? {} : { initial_date: form.untilDate }),
        },
      }),
      input({
        blockId: "reason",
        label: "What it is for",
        hint: "The approvers read this.",
        element: {
          type: "plain_text_input",
          action_id: "reason",
          multiline: true,
          max_length: REASON_CHARS_MAX,
          ...(form.reason === "" ? {} : { initial_value: form.reason.slice(0, REASON_CHARS_MAX) }),
        },
      }),
    ],
  });
}

/** Shown at once, while the budgets are being read. */
export function raiseLoadingModal(): Modal {
  return raiseInfoModal("Looking up your budgets…");
}

/** Says why there is nothing to fill in. `text` is mrkdwn. */
export function raiseInfoModal(text: string): Modal {
  return modal({ callbackId: RAISE_VIEW, title: "Request a raise", blocks: [section(text)] });
}

/** What an approver needs to see. Plain text: approvals escape it. */
export function raiseProposalText(proposal: {
  readonly named: NamedStatus;
  readonly amount: Usd;
  readonly drivers: readonly NamedDriver[];
  readonly now: Instant;
}): { readonly title: string; readonly details: readonly string[] } {
  const { named, amount, drivers, now } = proposal;
  const { status } = named;
  const raised = addUsd(status.limit, amount);
  const projected = projectSpend(status.spend, status.period, now);
  const topDriver = drivers[0];
  const last = lastDayText(status.period.end, status.timeZone, now);
  const by = last === "today" ? "the end of today" : last;
  return {
    title: `${named.name}, ${status.periodKind} budget`,
    details: [
      `Now: ${spendText(status)}, ${daysLeftText(status, now)}.`,
      `With the raise: ${spendText({ ...status, limit: raised, percent: percentOf(status.spend, raised) })}.`,
      ...(projected === undefined ? [] : [`At this pace: ${formatUsd(projected)} by ${by}.`]),
      ...(topDriver === undefined
        ? []
        : [`Largest part: ${topDriver.name}, ${formatUsd(topDriver.cost)}.`]),
    ],
  };
}

/** For the channel of a budget's team: how much there is now, until when, and who decided. */
export function raiseAppliedMessage(raise: {
  readonly name: string;
  readonly periodKind: NamedStatus["status"]["periodKind"];
  readonly timeZone: TimeZone;
  readonly amount: Usd;
  readonly limit: Usd;
  readonly endsAt: Instant;
  readonly approvers: readonly string[];
  readonly now: Instant;
}): SlackMessage {
  const text =
    `The ${budgetName(raise)} is ${formatUsd(raise.limit)} through ` +
    `${lastDayText(raise.endsAt, raise.timeZone, raise.now)}: ${peopleText(raise.approvers)} approved ${formatUsd(raise.amount)} more.`;
  return message(text, [section(`:moneybag: ${text}`)]);
}
