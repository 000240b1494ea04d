/** What was approved has ended by itself: its cards say so, and offer no end any more. */
import type { Email } from "../../../domain/email.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { listQuestions } from "../store/questions.ts";
import { findRequest } from "../store/requests.ts";
import { listVotes } from "../store/votes.ts";
import { addressed, enqueueUpdates } from "./announce.ts";

/**
 * In the transaction of whoever noticed the end; returns whom the end concerns: who asked, and for
 * whom. Unknown ids are left alone.
 */
export async function closeApproval(
  sql: Sql,
  requestId: string,
  now: Instant,
): Promise<readonly Email[]> {
  const request = await findRequest(sql, requestId);
  if (request === undefined) return [];
  const votes = await listVotes(sql, requestId);
  const questions = await listQuestions(sql, requestId);
  const announcement = await addressed(sql, { request, votes, questions, now, isEnded: true });
  await enqueueUpdates(sql, announcement, { state: "ended" });
  return [...new Set([request.requester, request.beneficiary])];
}
