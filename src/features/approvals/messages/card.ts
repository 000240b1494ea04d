/** The card about a request: what approvers see in their direct messages, before and after. Pure. */
import type { Email } from "../../../domain/email.ts";
import { formatUsd } from "../../../domain/money.ts";
import {
  actions,
  type Block,
  type Button,
  button,
  context,
  escapeText,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import type { ApprovalRequest, Vote } from "../rules.ts";
import {
  dateText,
  grantText,
  headline,
  headlineText,
  NO_SLACK_IDS,
  notesOf,
  peopleText,
  personText,
  quote,
  type SlackIds,
  throughText,
  titleText,
  votesText,
} from "./wording.ts";

/** Whose card it is: somebody who has voted has nothing left to press. */
export interface CardView {
  readonly request: ApprovalRequest;
  readonly votes: readonly Vote[];
  readonly viewer: Email;
  readonly slackIds: SlackIds;
}

export function approvalCardMessage(view: CardView): SlackMessage {
  const { request, votes } = view;
  const state =
    request.status === "requested"
      ? votesSuffix(request, votes)
      : ` ${outcomeText(request, votes, NO_SLACK_IDS)}.`;
  return message(`${headlineText(request)}${state}`, approvalCardBlocks(view));
}

/** The card as blocks, for App Home. */
export function approvalCardBlocks(view: CardView): readonly Block[] {
  const { request, votes, viewer, slackIds } = view;
  const asked = [section(headline(request, slackIds)), ...reasonBlocks(request)];
  if (request.status !== "requested") return [...asked, ...outcomeBlocks(view)];

  const progress = votes.length === 0 ? quorumText(request) : votesText(request, votes, slackIds);
  const hasVoted = votes.some((vote) => vote.approver === viewer);
  return [
    ...asked,
    ...detailBlocks(request),
    context(`${progress} · expires ${dateText(request.expiresAt)}`),
    ...(hasVoted ? [] : [actions(decisionButtons(request))]),
  ];
}

/** What became of the request, for its requester's own copy as well. */
export function outcomeBlocks(view: Omit<CardView, "viewer">): readonly Block[] {
  const { request, votes, slackIds } = view;
  const when = request.decidedAt === undefined ? "" : ` · ${dateText(request.decidedAt)}`;
  return [
    section(`${SIGNS[request.status]} ${outcomeText(request, votes, slackIds)}${when}`),
    ...noteBlocks(view),
  ];
}

/** What those who decided wrote; with their names where several people had a voice. */
export function noteBlocks({
  request,
  votes,
  slackIds,
}: Omit<CardView, "viewer">): readonly Block[] {
  const notes = notesOf(request, votes);
  const voices = new Set([...votes.map(({ approver }) => approver), ...notes.map(({ by }) => by)]);
  return notes.map(({ by, text }) =>
    section(voices.size < 2 ? quote(text) : `${personText(by, slackIds)}:\n${quote(text)}`),
  );
}

/** "Approved by ana@acme.test: $150.00 of $200.00", without a full stop. */
export function outcomeText(
  request: ApprovalRequest,
  votes: readonly Vote[],
  slackIds: SlackIds,
): string {
  switch (request.status) {
    case "requested":
      return "Waiting for a decision";
    case "applied": {
      const granted = request.approvedAmount ?? request.requestedAmount;
      const voices = votes.map((vote) => vote.approver);
      const by = peopleText(voices, slackIds);
      return `Approved by ${by}: ${grantText(request, granted)}`;
    }
    case "denied":
      return `Denied by ${peopleText(request.decidedBy === undefined ? [] : [request.decidedBy], slackIds)}`;
    case "expired":
      return "Expired: nobody decided in time";
    case "cancelled":
      return `Withdrawn by ${personText(request.requester, slackIds)}`;
  }
}

const SIGNS: Readonly<Record<ApprovalRequest["status"], string>> = {
  requested: ":hourglass_flowing_sand:",
  applied: ":white_check_mark:",
  denied: ":no_entry:",
  expired: ":hourglass:",
  cancelled: ":leftwards_arrow_with_hook:",
};

function quorumText({ policy }: ApprovalRequest): string {
  return policy.quorum === 1
    ? "One approval is enough"
    : `Needs ${String(policy.quorum)} approvals`;
}

function votesSuffix(request: ApprovalRequest, votes: readonly Vote[]): string {
  return votes.length === 0 ? "" : ` ${votesText(request, votes, NO_SLACK_IDS)}.`;
}

function reasonBlocks({ reason }: ApprovalRequest): readonly Block[] {
  return reason.trim() === "" ? [] : [section(quote(reason))];
}

function detailBlocks({ details }: ApprovalRequest): readonly Block[] {
  return details.length === 0 ? [] : [section(details.map(escapeText).join("\n"))];
}

function decisionButtons(request: ApprovalRequest): readonly Button[] {
  const amount = formatUsd(request.requestedAmount);
  const value = request.requestId;
  return [
    button({
      actionId: "approval_approve",
      text: "Approve",
      value,
      style: "primary",
      confirm: {
        title: `Approve ${amount}?`,
        text: `${request.requester} gets ${amount} for ${titleText(request)}, ${throughText(request)}.`,
        yes: "Approve",
      },
    }),
    button({ actionId: "approval_other_amount", text: "Approve other amount", value }),
    button({ actionId: "approval_deny", text: "Deny", value, style: "danger" }),
  ];
}
