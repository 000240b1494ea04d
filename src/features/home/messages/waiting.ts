/** App Home, the words of what waits: for this person's decision, for somebody's care, for others. Pure. */
import { formatUsd } from "../../../domain/money.ts";
import { type Block, button, context, DIVIDER, header, section } from "../../../slack/blocks.ts";
import type { Attention, HomePage, OwnRequest, WaitingRequest } from "../rules.ts";
import { dateText, moneyText, nameText } from "./words.ts";

export const OPEN_REQUEST_ACTION = "home_open_request";
export const SHOW_ACTION = "home_show";

/** What can be looked at from Home, as the value of the button. */
export type Shown = "rejected" | "unallocated" | "help";

/** A request in full, as its own feature draws it. */
export interface OpenedCard {
  readonly requestId: string;
  readonly card: readonly Block[];
}

/** Longer cards belong into the message that was sent with them. */
const CARD_BLOCKS_MAX = 14;

export function waitingBlocks(
  { shown, count }: HomePage["waiting"],
  opened: OpenedCard | undefined,
): readonly Block[] {
  if (count === 0) return [];
  const hidden = count - shown.length;
  return [
    header(`Waiting for your decision · ${String(count)}`),
    ...shown.flatMap((request, index) => [
      ...(index > 0 && request.requestId === opened?.requestId ? [DIVIDER] : []),
      ...(request.requestId === opened?.requestId
        ? [...opened.card.slice(0, CARD_BLOCKS_MAX), ...(index < shown.length - 1 ? [DIVIDER] : [])]
        : [waitingRow(request)]),
    ]),
    ...(hidden > 0 ? [context(`…and ${String(hidden)} more in your messages.`)] : []),
    DIVIDER,
  ];
}

function waitingRow({ requestId, title, amount, requester, expiresAt }: WaitingRequest): Block {
  return section(
    `*${moneyText(amount)}* for ${nameText(title)}\n${nameText(requester)} · expires ${dateText(expiresAt)}`,
    button({
      actionId: OPEN_REQUEST_ACTION,
      text: "Open",
      value: requestId,
      label: `Open the request of ${requester} for ${formatUsd(amount)}`,
    }),
  );
}

export function attentionBlocks({ attention, month }: HomePage): readonly Block[] {
  if (attention.length === 0) return [];
  return [
    header("Needs attention"),
    ...attention.map((what) => attentionRow(what, month)),
    DIVIDER,
  ];
}

/** More names than this are a crowd. */
const NAMES_MAX = 3;

function attentionRow(what: Attention, month: HomePage["month"]): Block {
  switch (what.kind) {
    case "rejected": {
      const { events, sources } = what;
      const count = `${events.toLocaleString("en-US")} ${events === 1 ? "usage event" : "usage events"}`;
      return section(
        `:warning: *${count}* could not be recorded in 7 days\nFrom ${namesText(sources)}`,
        showButton("rejected"),
      );
    }
    case "unallocated":
      return section(
        `:label: *${moneyText(what.cost)}* belongs to no team\n${String(what.percent)}% of this ${month}`,
        showButton("unallocated"),
      );
    case "drift":
      return section(
        `:scales: *${moneyText(what.amount)}* differs from Anthropic's bill\nOn ${what.days === 1 ? "1 day" : `${String(what.days)} days`} of the last 31 · \`claude-spend reconcile\``,
      );
    case "increases":
      return section(
        `:raised_hand: *${String(what.count)}* ${what.count === 1 ? "request" : "requests"} for more in Claude Enterprise ${what.count === 1 ? "is" : "are"} open\nWhoever may decide has a message about it`,
      );
    case "closed":
      return section(
        `:mailbox_with_no_mail: Slack takes no messages to ${namesText(what.channels.map((channel) => (channel === "*" ? "anybody" : channel)))}\nWhat is meant for them comes to finance or the admins`,
      );
  }
}

function namesText(names: readonly string[]): string {
  const rest = names.length - NAMES_MAX;
  const named = names.slice(0, NAMES_MAX).map(nameText).join(", ");
  return rest > 0 ? `${named} and ${String(rest)} more` : named;
}

function showButton(value: Shown): ReturnType<typeof button> {
  return button({ actionId: SHOW_ACTION, text: "Show", value });
}

export function ownRequestBlocks({ shown, count }: HomePage["ownRequests"]): readonly Block[] {
  if (count === 0) return [];
  const hidden = count - shown.length;
  return [
    header("Your open requests"),
    ...shown.map(ownRequestRow),
    ...(hidden > 0 ? [context(`…and ${String(hidden)} more.`)] : []),
    DIVIDER,
  ];
}

function ownRequestRow(request: OwnRequest): Block {
  const { title, amount, requestedAt, expiresAt } = request;
  const text = `*${moneyText(amount)}* for ${nameText(title)}\nAsked ${dateText(requestedAt)} · expires ${dateText(expiresAt)}`;
  if (!request.mayWithdraw) return section(text);
  return section(
    text,
    button({
      actionId: "approval_withdraw",
      text: "Withdraw",
      value: request.requestId,
      confirm: {
        title: "Withdraw this request?",
        text: "Nobody can approve it any more then. You can ask again.",
        yes: "Withdraw",
      },
    }),
  );
}
