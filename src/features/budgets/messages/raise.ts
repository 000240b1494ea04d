/** The raise: its modal and the answers to whoever asks. Pure. */

import { lastDayText } from "../../../domain/date-text.ts";
import { formatUsd, type Usd } from "../../../domain/money.ts";
import { AMOUNT_REFUSAL_TEXT } from "../../../domain/money-text.ts";
import type { ScopeRefusal } from "../../../domain/scope.ts";
import type { Instant, PeriodKind } from "../../../domain/time.ts";
import { UNTIL_REFUSAL_TEXT, type UntilRefusal } from "../../../domain/until.ts";
import {
  type Block,
  commandText,
  input,
  type Modal,
  modal,
  option,
  plain,
  type SlackMessage,
  section,
  select,
} from "../../../slack/blocks.ts";
import type { RaiseAmountRefusal } from "../rules/raise-amount.ts";
import { type BudgetRef, formatBudgetRef } from "../rules.ts";
import { type NamedScope } from "./budgets.ts";
import {
  answer,
  budgetName,
  type NamedStatus,
  nameText,
  peopleText,
  spendText,
} from "./wording.ts";

export const RAISE_VIEW = "budget_raise";
/** Slack refuses an option with a longer value. */
const OPTION_VALUE_CHARS_MAX = 150;
/** As long as approvals take it. */
export const RAISE_REASON_CHARS_MAX = 500;
const AMOUNT_CHARS_MAX = 30;
const RAISE_USAGE =
  "/claude-spend raise SCOPE [PERIOD] [AMOUNT or PERCENT%] [until DATE] [for PERSON] [reason…]";

export type RaiseResult =
  | RaiseRefusal
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
  | { readonly kind: "bad-amount"; readonly reason: RaiseAmountRefusal }
  /** Asking in somebody's name takes authority over them. */
  | { readonly kind: "not-for-them"; readonly person: string }
  /** Approvals' own reason, as a sentence. */
  | { readonly kind: "refused"; readonly text: string }
  | (Asked & { readonly kind: "requested"; readonly approvers: readonly string[] })
  /** Small enough for the policy to approve it by itself. */
  | (Asked & { readonly kind: "granted" });

interface Asked {
  readonly named: NamedStatus;
  readonly amount: Usd;
  readonly endsAt: Instant;
  readonly now: Instant;
}

/** A name that leads nowhere; of the period that was named with it. */
export type RaiseRefusal = ScopeRefusal & { readonly period?: string };

/** Everything but a request that was made. */
export type RaiseProblem = Exclude<RaiseResult, Asked>;

/** What somebody reads who named what is there; of other names see `scopeRefusalMessage`. */
export function raiseAnswer(result: Exclude<RaiseResult, RaiseRefusal>): SlackMessage {
  switch (result.kind) {
    case "unexpected-words":
      return answer(
        `I don't understand “${nameText(result.words)}” after ${commandText(result.typed)}: next comes an amount, perhaps with a period before it, then the reason. For example ${commandText(`/claude-spend raise ${result.typed} 200 launch week`)}.`,
        [{ text: "Open the form", command: `raise ${result.typed}` }],
      );
    case "no-budget-of-period":
      return answer(
        `There is no ${result.periodKind} budget of ${nameText(result.name)} to raise, only ${periodsText(result.periodKinds)}. For example ${commandText(`/claude-spend raise ${result.typed} ${result.periodKinds[0] ?? ""} 200`)}.`,
        result.periodKinds.map((kind) => ({
          text: `Raise the ${kind} one`,
          command: `raise ${result.typed} ${kind}`,
        })),
      );
    case "no-budget":
      return answer(
        `There is no budget for ${nameText(result.name)} to raise: nothing limits it. ${commandText(`/claude-spend ${result.typed}`)} shows what it spends.`,
        [{ text: `Spend of ${result.name}`, command: result.typed }],
      );
    case "bad-until":
      return answer(`Nothing was asked for. ${UNTIL_REFUSAL_TEXT[result.reason]}`);
    case "bad-amount":
      return answer(`Nothing was asked for. ${RAISE_AMOUNT_REFUSAL_TEXT[result.reason]}`);
    case "not-for-them":
      return answer(
        `Nothing was asked for. For ${nameText(result.person)} an admin or an owner of their team can ask.`,
      );
    case "refused":
      return answer(`Nothing was asked for. ${result.text}`);
    case "requested":
      return answer(
        `Asked ${peopleText(result.approvers)} for ${askedText(result)}. I'll tell you what they decide.`,
      );
    case "granted":
      return answer(`The policy approved ${askedText(result)}. It is in force now.`);
  }
}

