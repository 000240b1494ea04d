/** What an open request asked for was settled somewhere else: there is nothing left to decide here. */
import type { Instant } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import type { Sql } from "../../../store/database.ts";
import type { ApprovalRequest } from "../rules.ts";
import { listQuestions } from "../store/questions.ts";
import { findRequestForUpdate, updateDecision } from "../store/requests.ts";
import { listVotes } from "../store/votes.ts";
import { addressed, enqueueUpdates } from "./announce.ts";

/**
 * Ends an open request and says why on its cards, in the caller's transaction. False when it was
 * decided before, or there is none.
 */
export async function cancelApproval(
  sql: Sql,
  {
    requestId,
    because,
    now,
  }: {
    readonly requestId: string;
    /** A sentence without a full stop: "Approved in claude.ai by somebody else". */
    readonly because: string;
    readonly now: Instant;
  },
): Promise<boolean> {
  const request = await findRequestForUpdate(sql, requestId);
  if (request === undefined || request.status !== "requested") return false;
  const cancelled: ApprovalRequest = {
    ...request,
    status: "cancelled",
    decidedAt: now,
    decisionReason: because,
    waitingFor: [],
  };
  await updateDecision(sql, cancelled);
  await recordAudit(sql, {
    occurredAt: now,
    actor: "system",
    action: "approval.cancelled",
    subject: `approval:${requestId}`,
    before: { status: request.status },
    after: { status: cancelled.status, because },
  });
  const votes = await listVotes(sql, requestId);
  const questions = await listQuestions(sql, requestId);
  const announcement = await addressed(sql, { request: cancelled, votes, questions, now });
  await enqueueUpdates(sql, announcement, { state: "decided" });
  return true;
}
