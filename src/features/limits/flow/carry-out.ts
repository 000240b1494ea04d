/**
 * Carries pushes out, one at a time: claim, one attempt without a transaction open, outcome with
 * audit entry and message together. A worker that dies leaves a lease that ends.
 */
import { formatLimitTarget } from "../../../domain/limit.ts";
import { usdToDecimal } from "../../../domain/money.ts";
import { addMs, type Instant, MINUTE_MS } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { inTransaction, type Sql } from "../../../store/database.ts";
import { backOffMs, type Push, type PushStatus } from "../rules.ts";
import { claimDuePush, savePushOutcome, turnEndedPushes } from "../store/pushes.ts";
import { saveTargetState } from "../store/targets.ts";
import { announcePush } from "./announce.ts";
import { approveAtAnthropic, denyAtAnthropic } from "./decide-increase.ts";
import { lowerLimit, raiseLimit } from "./move-limit.ts";
import { queueDenials, queueRaises } from "./queue-pushes.ts";
import type { Attempt, LimitDeps, Step } from "./step.ts";

/** Longer than an attempt may take: four requests of 20 s, and a minute's wait for the rate limit. */
const LEASE_MS = 5 * MINUTE_MS;
/** A portion; the loop comes back at once while there is more. */
const PUSHES_MAX = 20;

/** Does what is due, also what has ended; returns how many pushes were attempted. */
export async function carryOutPushes(deps: LimitDeps): Promise<number> {
  await inTransaction(deps.database, async (sql) => {
    await queueRaises(sql, deps.clock());
    await queueDenials(sql, deps.clock());
    await turnEndedPushes(sql, deps.clock());
  });
  let attempted = 0;
  // oxlint-disable-next-line no-await-in-loop -- one after the other, within the rate limit
  while (attempted < PUSHES_MAX && (await carryOutOne(deps))) attempted += 1;
  return attempted;
}

/** One attempt at one push; false when none is due. */
export async function carryOutOne(deps: LimitDeps): Promise<boolean> {
  const now = deps.clock();
  const leasedUntil = addMs(now, LEASE_MS);
  const push = await inTransaction(
    deps.database,
    async (sql) => await claimDuePush(sql, { now, leasedUntil }),
  );
  if (push === undefined) return false;
  const attempt = { deps, lease: { pushId: push.pushId, leasedUntil } };
  await settle(attempt, push, await stepOf(attempt, push));
  return true;
}

async function stepOf(attempt: Attempt, push: Push): Promise<Step> {
  if (push.direction === "back") return await lowerLimit(attempt, push);
  switch (push.operation) {
    case "raise":
      return await raiseLimit(attempt, push);
    case "approve_increase":
      return await approveAtAnthropic(attempt, push);
    case "deny_increase":
      return await denyAtAnthropic(attempt, push);
  }
}

async function settle({ deps, lease }: Attempt, push: Push, step: Step): Promise<void> {
  if (step.kind === "lease-lost") return;
  await inTransaction(deps.database, async (sql) => {
    const now = deps.clock();
    const saved = await savePushOutcome(sql, lease, {
      status: statusOf(step, push),
      detail: step.detail,
      isApplied: push.isApplied || (step.kind === "done" && step.state !== undefined),
      // Whatever this attempt was the first to intend: "later" says that it was not done. Until
      // then another push of the same limit may go first.
      forgetsIntent: step.kind === "later" && push.intended === undefined,
      nextAttemptAt: nextAttemptAt(step, push, now),
      now,
    });
    if (saved === undefined) return; // The lease was lost; another worker says what came of it.
    if ("state" in step && step.state !== undefined) {
      await saveTargetState(sql, saved, { ...step.state, writtenAt: now });
    }
    if (step.kind !== "later") await recordStep(sql, saved, now);
    await announcePush(sql, saved, now);
  });
  deps.log.info(
    {
      work: "limit push",
      outcome: step.kind,
      push_id: push.pushId,
      target: formatLimitTarget(push.target),
      direction: push.direction,
      attempts: push.attempts,
    },
    "limit push attempted",
  );
}

/** What was in doubt stays so until a reading tells: not being able to look proves nothing. */
function statusOf(
  step: Exclude<Step, { kind: "lease-lost" }>,
  push: Push,
): Exclude<PushStatus, "sending"> {
  if (step.kind !== "later") return step.kind;
  // An earlier attempt at taking it back may have done it, and this one could not look.
  const wasTried = push.direction === "back" && push.attempts > 1;
  return push.intended !== undefined && (!push.isApplied || wasTried) ? "unknown" : "pending";
}

function nextAttemptAt(step: Step, push: Push, now: Instant): Instant {
  const retryAfterMs = step.kind === "later" ? step.retryAfterMs : undefined;
  return addMs(now, retryAfterMs ?? backOffMs(push.attempts));
}

const ACTIONS: Readonly<Record<PushStatus, string>> = {
  pending: "limit.waiting",
  sending: "limit.sending",
  done: "limit.pushed",
  unknown: "limit.in_doubt",
  failed: "limit.push_failed",
  reversed: "limit.reversed",
};

async function recordStep(sql: Sql, push: Push, now: Instant): Promise<void> {
  const { before, intended } = push;
  await recordAudit(sql, {
    occurredAt: now,
    actor: "system",
    action:
      push.operation === "deny_increase" && push.status === "done"
        ? "limit.denied"
        : ACTIONS[push.status],
    subject: `approval:${push.approvalRequestId}`,
    ...(before === undefined ? {} : { before: { limit: usdToDecimal(before) } }),
    after: {
      target: formatLimitTarget(push.target),
      ...(intended === undefined ? {} : { limit: usdToDecimal(intended) }),
      ...(push.increaseRequestId === undefined ? {} : { increase_request: push.increaseRequestId }),
      ...(push.detail === undefined ? {} : { detail: push.detail }),
    },
  });
}