function askedText({ named: { status, name }, amount, endsAt, now }: Asked): string {
  const budget = budgetName({ name, periodKind: status.periodKind });
  return `${formatUsd(amount)} more in the ${budget}, through ${lastDayText(endsAt, status.timeZone, now)}`;
}

/** What was expected, as a sentence to show beside the field or in an answer. */
export const RAISE_AMOUNT_REFUSAL_TEXT: Readonly<Record<RaiseAmountRefusal, string>> = {
  ...AMOUNT_REFUSAL_TEXT,
  percent: "Enter a percentage above 0% and at most 1000%, for example 20%.",
  "too-small": "That is less than a cent: ask for more.",
};

/** "a monthly and a daily one". */
function periodsText(periodKinds: readonly PeriodKind[]): string {
  const named = periodKinds.map((kind) => `a ${kind}`);
  const last = named.at(-1) ?? "";
  return `${named.length < 2 ? last : `${named.slice(0, -1).join(", ")} and ${last}`} one`;
}

/** Answers a command whose amount is none. */
export function raiseAmountAnswer(refusal: RaiseAmountRefusal): SlackMessage {
  return answer(
    `Nothing was asked for. ${RAISE_AMOUNT_REFUSAL_TEXT[refusal]} ${commandText(RAISE_USAGE)}`,
  );
}

export interface RaiseForm {
  /** Budgets that the person may see, the likeliest first. Never empty. */
  readonly statuses: readonly NamedStatus[];
  readonly selected: BudgetRef | undefined;
  /** "2026-11-30": the last day. */
  readonly untilDate: string | undefined;
  /** Admins and owners of teams. */
  readonly mayAskForOthers: boolean;
  /** As it was typed; empty: not yet. */
  readonly amount: string;
  readonly reason: string;
  /** What was typed and not understood. */
  readonly note?: string | undefined;
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
      ...(form.note === undefined ? [] : [section(form.note)]),
      input({
        blockId: "budget",
        label: "Budget",
        // The wanted one first, so that it is among those that a select can hold.
        element: select("budget", [initial, ...options.filter((one) => one !== initial)], initial),
      }),
      amountField(form.amount),
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
      ...(form.mayAskForOthers
        ? [
            input({
              blockId: "beneficiary",
              label: "For somebody else",
              hint: "Left empty: for yourself, or for whom the budget is.",
              optional: true,
              element: { type: "users_select", action_id: "beneficiary" },
            }),
          ]
        : []),
      reasonField(form.reason),
    ],
  });
}

function amountField(typed: string): Block {
  return input({
    blockId: "amount",
    label: "How much more, in US dollars",
    hint: "Or a percentage of the budget's own limit: 20%.",
    element: {
      type: "plain_text_input",
      action_id: "amount",
      max_length: AMOUNT_CHARS_MAX,
      placeholder: plain("200", AMOUNT_CHARS_MAX),
      ...(typed === "" ? {} : { initial_value: typed.slice(0, AMOUNT_CHARS_MAX) }),
    },
  });
}

function reasonField(typed: string): Block {
  return input({
    blockId: "reason",
    label: "What it is for",
    hint: "The approvers read this.",
    element: {
      type: "plain_text_input",
      action_id: "reason",
      multiline: true,
      max_length: RAISE_REASON_CHARS_MAX,
      ...(typed === "" ? {} : { initial_value: typed.slice(0, RAISE_REASON_CHARS_MAX) }),
    },
  });
}

/** Above a form that opens though what was typed leads nowhere. */
export function refusalNote(refusal: RaiseRefusal): string {
  const typed = nameText(refusal.text);
  if (refusal.kind === "not-allowed") return `You may not see “${typed}”. Yours are below.`;
  const [nearest] = refusal.nearest;
  return nearest === undefined
    ? `I don't know “${typed}”. Choose the budget below.`
    : `I don't know “${typed}”. Did you mean ${nameText(nearest.name)}?`;
}

/** Shown at once, while the budgets are being read. */
export function raiseLoadingModal(): Modal {
  return raiseInfoModal("Looking up your budgets…");
}

/** Says why there is nothing to fill in. `text` is mrkdwn. */
export function raiseInfoModal(text: string): Modal {
  return modal({ callbackId: RAISE_VIEW, title: "Request a raise", blocks: [section(text)] });
}
