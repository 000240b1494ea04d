/** What people read about limits elsewhere: the state of a push, the card of a request. Pure. */
import type { LimitTarget } from "../../domain/limit.ts";
import { formatUsd, hasReachedPercent, percentOf, type Usd, usd } from "../../domain/money.ts";
import { context, escapeText, message, type SlackMessage, section } from "../../slack/blocks.ts";
import type { Push } from "./rules.ts";

const SYSTEM_NAMES = {
  anthropic: "Anthropic",
  litellm: "LiteLLM",
  gateway: "Claude apps gateway",
} as const;

/** "Anthropic workspace wrkspc_01" */
function targetName({ system, kind, id }: LimitTarget): string {
  const name = SYSTEM_NAMES[system];
  return kind === "organization"
    ? `${name}, whole organization`
    : `${name} ${kind.replace("_", " ")} ${id}`;
}

const SIGNS: Readonly<Record<Push["status"], string>> = {
  pending: ":hourglass_flowing_sand:",
  sending: ":hourglass_flowing_sand:",
  done: ":white_check_mark:",
  unknown: ":grey_question:",
  failed: ":warning:",
  reversed: ":leftwards_arrow_with_hook:",
};

/** One message for each push, brought up to date in place as it goes on. */
export function pushMessage(push: Push): SlackMessage {
  const text = `${SIGNS[push.status]} ${escapeText(stateText(push))}`;
  const detail = push.detail === undefined ? [] : [context(escapeText(push.detail))];
  return message(escapeText(stateText(push)), [section(text), ...detail]);
}

/** What an admin is asked to look at: nobody else can mend it. */
export function pushFailedMessage(push: Push): SlackMessage {
  const text = `${stateText(push)}. Please look at it there; \`claude-spend limits list\` shows all, \`claude-spend limits retry\` tries again.`;
  return message(escapeText(stateText(push)), [
    section(`${SIGNS.failed} ${escapeText(stateText(push))}`),
    context(escapeText(push.detail ?? ""), text.slice(stateText(push).length + 2)),
  ]);
}

/** "Limit at Anthropic workspace wrkspc_01: $500.00 → $700.00, done" */
export function stateText(push: Push): string {
  const where = targetName(push.target);
  if (push.operation === "deny_increase") {
    return `Request of ${where}: ${DENIAL_STATES[push.status]}`;
  }
  const { before, intended } = push;
  const change =
    before === undefined || intended === undefined
      ? `${formatUsd(push.amount)} more`
      : push.direction === "back"
        ? `the raise of ${formatUsd(usd(intended - before))}`
        : `${formatUsd(before)} → ${formatUsd(intended)}`;
  const states = push.direction === "back" ? BACK_STATES : FORWARD_STATES;
  return `Limit at ${where}: ${change}, ${states[push.status]}`;
}

const FORWARD_STATES: Readonly<Record<Push["status"], string>> = {
  pending: "waiting to be sent",
  sending: "being sent",
  done: "done",
  unknown: "sent, not confirmed yet",
  failed: "failed",
  reversed: "taken back",
};
const BACK_STATES: Readonly<Record<Push["status"], string>> = {
  pending: "about to be taken back",
  sending: "being taken back",
  done: "taken back",
  unknown: "being taken back, not confirmed yet",
  failed: "could not be taken back",
  reversed: "taken back",
};
const DENIAL_STATES: Readonly<Record<Push["status"], string>> = {
  pending: "denied here, not there yet",
  sending: "being denied",
  done: "denied there as well",
  unknown: "denied here, not confirmed there yet",
  failed: "could not be denied",
  reversed: "denied",
};

/** What an approver needs to see of a request that names neither amount nor reason. */
export function increaseTexts(increase: {
  readonly email: string;
  readonly period: string;
  readonly limit: Usd;
  readonly spend: Usd;
  readonly amount: Usd;
  readonly measured: Usd;
}): { readonly title: string; readonly details: readonly string[]; readonly reason: string } {
  const { email, period, limit, spend, amount, measured } = increase;
  return {
    title: `the ${period} limit of ${email} at Anthropic`,
    details: [
      `Now: ${shareText(spend, limit)}`,
      `After: ${shareText(spend, usd(limit + amount))}`,
      `Measured here in the same time: ${formatUsd(measured)}`,
      "The amount is our proposal: Anthropic does not say how much is wanted",
    ],
    reason: "Asked for in claude.ai, which asks for no reason.",
  };
}

/** "$480.00 of $500.00 (96%)"; a limit of nothing has no share. */
function shareText(spend: Usd, limit: Usd): string {
  if (limit <= 0n) return `${formatUsd(spend)}, beyond what the plan includes`;
  const full = hasReachedPercent(spend, limit, 100) ? ", all used up" : "";
  return `${formatUsd(spend)} of ${formatUsd(limit)} (${String(percentOf(spend, limit))}%${full})`;
}
