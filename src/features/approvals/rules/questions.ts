/** Questions of approvers to whoever asked for money, and what comes of answering one. Pure. */
import type { Email } from "../../../domain/email.ts";
import type { Instant } from "../../../domain/time.ts";
import { type ApprovalRequest, TEXT_CHARS_MAX } from "../rules.ts";
import { isExcluded } from "./mandate.ts";

export interface Question {
  readonly questionId: string;
  readonly askedBy: Email;
  readonly text: string;
  readonly askedAt: Instant;
  readonly answer: { readonly by: Email; readonly text: string; readonly at: Instant } | undefined;
}

export type AnswerRefusal =
  | "not-the-requester"
  | "already-answered"
  | "request-closed"
  | "text-too-long";

/** Undefined: the answer may be given. The requester answers, or for whom they asked. */
export function refusalOfAnswer(
  request: ApprovalRequest,
  question: Question,
  answer: { readonly by: Email; readonly text: string; readonly now: Instant },
): AnswerRefusal | undefined {
  if (!isExcluded(request, answer.by)) return "not-the-requester";
  if (question.answer !== undefined) return "already-answered";
  if (request.status !== "requested" || answer.now >= request.expiresAt) return "request-closed";
  return answer.text.length > TEXT_CHARS_MAX ? "text-too-long" : undefined;
}
