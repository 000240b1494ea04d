/** News of a limit that a raise has changed: granted, taken back, ended by itself. Pure. */
import { lastDayText } from "../../../domain/date-text.ts";
import { formatUsd, percentOf, type Usd } from "../../../domain/money.ts";
import type { Instant, PeriodKind, TimeZone } from "../../../domain/time.ts";
import { basisText, estimateAt } from "../../../slack/basis-text.ts";
import { type Block, context, message, type SlackMessage, section } from "../../../slack/blocks.ts";
import { budgetName, nameText, peopleText, spendText } from "./wording.ts";

/** Where the budget stands now. */
export interface RaiseNews {
  readonly name: string;
  readonly periodKind: PeriodKind;
  readonly timeZone: TimeZone;
  readonly limit: Usd;
  readonly spend: Usd;
  readonly now: Instant;
}

/** For the channel of a budget's team: how much there is now, until when, and who decided. */
export function raiseAppliedMessage(
  raise: Omit<RaiseNews, "spend"> & {
    readonly amount: Usd;
    readonly endsAt: Instant;
    /** Empty: the policy approved it by itself. */
    readonly approvers: readonly string[];
  },
): SlackMessage {
  const by = raise.approvers.length === 0 ? "the policy" : peopleText(raise.approvers);
  const text =
    `The ${budgetName(raise)} is ${formatUsd(raise.limit)} through ` +
    `${lastDayText(raise.endsAt, raise.timeZone, raise.now)}: ${by} approved ${formatUsd(raise.amount)} more.`;
  return message(text, [section(`:moneybag: ${text}`)]);
}

export function raiseRevokedMessage(
  raise: RaiseNews & { readonly amount: Usd; readonly by: string },
): SlackMessage {
  const text =
    `The ${budgetName(raise)} is ${formatUsd(raise.limit)} again: ${nameText(raise.by)} ended ` +
    `the raise of ${formatUsd(raise.amount)} early. Now: ${standingText(raise)}.`;
  return message(text, [section(`:rewind: ${text}`), basisBlock(raise)]);
}

export function raiseEndedMessage(raise: RaiseNews & { readonly amount: Usd }): SlackMessage {
  const text =
    `The raise of ${formatUsd(raise.amount)} in the ${budgetName(raise)} has ended. ` +
    `The limit is ${formatUsd(raise.limit)} now: ${standingText(raise)}.`;
  return message(text, [section(`:hourglass: ${text}`), basisBlock(raise)]);
}

/** What is spent now has today in it. */
function basisBlock({ now }: RaiseNews): Block {
  return context(basisText(estimateAt(now)));
}

function standingText({ spend, limit }: RaiseNews): string {
  return spendText({ spend, limit, percent: percentOf(spend, limit) });
}
