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
import { noteBlocks, outcomeBlocks, outcomeText } from "./card.ts";
import {
  dateText,
  grantText,
  joined,
  moneyText,
  NO_SLACK_IDS,
  peopleText,
  personText,
  type SlackIds,
  throughText,
  titleText,
  utcText,
  voiceText,
  votesText,
  wantedText,
} from "./wording.ts";

export interface RequestNews {
  readonly request: ApprovalRequest;
  readonly votes: readonly Vote[];
  readonly slackIds: SlackIds;
  readonly isEnded?: boolean;
}

function isAsAsked({ asked, waitingFor }: ApprovalRequest): boolean {
  return asked.every((person) => waitingFor.includes(person));
}

/** Where it does not wait for everybody who was asked. */
function waitsText(request: ApprovalRequest, slackIds: SlackIds): readonly string[] {
  if (isAsAsked(request)) return [];
  return request.waitingFor.length === 0
    ? ["Nobody can decide on it right now"]
    : [`Waits for ${peopleText(request.waitingFor, slackIds)}`];
}

/** Tells whom we asked and until when; withdrawing is possible until it is decided. */
export function askedNotice(news: RequestNews): SlackMessage {
  const { request, votes, slackIds } = news;
  const amount = moneyText(request.requestedAmount);
  const wanted = wantedText(request);
  const what = `You asked for *${amount}* for ${wanted}.`;
  if (request.status !== "requested") {
    const outcome = outcomeText(request, votes, NO_SLACK_IDS);
    return message(`You asked for ${amount} for ${wanted}. ${outcome}.`, [
      section(what),
      ...outcomeBlocks(news),
    ]);
  }
  const when = dateText(request.expiresAt);
  const asked = (ids: SlackIds): string => peopleText(request.asked, ids);
  return message(
    `I asked ${asked(NO_SLACK_IDS)} to decide on ${amount} for ${wanted}. The request expires ${utcText(request.expiresAt)}.`,
    [
      section(`${what} I asked ${asked(slackIds)}.`),
      context(
        [
          ...(votes.length === 0 ? [] : [votesText(request, votes, slackIds)]),
          ...waitsText(request, slackIds),
          votes.length === 0 && isAsAsked(request) ? `Expires ${when}` : `expires ${when}`,
        ].join(" · "),
      ),
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
export function outcomeNotice(news: RequestNews): SlackMessage {
  return message(outcomeSentence({ ...news, slackIds: NO_SLACK_IDS }), [
    section(outcomeSentence(news)),
    // What was said when it was approved is no news when it ends.
    ...(news.request.revocation === undefined ? noteBlocks(news) : []),
  ]);
}

function outcomeSentence({ request, votes, slackIds }: RequestNews): string {
  const title = escapeText(titleText(request));
  const { approvedAmount, decidedBy } = request;
  if (request.status === "applied" && approvedAmount !== undefined) {
    const { revocation } = request;
    if (revocation !== undefined) {
      return (
        `:rewind: ${personText(revocation.by, slackIds)} ended the ` +
        `${moneyText(approvedAmount)} for ${title} early: ${escapeText(revocation.reason)}`
      );
    }
    const voices = joined(votes.map((vote) => voiceText(vote, slackIds)));
    return (
      `:white_check_mark: ${request.isAutomatic ? "The policy" : voices} approved ` +
      `${grantText(request, approvedAmount)} for ${title}. ` +
      `It is in force now, ${throughText(request)}.`
    );
  }
  const asked = `your request for ${moneyText(request.requestedAmount)} for ${title}`;
  if (request.status === "denied" && decidedBy !== undefined) {
    return `:no_entry: ${personText(decidedBy, slackIds)} denied ${asked}.`;
  }
  return `:hourglass: Nobody decided in time: ${asked} has expired. Ask again if you still need it.`;
}
