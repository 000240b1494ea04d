/** A raise on its way to a limit elsewhere, and back: read, compare, write down, write, read again. */
import type { LimitTarget } from "../../../domain/limit.ts";
import type { Usd } from "../../../domain/money.ts";
import { type Push, planBack, planForward } from "../rules.ts";
import { hasOtherPushes, saveIntent, saveTarget } from "../store/pushes.ts";
import { findTargetState } from "../store/targets.ts";
import type { LimitKeeper } from "./keepers.ts";
import { type Attempt, conflict, type Step, stepOfFailure } from "./step.ts";

/** Which setting makes a system reachable. */
const NOT_CONFIGURED: Readonly<Record<string, string>> = {
  anthropic: "ANTHROPIC_ADMIN_KEY is not set.",
  litellm: "LITELLM_BASE_URL and LITELLM_MASTER_KEY are not set.",
  gateway: "CLAUDE_GATEWAY_URL and CLAUDE_GATEWAY_KEY are not set.",
};
/** Settings change with a restart; looking now and then is enough. */
const NOT_CONFIGURED_RETRY_MS = 10 * 60_000;

/** The system of a push's target, or what to wait for. */
export function keeperOf(
  { deps }: Attempt,
  { target }: Push,
): { readonly kind: "keeper"; readonly keeper: LimitKeeper } | Step {
  const keeper = deps.keepers[target.system];
  return keeper === undefined
    ? {
        kind: "later",
        detail: NOT_CONFIGURED[target.system] ?? "",
        retryAfterMs: NOT_CONFIGURED_RETRY_MS,
      }
    : { kind: "keeper", keeper };
}

/** Raises the limit. A limit that is there already, by an earlier attempt, is not written again. */
export async function raiseLimit(attempt: Attempt, push: Push): Promise<Step> {
  const { deps, lease } = attempt;
  const found = keeperOf(attempt, push);
  if (found.kind !== "keeper") return found;
  const { keeper } = found;
  const { system, kind, id } = push.target;
  if (kind === "user" && system !== "litellm" && id.includes("@")) {
    return await lookUpUser(attempt, keeper, push.target);
  }
  const reading = await keeper.read(push);
  if (reading.kind !== "answer") return stepOfFailure(reading);
  const state = await findTargetState(deps.database, push);
  const plan = planForward(push, reading.answer, state);
  switch (plan.kind) {
    case "nothing":
      return {
        kind: "done",
        detail:
          plan.because === "unlimited"
            ? "There is no limit there, so there was nothing to raise."
            : "Less than the smallest step of a limit there.",
      };
    case "conflict":
      return conflict(plan.expected, plan.found);
    case "landed":
      return { kind: "done", state: await stateAfter(attempt, push, plan.intended) };
    case "write":
      break;
  }
  if (!(await saveIntent(deps.database, lease, plan))) return { kind: "lease-lost" };
  const written = await keeper.write({ ...push, amount: plan.intended });
  if (written.kind === "refused" || written.kind === "busy") return stepOfFailure(written);
  const after = await keeper.read(push);
  if (after.kind === "answer" && after.answer.effective === plan.intended) {
    const intended = { ...push, before: plan.before, beforeIsOwn: plan.isOwn };
    return { kind: "done", state: await stateAfter(attempt, intended, plan.intended) };
  }
  return {
    kind: "unknown",
    detail: written.kind === "doubt" ? written.message : "It does not show the new limit yet.",
  };
}

/** What the target is known by once our amount stands there. */
export async function stateAfter(
  { deps }: Attempt,
  push: Push,
  lastWritten: Usd,
): Promise<NonNullable<Extract<Step, { kind: "done" | "reversed" }>["state"]>> {
  const before = await findTargetState(deps.database, push);
  const isFirst = before?.lastWritten === undefined;
  const own = push.beforeIsOwn ? push.before : undefined;
  return { ownLimit: isFirst ? own : before.ownLimit, lastWritten };
}

/** Takes the raise off again; what the target had before comes back with the last of ours. */
export async function lowerLimit(attempt: Attempt, push: Push): Promise<Step> {
  if (push.intended === undefined) return { kind: "reversed", detail: "It had not been sent yet." };
  const found = keeperOf(attempt, push);
  if (found.kind !== "keeper") return found;
  const { keeper } = found;
  const { deps } = attempt;
  const reading = await keeper.read(push);
  if (reading.kind !== "answer") return stepOfFailure(reading);
  const hasOthers = await hasOtherPushes(deps.database, push);
  // In doubt until now: then it is not known yet what the target had before.
  const state =
    (await findTargetState(deps.database, push)) ??
    (push.isApplied ? undefined : await stateAfter(attempt, push, push.intended));
  const plan = planBack(push, reading.answer, { state, hasOthers });
  const settled = (next: Usd | undefined): Step => ({
    kind: "reversed",
    state: { ownLimit: state?.ownLimit, lastWritten: hasOthers ? next : undefined },
  });
  switch (plan.kind) {
    case "never-landed":
      return { kind: "reversed", detail: "It had never arrived there." };
    case "conflict":
      return conflict(plan.expected, plan.found);
    case "landed":
      return settled(plan.next);
    case "write":
    case "remove":
      break;
  }
  const sent =
    plan.kind === "remove"
      ? await keeper.remove({ ...push, limitId: plan.limitId })
      : await keeper.write({ ...push, amount: plan.next });
  if (sent.kind === "refused" || sent.kind === "busy") return stepOfFailure(sent);
  const after = await keeper.read(push);
  const isThere =
    after.kind === "answer" &&
    (plan.kind === "remove" ? !after.answer.isOwn : after.answer.effective === plan.next);
  if (isThere) return settled(plan.kind === "remove" ? undefined : plan.next);
  return {
    kind: "unknown",
    detail: sent.kind === "doubt" ? sent.message : "It still shows the raised limit.",
  };
}

/** Ids stand in the way of nobody twice: the next attempt finds the id in place of the address. */
async function lookUpUser(
  { deps, lease }: Attempt,
  keeper: LimitKeeper,
  target: LimitTarget,
): Promise<Step> {
  const user = await keeper.findUser(target.id);
  if (user.kind !== "answer") return stepOfFailure(user);
  if (user.answer === undefined || user.answer.includes("@")) {
    return { kind: "failed", detail: `Nobody there has the address ${target.id}.` };
  }
  const isOurs = await saveTarget(deps.database, lease, { ...target, id: user.answer });
  return isOurs
    ? { kind: "later", detail: "The person was found.", retryAfterMs: 0 }
    : { kind: "lease-lost" };
}
