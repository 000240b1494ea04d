/**
 * What an approved raise does, and what taking it back does: a grant or a revocation, in the
 * transaction of the decision. Grants never change; what is in force is derived from both.
 */
import { v7 as uuid } from "uuid";
import { AppError } from "../../../domain/errors.ts";
import { usdToDecimal, ZERO_USD } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { SlackMessage } from "../../../slack/blocks.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import { recordAudit } from "../../../store/audit.ts";
import type { Sql } from "../../../store/database.ts";
import { scopeName } from "../../alerts/index.ts";
import type { ApprovalApplier, ApprovalEffects } from "../../approvals/index.ts";
import {
  type RaiseNews,
  raiseAppliedMessage,
  raiseRevokedMessage,
} from "../messages/raise-news.ts";
import { teamOf } from "../rules/recipients.ts";
import { type Budget, memberScope } from "../rules.ts";
import { findBudgetForUpdate } from "../store/budgets.ts";
import { findGrantOf, insertGrant, insertRevocation } from "../store/grants.ts";
import { loadDirectory } from "./announce.ts";
import { recordReached, recordReachedAtLimitChange } from "./evaluate.ts";
import { loadStandings } from "./standings.ts";

/**
 * Grants what was approved; a decision that is applied again grants nothing more.
 *
 * 1. What was reached under the old limit and not seen yet is announced. 2. The grant. 3. What is
 * reached under the new limit already is recorded without a message. 4. Audit entry and news.
 */
const applyRaise: ApprovalApplier = async (sql, approval) => {
  const { decidedAt: now, endsAt, amount, approvers } = approval;
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
    actor: approval.decidedBy ?? "system",
    action: "budget.raised",
    subject: `budget:${budgetId}`,
    after: {
      member_key: memberKey,
      amount: usdToDecimal(amount),
      valid_until: endsAt,
      approval_request_id: approval.requestId,
    },
  });
  await tellTeam(sql, `raise:${approval.requestId}`, {
    budget,
    memberKey,
    now,
    message: (news) =>
      raiseAppliedMessage({
        ...news,
        amount,
        endsAt,
        approvers,
      }),
  });
};

/**
 * Takes a running raise back. 1. What was reached and not seen is announced. 2. The revocation.
 * 3. What the lower limit finds reached is recorded. 4. Audit entry and news.
 */
const revokeRaise: ApprovalEffects["revoke"] = async (sql, revoked) => {
  const { revokedAt: now, revokedBy: by, reason } = revoked;
  const grant = await findGrantOf(sql, revoked.requestId);
  if (grant === undefined) {
    throw new AppError({ code: "conflict", message: "This raise never came into force." });
  }
  const { budgetId, memberKey, amount, grantId } = grant;
  const budget = await findBudgetForUpdate(sql, budgetId);
  // A budget that was removed meanwhile has no limit any more; the record is still owed.
  const target = budget === undefined ? undefined : { budget, memberKeys: [memberKey] };
  if (target !== undefined) await recordReached(sql, target, now);
  const isFirst = await insertRevocation(sql, { grantId, by, at: now, reason });
  if (!isFirst) return;
  if (target !== undefined) await recordReachedAtLimitChange(sql, target, now, { isLowered: true });
  await recordAudit(sql, {
    occurredAt: now,
    actor: by,
    action: "budget.raise_revoked",
    subject: `budget:${budgetId}`,
    before: { member_key: memberKey, amount: usdToDecimal(amount), valid_until: grant.validUntil },
    after: { reason, approval_request_id: revoked.requestId },
  });
  if (budget === undefined) return;
  await tellTeam(sql, `raise:${revoked.requestId}:revoked`, {
    budget,
    memberKey,
    now,
    message: (news) =>
      raiseRevokedMessage({
        ...news,
        amount,
        by,
      }),
  });
};

/** What approvals call for requests of kind `budget_raise`. */
export const raiseEffects: ApprovalEffects = { apply: applyRaise, revoke: revokeRaise };

/** Tells the people of the budget in their channel; the requester hears it from approvals. */
export async function tellTeam(
  sql: Sql,
  dedupeKey: string,
  {
    budget,
    memberKey,
    now,
    message,
  }: {
    readonly budget: Budget;
    readonly memberKey: string;
    readonly now: Instant;
    readonly message: (news: RaiseNews) => SlackMessage;
  },
): Promise<void> {
  const scope = memberScope(budget.coverage, memberKey);
  const directory = await loadDirectory(sql, scope);
  const channel = teamOf(scope, directory)?.channel;
  if (channel === undefined) return;
  const news = await loadNews(sql, { budget, memberKey, now, name: scopeName(scope, directory) });
  const entry = { dedupeKey, kind: "notice", destination: { channel } } as const;
  await enqueueMessage(sql, { ...entry, message: message(news) }, now);
}

/** Where the budget stands, for a message about its limit. */
export async function loadNews(
  sql: Sql,
  {
    budget,
    memberKey,
    now,
    name,
  }: {
    readonly budget: Budget;
    readonly memberKey: string;
    readonly now: Instant;
    readonly name: string;
  },
): Promise<RaiseNews> {
  const standings = await loadStandings(sql, { budget, memberKeys: [memberKey] }, now);
  const standing = standings[0] ?? { limit: budget.baseLimit, spend: ZERO_USD };
  const { periodKind, timeZone } = budget;
  return { name, periodKind, timeZone, limit: standing.limit, spend: standing.spend, now };
}
