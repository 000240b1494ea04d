/** The requester's answer to a question: on every card, and told to whoever asked. */
import { validate as isUuid } from "uuid";
import { assert } from "../../../domain/assert.ts";
import type { Email } from "../../../domain/email.ts";
import { recordAudit } from "../../../store/audit.ts";
import { inTransaction, type Sql } from "../../../store/database.ts";
import { type AnswerRefusal, type Question, refusalOfAnswer } from "../rules/questions.ts";
import type { ApprovalRequest } from "../rules.ts";
import { findRequestIdOfQuestion, insertAnswer, listQuestions } from "../store/questions.ts";
import { findRequestForUpdate } from "../store/requests.ts";
import { listVotes } from "../store/votes.ts";
import { addressed, enqueueAnswer, enqueueUpdates } from "./announce.ts";
import type { DecisionDeps } from "./decide-approval.ts";

export type AnswerOutcome =
  | { readonly kind: "unknown-question" }
  | { readonly kind: "answered"; readonly question: Question }
  | { readonly kind: "refused"; readonly reason: AnswerRefusal };

/** `text` undefined: only whether an answer would be taken, changing nothing. */
export async function answerQuestion(
  { database, clock }: Pick<DecisionDeps, "database" | "clock">,
  answer: {
    readonly questionId: string;
    readonly actorEmail: Email;
    readonly text: string | undefined;
  },
): Promise<AnswerOutcome> {
  const { questionId, actorEmail: by } = answer;
  const requestId = isUuid(questionId)
    ? await findRequestIdOfQuestion(database, questionId)
    : undefined;
  if (requestId === undefined) return { kind: "unknown-question" };
  return await inTransaction(database, async (sql): Promise<AnswerOutcome> => {
    const request = await findRequestForUpdate(sql, requestId);
    const questions = await listQuestions(sql, requestId);
    const question = questions.find((one) => one.questionId === questionId);
    assert(request !== undefined && question !== undefined, "nothing of a request is deleted");
    const now = clock();
    const text = answer.text?.trim() ?? "";
    const reason = refusalOfAnswer(request, question, { by, text, now });
    if (reason !== undefined) return { kind: "refused", reason };
    if (text === "") return { kind: "answered", question };
    const answered: Question = { ...question, answer: { by, text, at: now } };
    await save(sql, request, { answered, questions });
    return { kind: "answered", question: answered };
  });
}

async function save(
  sql: Sql,
  request: ApprovalRequest,
  { answered, questions }: { readonly answered: Question; readonly questions: readonly Question[] },
): Promise<void> {
  const { questionId, answer } = answered;
  assert(answer !== undefined, "an answer is there");
  const { by, text, at: now } = answer;
  const isFirst = await insertAnswer(sql, { questionId, by, text, at: now });
  assert(isFirst, "a question of a locked request is answered once");
  const { requestId } = request;
  await recordAudit(sql, {
    occurredAt: now,
    actor: by,
    action: "approval.answered",
    subject: `approval:${requestId}`,
    before: { question: answered.text, asked_by: answered.askedBy },
    after: { answer: text },
  });
  const announcement = await addressed(sql, {
    request,
    votes: await listVotes(sql, requestId),
    questions: questions.map((one) => (one.questionId === questionId ? answered : one)),
    now,
  });
  await enqueueUpdates(sql, announcement, { state: `answer-${questionId}` });
  await enqueueAnswer(sql, announcement, answered);
}
