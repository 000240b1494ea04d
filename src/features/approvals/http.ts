/** GET /v1/approvals: requests and their votes, with the same fields as in Slack. */
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { usdToDecimal } from "../../domain/money.ts";
import { formatScope } from "../../domain/scope.ts";
import type { Database } from "../../store/database.ts";
import { type ApprovalWithVotes, listApprovals } from "./flow/list-approvals.ts";
import { formatApproverEntry } from "./rules/policy.ts";
import { progressOf } from "./rules/progress.ts";
import { APPROVAL_STATUSES } from "./rules.ts";

const QUERY = z.strictObject({ status: z.enum(APPROVAL_STATUSES).optional() });

/** The newest first; `?status=` narrows them to one status. */
export function approvalRoutes(
  app: FastifyInstance,
  deps: {
    readonly database: Database;
    readonly requireApiToken: preHandlerAsyncHookHandler;
  },
): void {
  app.get("/v1/approvals", { preHandler: deps.requireApiToken }, async (request) => {
    const query = QUERY.safeParse(request.query);
    if (!query.success) {
      throw new AppError({
        code: "invalid",
        message: `The only parameter is status: one of ${APPROVAL_STATUSES.join(", ")}.`,
        cause: query.error,
      });
    }
    const approvals = await listApprovals(deps.database, query.data);
    return { currency: "USD", approvals: approvals.map(approvalToJson) };
  });
}

function approvalToJson({
  request,
  votes,
  questions,
}: ApprovalWithVotes): Readonly<Record<string, unknown>> {
  const { approvedAmount, policy, revocation } = request;
  const { current, steps } = progressOf(policy, votes);
  return {
    request_id: request.requestId,
    kind: request.kind,
    status: request.status,
    scope: formatScope(request.scope),
    subject: request.subject,
    title: request.title,
    details: request.details,
    requester: request.requester,
    beneficiary: request.beneficiary,
    requested_amount: usdToDecimal(request.requestedAmount),
    approved_amount: approvedAmount === undefined ? null : usdToDecimal(approvedAmount),
    ends_at: request.endsAt.toISOString(),
    approved_ends_at: request.approvedEndsAt?.toISOString() ?? null,
    is_automatic: request.isAutomatic,
    revoked_by: revocation?.by ?? null,
    revoked_at: revocation?.at.toISOString() ?? null,
    revocation_reason: revocation?.reason ?? null,
    reason: request.reason,
    asked: request.asked,
    waiting_for: request.waitingFor,
    quorum: steps[current]?.quorum ?? 1,
    current_step: current + 1,
    steps: policy.steps.map(({ approvers, quorum }, index) => ({
      approvers: approvers.map(formatApproverEntry),
      quorum,
      agreed: steps[index]?.voices.map(({ approver }) => approver) ?? [],
    })),
    votes: votes.map((vote) => ({
      approver: vote.approver,
      amount: usdToDecimal(vote.amount),
      voted_at: vote.votedAt.toISOString(),
      note: vote.note ?? null,
      for: vote.for ?? null,
      steps: vote.steps.map((step) => step + 1),
      ends_at: vote.endsAt?.toISOString() ?? null,
    })),
    questions: questions.map(({ askedBy, text, askedAt, answer }) => ({
      asked_by: askedBy,
      question: text,
      asked_at: askedAt.toISOString(),
      answer: answer?.text ?? null,
      answered_by: answer?.by ?? null,
      answered_at: answer?.at.toISOString() ?? null,
    })),
    decided_by: request.decidedBy ?? null,
    decided_at: request.decidedAt?.toISOString() ?? null,
    decision_reason: request.decisionReason ?? null,
    requested_at: request.requestedAt.toISOString(),
    expires_at: request.expiresAt.toISOString(),
  };
}
