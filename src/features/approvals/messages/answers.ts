/** Private answers to a click: what it did, or why it did nothing. Pure. */
import { escapeText, message, type SlackMessage, section } from "../../../slack/blocks.ts";
import {
  type ApprovalRequest,
  type Decision,
  type DecisionRefusal,
  OPEN_REQUESTS_MAX,
  type RequestRefusal,
} from "../rules.ts";
import { dateText, grantText, moneyText, titleText, utcText } from "./wording.ts";

/** Also the answer to a forged id: it tells nothing about which ids exist. */
export const UNKNOWN_REQUEST_ANSWER = answer("That request doesn't exist (any more).");

export const NO_EMAIL_ANSWER = answer(
  "I can't see your e-mail address in Slack, so I don't know what you may decide. Ask a Slack admin.",
);

/** Answers the person who clicked, and nobody else. */
export function decisionAnswer(request: ApprovalRequest, decision: Decision): SlackMessage {
  const who = escapeText(request.requester);
  switch (decision.kind) {
    case "voted":
      return answer(
        `Your approval of ${moneyText(decision.amount)} counts: ` +
          `${String(decision.approvals)} of ${String(decision.quorum)}.`,
      );
    case "applied":
      return answer(
        `Approved: ${who} gets ${grantText(request, decision.amount)} for ${escapeText(titleText(request))}.`,
      );
    case "denied":
      return answer(`Denied. I told ${who}.`);
    case "cancelled":
      return answer("Withdrawn. Nobody can approve it any more.");
    case "refused":
      return refusalAnswer(decision.refusal);
  }
}

export function refusalAnswer(refusal: DecisionRefusal): SlackMessage {
  switch (refusal.reason) {
    case "own-request":
      return answer("You can't decide your own request: it takes somebody else.");
    case "not-an-approver":
      return answer("You are not an approver of this request, so nothing has changed.");
    case "not-the-requester":
      return answer("Only the person who asked can withdraw a request.");
    case "already-decided":
      return message(
        `Too late: ${escapeText(refusal.by)} ${VERBS[refusal.status]} this on ${utcText(refusal.at)}.`,
        [
          section(
            `Too late: ${escapeText(refusal.by)} ${VERBS[refusal.status]} this ${dateText(refusal.at)}.`,
          ),
        ],
      );
    case "expired":
      return message(`This request expired on ${utcText(refusal.at)}.`, [
        section(`This request expired ${dateText(refusal.at)}. It can be asked again.`),
      ]);
    case "already-voted":
      return answer(
        `You have approved this already: ${String(refusal.approvals)} of ${String(refusal.quorum)}. ` +
          "It takes somebody else now.",
      );
    case "amount-above-request":
      return answer(`You can approve at most the ${moneyText(refusal.requestedAmount)} asked for.`);
    case "amount-not-positive":
      return answer("Approve an amount above $0, or deny the request.");
  }
}

const VERBS = { applied: "approved", denied: "denied", cancelled: "withdrew" } as const;

/** Why asking was refused, as a sentence for the person who asked. */
export function requestRefusalText(reason: RequestRefusal): string {
  switch (reason) {
    case "no-approver":
      return "Nobody could approve this: there is no team owner or admin besides you. Ask an admin to add one.";
    case "too-few-approvers":
      return "The policy for this amount takes more approvers than there are. Ask an admin to add one.";
    case "too-many-open":
      return `You have ${String(OPEN_REQUESTS_MAX)} open requests for this already. Wait for a decision or withdraw one.`;
    case "above-every-policy":
      return "No approval policy covers an amount this high. Ask for less, or ask an admin.";
    case "already-over":
      return "The time that you ask for is over already.";
  }
}

function answer(text: string): SlackMessage {
  return message(text, [section(text)]);
}
