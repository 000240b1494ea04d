/**
 * What an approval leads to elsewhere, as jobs: in the transaction of the approval where it is one
 * of ours, else found by the worker among the grants, so that no way of granting is forgotten.
 */
import { v7 as uuidV7 } from "uuid";
import { emailFrom } from "../../../domain/email.ts";
import { formatLimitTarget, type LimitTarget, parseLimitTarget } from "../../../domain/limit.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { ApprovalApplier } from "../../approvals/index.ts";
import { listDeniedIncreases } from "../store/increases.ts";
import { listUnpushedGrants } from "../store/push-rules.ts";
import { insertPush, listPushesOf, type NewPush } from "../store/pushes.ts";
import { announcePush } from "./announce.ts";

/** Grants in force whose budgets push somewhere, and that nobody has queued yet. */
export async function queueRaises(sql: Sql, now: Instant): Promise<void> {
  for (const grant of await listUnpushedGrants(sql, now)) {
    const target = targetOf(grant.ruleTarget, grant.scope, grant.memberKey);
    if (target === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- a handful, on one connection
    await queue(sql, {
      now,
      push: {
        pushId: uuidV7(),
        operation: "raise",
        target,
        ruleTarget: grant.ruleTarget,
        period: grant.period,
        amount: grant.amount,
        approvalRequestId: grant.approvalRequestId,
        increaseRequestId: undefined,
        requester: emailFrom(grant.requester),
        decidedBy: grant.decidedBy === undefined ? undefined : emailFrom(grant.decidedBy),
        endsAt: grant.endsAt,
      },
    });
  }
}

/** A request at Anthropic that was approved here, in the transaction of the approval. */
export const applyIncrease: ApprovalApplier = async (sql, approval) => {
  const { subject, requestId, amount, requester, decidedBy, endsAt, decidedAt } = approval;
  const target: LimitTarget = { system: "anthropic", kind: "user", id: subject["user_id"] ?? "" };
  await queue(sql, {
    now: decidedAt,
    push: {
      pushId: uuidV7(),
      operation: "approve_increase",
      target,
      ruleTarget: formatLimitTarget(target),
      period: subject["period"] ?? "monthly",
      amount,
      approvalRequestId: requestId,
      increaseRequestId: subject["increase_request_id"],
      requester,
      decidedBy,
      endsAt,
    },
  });
};

/** Requests that were denied here and are still pending there. */
export async function queueDenials(sql: Sql, now: Instant): Promise<void> {
  for (const denied of await listDeniedIncreases(sql)) {
    const target: LimitTarget = { system: "anthropic", kind: "user", id: denied.userId };
    // oxlint-disable-next-line no-await-in-loop -- a handful, on one connection
    await queue(sql, {
      now,
      push: {
        pushId: uuidV7(),
        operation: "deny_increase",
        target,
        ruleTarget: formatLimitTarget(target),
        period: denied.period,
        amount: denied.amount,
        approvalRequestId: denied.approvalRequestId,
        increaseRequestId: denied.increaseRequestId,
        requester: emailFrom(denied.requester),
        decidedBy: emailFrom(denied.decidedBy),
        endsAt: undefined,
      },
    });
  }
}

/** Once, however often it is found; who is concerned hears that it is on its way. */
async function queue(
  sql: Sql,
  { push, now }: { readonly push: NewPush; readonly now: Instant },
): Promise<void> {
  if (!(await insertPush(sql, push, now))) return;
  for (const queued of await listPushesOf(sql, push.approvalRequestId)) {
    // oxlint-disable-next-line no-await-in-loop -- a handful, on one connection
    await announcePush(sql, queued, now);
  }
}

/** With the budget's person where the rule leaves the user open; undefined when it has none. */
function targetOf(text: string, scope: string, memberKey: string): LimitTarget | undefined {
  const target = parseLimitTarget(text);
  if (target === undefined || target.kind !== "user" || target.id !== "") return target;
  const person = scope.startsWith("user:") ? scope.slice("user:".length) : memberKey;
  return person === "" ? undefined : { ...target, id: person };
}
