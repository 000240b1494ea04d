/**
 * What was decided here about a request at Anthropic, carried out there: approved with the new
 * limit, or denied. Sent once; after any answer but a plain yes the request's true status decides.
 */
import { assert } from "../../../domain/assert.ts";
import { type Push, planForward } from "../rules.ts";
import { saveIntent } from "../store/pushes.ts";
import { findTargetState } from "../store/targets.ts";
import type { IncreaseDesk, LimitKeeper } from "./keepers.ts";
import { keeperOf, stateAfter } from "./move-limit.ts";
import { type Attempt, conflict, type Step, stepOfFailure } from "./step.ts";

const NO_DESK: Step = {
  kind: "later",
  detail: "ANTHROPIC_ADMIN_KEY with ANTHROPIC_ORG_KIND=enterprise is not set.",
  retryAfterMs: 10 * 60_000,
};

/** Approves with what was approved here on top of the limit that holds. */
export async function approveAtAnthropic(attempt: Attempt, push: Push): Promise<Step> {
  const { desk } = attempt.deps;
  const found = keeperOf(attempt, push);
  if (desk === undefined) return NO_DESK;
  if (found.kind !== "keeper") return found;
  const { keeper } = found;
  const request = await desk.find(requestIdOf(push));
  if (request.kind !== "answer") return stepOfFailure(request);
  if (request.answer.status === "denied") return elsewhere("denied");
  if (request.answer.status === "approved") return await afterApproval(attempt, push, keeper);
  return await approvePending(attempt, push, { desk, keeper });
}

async function approvePending(
  attempt: Attempt,
  push: Push,
  { desk, keeper }: { readonly desk: IncreaseDesk; readonly keeper: LimitKeeper },
): Promise<Step> {
  const { database } = attempt.deps;
  const reading = await keeper.read(push);
  if (reading.kind !== "answer") return stepOfFailure(reading);
  const plan = planForward(push, reading.answer, await findTargetState(database, push));
  if (plan.kind === "conflict") return conflict(plan.expected, plan.found);
  if (plan.kind === "nothing") {
    return { kind: "failed", detail: "The person has no limit any more: nothing to raise." };
  }
  if (plan.kind === "write" && !(await saveIntent(database, attempt.lease, plan))) {
    return { kind: "lease-lost" };
  }
  const { intended: limit } = plan;
  const sent = await desk.approve({ id: requestIdOf(push), limit, period: push.period });
  if (sent.kind === "busy") return stepOfFailure(sent);
  const saved: Push =
    plan.kind === "write"
      ? { ...push, before: plan.before, beforeIsOwn: plan.isOwn, intended: limit }
      : push;
  const after = await desk.find(requestIdOf(push));
  if (after.kind !== "answer") {
    return {
      kind: "unknown",
      detail: sent.kind === "answer" ? "Not confirmed yet." : sent.message,
    };
  }
  switch (after.answer.status) {
    case "approved":
      return await afterApproval(attempt, saved, keeper);
    case "denied":
      return elsewhere("denied");
    case "pending":
      return sent.kind === "refused"
        ? { kind: "failed", detail: sent.message }
        : { kind: "unknown", detail: "The request is still pending." };
  }
}

/** Approved; by us, when the limit is the one that we intended. */
async function afterApproval(attempt: Attempt, push: Push, keeper: LimitKeeper): Promise<Step> {
  const reading = await keeper.read(push);
  if (reading.kind !== "answer") {
    return { kind: "unknown", detail: "Approved; the new limit could not be read yet." };
  }
  return push.intended !== undefined && reading.answer.effective === push.intended
    ? { kind: "done", state: await stateAfter(attempt, push, push.intended) }
    : elsewhere("approved");
}

/** Denies. What is denied already stays so. */
export async function denyAtAnthropic({ deps }: Attempt, push: Push): Promise<Step> {
  const { desk } = deps;
  if (desk === undefined) return NO_DESK;
  const id = requestIdOf(push);
  const before = await desk.find(id);
  if (before.kind !== "answer") return stepOfFailure(before);
  if (before.answer.status === "denied") return { kind: "done" };
  if (before.answer.status === "approved") return elsewhere("approved");
  const sent = await desk.deny(id);
  if (sent.kind === "busy") return stepOfFailure(sent);
  const after = await desk.find(id);
  if (after.kind === "answer" && after.answer.status === "denied") return { kind: "done" };
  if (after.kind === "answer" && after.answer.status === "approved") return elsewhere("approved");
  return sent.kind === "refused"
    ? { kind: "failed", detail: sent.message }
    : { kind: "unknown", detail: sent.kind === "doubt" ? sent.message : "Not confirmed yet." };
}

function elsewhere(how: "approved" | "denied"): Step {
  return {
    kind: "failed",
    detail: `It was ${how} elsewhere before: that decision stands, nothing was written.`,
  };
}

function requestIdOf({ increaseRequestId }: Push): string {
  assert(increaseRequestId !== undefined, "a decision about a request names it");
  return increaseRequestId;
}
