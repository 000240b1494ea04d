/** Private answers to a click: what it did, or why it did nothing. Pure. */
import { escapeText, message, type SlackMessage, section } from "../../../slack/blocks.ts";
import type { Decision, DecisionRefusal } from "../rules/decide.ts";
import type { AnswerRefusal } from "../rules/questions.ts";
import {
  type ApprovalRequest,
  OPEN_REQUESTS_MAX,
  type RequestRefusal,
  TEXT_CHARS_MAX,
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
        `Your approval of ${moneyText(decision.vote.amount)} counts. ` +
          `${stepText(decision)}${String(decision.approvals)} of ${String(decision.quorum)} so far.`,
      );
    case "applied":
      return answer(
        `Approved: ${escapeText(request.beneficiary)} gets ${grantText(request, decision.amount)} for ${escapeText(titleText(request))}.`,
      );
    case "denied":
      return answer(`Denied. I told ${who}.`);
    case "asked":
      return answer(`I asked ${who}, and tell you what they answer.`);
    case "cancelled":
      return answer("Withdrawn. Nobody can approve it any more.");
    case "revoked":
      return answer(`Ended. I told ${who}.`);
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
      return message(`${tooLate(refusal)} on ${utcText(refusal.at)}.`, [
        section(`${tooLate(refusal)} ${dateText(refusal.at)}.`),
      ]);
    case "settled-elsewhere": {
      const because = `Too late. ${escapeText(refusal.because)}`;
      return message(`${because}, ${utcText(refusal.at)}.`, [
        section(`${because}, ${dateText(refusal.at)}.`),
      ]);
    }
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
    case "already-represented":
      return answer(`${escapeText(refusal.by)} has spoken under the same authority already.`);
    case "not-your-turn":
      return answer(
        `Not yet: step ${String(refusal.step)} of ${String(refusal.steps)} comes first. I ask you when it is your turn.`,
      );
    case "end-after-request":
      return answer("You can approve at most the time asked for: choose an earlier last day.");
    case "end-over":
      return answer("Choose a last day that is not over yet.");
    case "text-too-long":
      return answer(tooLongText(refusal.charsMax));
    case "not-running":
      return answer("There is nothing running to end: it is over, or was never approved.");
    case "already-revoked":
      return message(`${escapeText(refusal.by)} ended this on ${utcText(refusal.at)}.`, [
        section(`${escapeText(refusal.by)} ended this ${dateText(refusal.at)}.`),
      ]);
  }
}

function stepText({ step, steps }: { readonly step: number; readonly steps: number }): string {
  return steps === 1 ? "" : `Step ${String(step)} of ${String(steps)} waits: `;
}

function tooLate({ by, status }: Extract<DecisionRefusal, { reason: "already-decided" }>): string {
  return `Too late: ${by === undefined ? "the policy" : escapeText(by)} ${VERBS[status]} this`;
}

function tooLongText(charsMax: number): string {
  return `Say it in at most ${String(charsMax)} characters.`;
}

/** The same for a question that nobody knows (any more). */
export const UNKNOWN_QUESTION_ANSWER = answer("That question doesn't exist (any more).");

export const ANSWERED_ANSWER = answer("Thank you: I passed it on.");

export function answerRefusalAnswer(reason: AnswerRefusal): SlackMessage {
  return answer(ANSWER_REFUSALS[reason]);
}

const ANSWER_REFUSALS: Readonly<Record<AnswerRefusal, string>> = {
  "not-the-requester": "Only the person who asked for the budget can answer.",
  "already-answered": "This question has been answered already.",
  "request-closed": "The request is not open any more, so there is nothing left to answer.",
  "text-too-long": tooLongText(TEXT_CHARS_MAX),
};

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
    case "text-too-long":
      return `Say what it is for in at most ${String(TEXT_CHARS_MAX)} characters.`;
  }
}

function answer(text: string): SlackMessage {
  return message(text, [section(text)]);
}
