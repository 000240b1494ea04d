/** What an approved raise does: a grant, in the transaction of the approval. */
import { v7 as uuid } from "uuid";
import { AppError } from "../../../domain/errors.ts";
import { usdToDecimal } from "../../../domain/money.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import { recordAudit } from "../../../store/audit.ts";
import type { Sql } from "../../../store/database.ts";
import type { ApprovalApplier, ApprovedRequest } from "../../approvals/index.ts";
import { raiseAppliedMessage } from "../messages/raise.ts";
import { scopeName } from "../rules/names.ts";
import { teamOf } from "../rules/recipients.ts";
import { type Budget, limitInForce, memberScope } from "../rules.ts";
import { findBudgetForUpdate } from "../store/budgets.ts";
import { insertGrant, listGrantsInForce } from "../store/grants.ts";
import { loadDirectory } from "./announce.ts";
import { recordReached, recordReachedAtLimitChange } from "./evaluate.ts";

/**
 * Grants what was approved; a decision that is applied again grants nothing more.
 *
 * 1. What was reached under the old limit and not seen yet is announced. 2. The grant. 3. What is
 * reached under the new limit already is recorded without a message. 4. Audit entry and news.
 */
export const applyRaise: ApprovalApplier = async (sql, approval) => {
  const { decidedAt: now, endsAt, amount } = approval;
  const budgetId = approval.subject["budget_id"] ?? "";
  const memberKey = approval.subject["member_key"] ?? "";
  const budget = await findBudgetForUpdate(sql, budgetId);
  if (budget === undefined) {
    throw new AppError({
      code: "conflict",
      message: "This budget was removed since the raise was asked for, so nothing was granted.",
    });
  }
  if (endsAt <= now) {
    throw new AppError({
      code: "conflict",
      message: "The time that this raise was asked for is over, so nothing was granted.",
    });
  }
  const target = { budget, memberKeys: [memberKey] };
  await recordReached(sql, target, now);
  const isNew = await insertGrant(sql, {
    grantId: uuid(),
    budgetId,
    memberKey,
    amount,
    validFrom: now,
    validUntil: endsAt,
    approvalRequestId: approval.requestId,
  });
  if (!isNew) return;
  await recordReachedAtLimitChange(sql, target, now);
  await recordAudit(sql, {
    occurredAt: now,
    actor: approval.decidedBy,
    action: "budget.raised",
    subject: `budget:${budgetId}`,
    after: {
      member_key: memberKey,
      amount: usdToDecimal(amount),
      valid_until: endsAt,
      approval_request_id: approval.requestId,
    },
  });
  await enqueueNews(sql, approval, { budget, memberKey });
};

/** Tells the people of the budget; the requester hears it from approvals. */
async function enqueueNews(
  sql: Sql,
  approval: ApprovedRequest,
  { budget, memberKey }: { readonly budget: Budget; readonly memberKey: string },
): Promise<void> {
  const { decidedAt: now, endsAt, amount, approvers } = approval;
  const directory = await loadDirectory(sql);
  const scope = memberScope(budget.coverage, memberKey);
  const channel = teamOf(scope, directory)?.channel;
  if (channel === undefined) return;
  const destination = { channel };
  const grants = await listGrantsInForce(
    sql,
    { budgetId: budget.budgetId, memberKeys: [memberKey] },
    now,
  );
  const message = raiseAppliedMessage({
    name: scopeName(scope, directory),
    periodKind: budget.periodKind,
    timeZone: budget.timeZone,
    amount,
    limit: limitInForce(budget.baseLimit, grants, now),
    endsAt,
    approvers,
    now,
  });
  const dedupeKey = `raise:${approval.requestId}`;
  await enqueueMessage(sql, { dedupeKey, kind: "notice", destination, message }, now);
}
