/** What the requester reads in direct messages: that it was asked, and what came of it. Pure. */
import {
  actions,
  button,
  context,
  escapeText,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import type { ApprovalRequest, Vote } from "../rules.ts";
import { outcomeBlocks, outcomeText } from "./card.ts";
import {
  dateText,
  grantText,
  moneyText,
  peopleText,
  quote,
  titleText,
  utcText,
  votesText,
} from "./wording.ts";

/** Tells whom we asked and until when; withdrawing is possible until it is decided. */
export function askedNotice(request: ApprovalRequest, votes: readonly Vote[]): SlackMessage {
  const amount = moneyText(request.requestedAmount);
  const title = escapeText(titleText(request));
  const asked = peopleText(request.asked);
  const what = `You asked for *${amount}* for ${title}, until ${dateText(request.endsAt)}.`;
  if (request.status !== "requested") {
    return message(`You asked for ${amount} for ${title}. ${outcomeText(request, votes)}.`, [
      section(what),
      ...outcomeBlocks(request, votes),
    ]);
  }
  const progress = votes.length === 0 ? "" : `${votesText(request, votes)} · `;
  return message(
    `I asked ${asked} to decide on ${amount} for ${title}. The request expires ${utcText(request.expiresAt)}.`,
    [
      section(`${what} I asked ${asked}.`),
      context(`${progress}expires ${dateText(request.expiresAt)}`),
      actions([
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
      ]),
    ],
  );
}

/** News for the requester, who did not do it themselves. */
export function outcomeNotice(request: ApprovalRequest, votes: readonly Vote[]): SlackMessage {
  const text = outcomeSentence(request, votes, utcText(request.endsAt));
  const shown = outcomeSentence(request, votes, dateText(request.endsAt));
  const reason = request.decisionReason;
  const because = reason === undefined ? [] : [section(quote(reason))];
  return message(text, [section(shown), ...because]);
}

function outcomeSentence(
  request: ApprovalRequest,
  votes: readonly Vote[],
  endsAtText: string,
): string {
  const title = escapeText(titleText(request));
  const { approvedAmount, decidedBy } = request;
  if (request.status === "applied" && approvedAmount !== undefined) {
    const by = peopleText(votes.map((vote) => vote.approver));
    return (
      `:white_check_mark: ${by} approved ${grantText(request, approvedAmount)} for ${title}. ` +
      `It is in force now, until ${endsAtText}.`
    );
  }
  const asked = `your request for ${moneyText(request.requestedAmount)} for ${title}`;
  if (request.status === "denied" && decidedBy !== undefined) {
    return `:no_entry: ${escapeText(decidedBy)} denied ${asked}.`;
  }
  return `:hourglass: Nobody decided in time: ${asked} has expired. Ask again if you still need it.`;
}
