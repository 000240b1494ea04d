/** A question about a request and its answer: in threads, and on the cards. Pure. */
import {
  actions,
  type Block,
  button,
  escapeText,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import type { Question } from "../rules/questions.ts";
import type { ApprovalRequest } from "../rules.ts";
import { moneyText, NO_SLACK_IDS, personText, quote, type SlackIds, titleText } from "./wording.ts";

export const ANSWER_ACTION = "approval_answer";
/** More of a conversation than this belongs into a conversation. */
const QUESTIONS_SHOWN_MAX = 5;

interface AboutQuestion {
  readonly request: ApprovalRequest;
  readonly question: Question;
  readonly slackIds: SlackIds;
}

/** For the requester: a thread notifies only whom it mentions. */
export function questionMessage({ request, question, slackIds }: AboutQuestion): SlackMessage {
  const what = `your request for ${moneyText(request.requestedAmount)} for ${escapeText(titleText(request))}`;
  const sentence = (ids: SlackIds): string =>
    `${personText(request.requester, ids)}, ${personText(question.askedBy, ids)} asks about ${what}:`;
  return message(`${sentence(NO_SLACK_IDS)} ${escapeText(question.text)}`, [
    section(`${sentence(slackIds)}\n${quote(question.text)}`),
    actions([
      button({
        actionId: ANSWER_ACTION,
        text: "Answer",
        value: question.questionId,
        style: "primary",
      }),
    ]),
  ]);
}

/** For whoever asked. */
export function answerMessage({ question, slackIds }: AboutQuestion): SlackMessage {
  const { answer, askedBy } = question;
  const text = answer?.text ?? "";
  const sentence = (ids: SlackIds): string =>
    `${personText(askedBy, ids)}, ${answer === undefined ? "nobody" : personText(answer.by, ids)} answered:`;
  return message(`${sentence(NO_SLACK_IDS)} ${escapeText(text)}`, [
    section(`${sentence(slackIds)}\n${quote(text)}`),
  ]);
}

/** What was asked and answered so far, for everybody who decides. */
export function questionBlocks(
  questions: readonly Question[],
  slackIds: SlackIds,
): readonly Block[] {
  return questions.slice(-QUESTIONS_SHOWN_MAX).map(({ askedBy, text, answer }) => {
    const asked = `${personText(askedBy, slackIds)} asked:\n${quote(text)}`;
    return section(
      answer === undefined
        ? `${asked}\n_Not answered yet._`
        : `${asked}\n${personText(answer.by, slackIds)} answered:\n${quote(answer.text)}`,
    );
  });
}
