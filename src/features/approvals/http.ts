/** GET /v1/approvals: requests and their votes, with the same fields as in Slack. */
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { usdToDecimal } from "../../domain/money.ts";
import { formatScope } from "../../domain/scope.ts";
import type { Database } from "../../store/database.ts";
import { type ApprovalWithVotes, listApprovals } from "./flow/list-approvals.ts";
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

function approvalToJson({ request, votes }: ApprovalWithVotes): Readonly<Record<string, unknown>> {
  const { approvedAmount } = request;
  return {
    request_id: request.requestId,
    kind: request.kind,
    status: request.status,
    scope: formatScope(request.scope),
    subject: request.subject,
    title: request.title,
    details: request.details,
    requester: request.requester,
    requested_amount: usdToDecimal(request.requestedAmount),
    approved_amount: approvedAmount === undefined ? null : usdToDecimal(approvedAmount),
    ends_at: request.endsAt.toISOString(),
    reason: request.reason,
    asked: request.asked,
    quorum: request.policy.quorum,
    votes: votes.map((vote) => ({
      approver: vote.approver,
      amount: usdToDecimal(vote.amount),
      voted_at: vote.votedAt.toISOString(),
      note: vote.note ?? null,
    })),
    decided_by: request.decidedBy ?? null,
    decided_at: request.decidedAt?.toISOString() ?? null,
    decision_reason: request.decisionReason ?? null,
    requested_at: request.requestedAt.toISOString(),
    expires_at: request.expiresAt.toISOString(),
  };
}
