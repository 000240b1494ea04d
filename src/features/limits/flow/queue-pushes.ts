/**
 * What an approval leads to elsewhere, as jobs in the transaction of the approval: a decision
 * without its pushes does not exist, nor the other way round.
 */
import { v7 as uuidV7 } from "uuid";
import { assert } from "../../../domain/assert.ts";
import { emailFrom } from "../../../domain/email.ts";
import { type LimitTarget, parseLimitTarget } from "../../../domain/limit.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { ApprovalApplier, ApprovedRequest } from "../../approvals/index.ts";
import type { Push } from "../rules.ts";
import { listDeniedIncreases } from "../store/increases.ts";
import { listPushTargets } from "../store/push-rules.ts";
import { insertPush, listPushesOf, type NewPush } from "../store/pushes.ts";
import { announcePush } from "./announce.ts";

/** A raise of a budget: one push for each place that governance.yml names for it. */
export const queuePushes: ApprovalApplier = async (sql, approval) => {
  const targets = await listPushTargets(sql, approval.subject["budget_id"] ?? "");
  for (const { target: text, period, scope } of targets) {
    const target = targetOf(text, scope, approval.subject["member_key"] ?? "");
    if (target === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- a handful, on one connection
    await insertPush(
      sql,
      newPush(approval, { operation: "raise", target, period }),
      approval.decidedAt,
    );
  }
  await announceAll(sql, approval);
};

/** A request at Anthropic that was approved here. */
export const applyIncrease: ApprovalApplier = async (sql, approval) => {
  const { subject } = approval;
  const target: LimitTarget = { system: "anthropic", kind: "user", id: subject["user_id"] ?? "" };
  const job = {
    operation: "approve_increase" as const,
    target,
    period: subject["period"] ?? "monthly",
    increaseRequestId: subject["increase_request_id"],
  };
  await insertPush(sql, newPush(approval, job), approval.decidedAt);
  await announceAll(sql, approval);
};

/** Requests that were denied here and are still pending there. */
export async function queueDenials(sql: Sql, now: Instant): Promise<void> {
  for (const denied of await listDeniedIncreases(sql)) {
    // oxlint-disable-next-line no-await-in-loop -- a handful, on one connection
    await insertPush(
      sql,
      {
        pushId: uuidV7(),
        operation: "deny_increase",
        target: { system: "anthropic", kind: "user", id: denied.userId },
        period: denied.period,
        amount: denied.amount,
        approvalRequestId: denied.approvalRequestId,
        increaseRequestId: denied.increaseRequestId,
        requester: emailFrom(denied.requester),
        decidedBy: emailFrom(denied.decidedBy),
        endsAt: undefined,
      },
      now,
    );
  }
}

function newPush(
  approval: ApprovedRequest,
  job: Pick<Push, "operation" | "target" | "period"> & {
    readonly increaseRequestId?: string | undefined;
  },
): NewPush {
  const { requestId, amount, requester, decidedBy, endsAt } = approval;
  const { increaseRequestId, ...rest } = job;
  assert(
    (job.operation === "raise") === (increaseRequestId === undefined),
    "a decision about a request names it",
  );
  return {
    pushId: uuidV7(),
    ...rest,
    amount,
    approvalRequestId: requestId,
    increaseRequestId,
    requester,
    decidedBy,
    endsAt,
  };
}

/** With the budget's person where the rule leaves the user open; undefined when it has none. */
function targetOf(text: string, scope: string, memberKey: string): LimitTarget | undefined {
  const target = parseLimitTarget(text);
  if (target === undefined || target.kind !== "user" || target.id !== "") return target;
  const person = scope.startsWith("user:") ? scope.slice("user:".length) : memberKey;
  return person === "" ? undefined : { ...target, id: person };
}

async function announceAll(sql: Sql, approval: ApprovedRequest): Promise<void> {
  for (const push of await listPushesOf(sql, approval.requestId)) {
    // oxlint-disable-next-line no-await-in-loop -- a handful, on one connection
    await announcePush(sql, push, approval.decidedAt);
  }
}
