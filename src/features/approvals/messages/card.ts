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
import type { ApproverEntry } from "../rules/policy.ts";
import { progressOf } from "../rules/progress.ts";
import type { Question } from "../rules/questions.ts";
import type { ApprovalRequest, Vote } from "../rules.ts";
import { questionBlocks } from "./questions.ts";
import {
  dateText,
  grantText,
  headline,
  headlineText,
  joined,
  NO_SLACK_IDS,
  notesOf,
  peopleText,
  personText,
  quote,
  type SlackIds,
  throughText,
  titleText,
  voiceText,
  votesText,
} from "./wording.ts";

/** Whose card it is: somebody who has voted has nothing left to press. */
export interface CardView {
  readonly request: ApprovalRequest;
  readonly votes: readonly Vote[];
  /** What was asked and answered so far. */
  readonly questions?: readonly Question[];
  readonly viewer: Email;
  readonly slackIds: SlackIds;
  /** What was approved is over. */
  readonly isEnded?: boolean;
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
  const { request, votes, questions, slackIds, viewer } = view;
  const asked = [section(headline(request, slackIds)), ...reasonBlocks(request)];
  if (request.status !== "requested") {
    return [...asked, ...outcomeBlocks(view), ...(canEnd(view) ? [endButton(request)] : [])];
  }

  const isWanted = request.waitingFor.includes(viewer);
  return [
    ...asked,
    ...detailBlocks(request),
    ...stepBlocks(request, votes, slackIds),
    ...questionBlocks(questions ?? [], slackIds),
    context(`${progressText(view)} · expires ${dateText(request.expiresAt)}`),
    ...(isWanted ? [actions(decisionButtons(request))] : []),
  ];
}

/**
 * How many voices are there and wanted; for a viewer who has nothing to do, for whom it waits: they
 * have spoken, or others have, or they may not decide any more.
 */
function progressText({ request, votes, viewer, slackIds }: CardView): string {
  const isOneStep = request.policy.steps.length === 1;
  const count =
    votes.length === 0 && isOneStep ? quorumText(request) : votesText(request, votes, slackIds);
  const others = request.waitingFor.filter((person) => person !== viewer);
  if (request.waitingFor.includes(viewer)) return count;
  const hasSpoken = votes.some(({ approver }) => approver === viewer);
  return [
    ...(hasSpoken ? [] : ["It doesn't need you any more"]),
    count,
    others.length === 0
      ? "nobody can decide on it right now"
      : `waits for ${peopleText(others, slackIds)}`,
  ].join(" · ");
}

/** Of a chain, every step: whom it asks, how many it takes and who has agreed. */
function stepBlocks(
  request: ApprovalRequest,
  votes: readonly Vote[],
  slackIds: SlackIds,
): readonly Block[] {
  const { steps } = request.policy;
  if (steps.length < 2) return [];
  const progress = progressOf(request.policy, votes);
  const lines = steps.map(({ approvers, quorum }, index) => {
    const state = progress.steps[index];
    const voices = (state?.voices ?? []).map((vote) => voiceText(vote, slackIds));
    const sign = state?.isDone === true ? ":white_check_mark:" : ":hourglass_flowing_sand:";
    const whom = approvers.map((entry) => escapeText(entryText(entry))).join(", ");
    const agreed = voices.length === 0 ? "" : ` · agreed: ${voices.join(", ")}`;
    return `${sign} Step ${String(index + 1)}: ${String(quorum)} of ${whom}${agreed}`;
  });
  const isAlone = progress.open.length > 1;
  return [
    section(`*Who must agree*\n${lines.join("\n")}`),
    ...(isAlone ? [context("Every step is filled by one person: it takes a second one.")] : []),
  ];
}

function entryText(entry: ApproverEntry): string {
  switch (entry.kind) {
    case "team_owners":
      return "the team's owners";
    case "admins":
      return "the admins";
    case "person":
      return entry.email;
    case "slack_group":
      return `@${entry.handle}`;
  }
}

type OutcomeView = Pick<CardView, "request" | "votes" | "slackIds" | "isEnded">;

/** What became of the request, for its requester's own copy as well. */
export function outcomeBlocks(view: OutcomeView): readonly Block[] {
  const { request, votes, slackIds } = view;
  const when = request.decidedAt === undefined ? "" : ` · ${dateText(request.decidedAt)}`;
  return [
    section(`${SIGNS[request.status]} ${outcomeText(request, votes, slackIds)}${when}`),
    ...noteBlocks(view),
    ...endBlocks(view),
  ];
}

/** That what was approved is over, and why. */
function endBlocks({ request, slackIds, isEnded }: OutcomeView): readonly Block[] {
  const { revocation } = request;
  if (revocation !== undefined) {
    const by = personText(revocation.by, slackIds);
    const said = `:rewind: Ended early by ${by} · ${dateText(revocation.at)}`;
    return [section(`${said}\n${quote(revocation.reason)}`)];
  }
  return isEnded === true ? [context("It has ended.")] : [];
}

function canEnd({ request, isEnded }: CardView): boolean {
  return request.status === "applied" && request.revocation === undefined && isEnded !== true;
}

function endButton(request: ApprovalRequest): Block {
  return actions([
    button({ actionId: "approval_revoke", text: "End early", value: request.requestId }),
  ]);
}

/** What those who decided wrote; with their names where several people had a voice. */
export function noteBlocks({ request, votes, slackIds }: OutcomeView): readonly Block[] {
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
      const grant = grantText(request, granted);
      if (request.isAutomatic) return `Approved automatically by the policy: ${grant}`;
      const by = joined(votes.map((vote) => voiceText(vote, slackIds)));
      const end = request.revocation === undefined ? "" : ", ended early";
      return `Approved by ${by}: ${grant}${end}`;
    }
    case "denied":
      return `Denied by ${peopleText(request.decidedBy === undefined ? [] : [request.decidedBy], slackIds)}`;
    case "expired":
      return "Expired: nobody decided in time";
    case "cancelled":
      // With a reason it was settled elsewhere; who withdraws gives none.
      return request.decisionReason === undefined
        ? `Withdrawn by ${personText(request.requester, slackIds)}`
        : escapeText(request.decisionReason);
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
  const quorum = policy.steps[0]?.quorum ?? 1;
  return quorum === 1 ? "One approval is enough" : `Needs ${String(quorum)} approvals`;
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
    button({ actionId: "approval_ask", text: "Ask a question", value }),
    button({ actionId: "approval_deny", text: "Deny", value, style: "danger" }),
  ];
}
