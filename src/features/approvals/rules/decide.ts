/**
 * What a click on a request leads to. Pure. Authority is judged before the state of the request,
 * so that somebody without it learns nothing.
 */
import { assert } from "../../../domain/assert.ts";
import type { Email } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import { type ApprovalRequest, TEXT_CHARS_MAX, type Vote } from "../rules.ts";
import { type Authority, isExcluded, type Mandate, mandateOf } from "./mandate.ts";
import { progressOf } from "./progress.ts";

export type ApprovalAction =
  /** Without an amount: what was requested; without an end: as long as was requested. */
  | { readonly kind: "approve"; readonly amount?: Usd; readonly endsAt?: Instant }
  | { readonly kind: "deny" }
  /** What to know before deciding. */
  | { readonly kind: "ask" }
  | { readonly kind: "withdraw" }
  /** Ends early what was approved. */
  | { readonly kind: "revoke" };

export type DecisionRefusal =
  | { readonly reason: "own-request" }
  | { readonly reason: "not-an-approver" }
  | { readonly reason: "not-the-requester" }
  | {
      readonly reason: "already-decided";
      /** Undefined: approved automatically. */
      readonly by: Email | undefined;
      readonly at: Instant;
      readonly status: "applied" | "denied" | "cancelled";
    }
  /** Settled where it was asked: `because` is a sentence without a full stop. */
  | { readonly reason: "settled-elsewhere"; readonly because: string; readonly at: Instant }
  | { readonly reason: "expired"; readonly at: Instant }
  | { readonly reason: "already-voted"; readonly approvals: number; readonly quorum: number }
  /** Somebody has spoken in the person's place, or the other way round. */
  | { readonly reason: "already-represented"; readonly by: Email }
  | { readonly reason: "not-your-turn"; readonly step: number; readonly steps: number }
  | { readonly reason: "amount-above-request"; readonly requestedAmount: Usd }
  | { readonly reason: "amount-not-positive" }
  | { readonly reason: "end-after-request"; readonly endsAt: Instant }
  | { readonly reason: "end-over" }
  | { readonly reason: "text-too-long"; readonly charsMax: number }
  | { readonly reason: "not-running" }
  | { readonly reason: "already-revoked"; readonly by: Email; readonly at: Instant };

export type Decision =
  /** A voice after which others are still wanted: in the step `step` of `steps`, from 1. */
  | {
      readonly kind: "voted";
      readonly vote: NewVote;
      readonly approvals: number;
      readonly quorum: number;
      readonly step: number;
      readonly steps: number;
    }
  /** `amount` and `endsAt` are what is granted: the least of all voices. */
  | {
      readonly kind: "applied";
      readonly vote: NewVote;
      readonly amount: Usd;
      readonly endsAt: Instant;
    }
  | { readonly kind: "denied" }
  | { readonly kind: "asked" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "revoked" }
  | { readonly kind: "refused"; readonly refusal: DecisionRefusal };

/** A voice as it would be stored. */
export type NewVote = Pick<Vote, "for" | "steps" | "amount" | "endsAt">;

export interface Clicker {
  readonly actor: Email;
  readonly authority: Authority;
  readonly votes: readonly Vote[];
  readonly now: Instant;
  /** What was typed with it. */
  readonly text?: string | undefined;
}

/** A vote counts once a person and once a mandate; one denial is enough, in the step that waits. */
export function decide(request: ApprovalRequest, action: ApprovalAction, by: Clicker): Decision {
  const isVoice = action.kind === "approve" || action.kind === "deny";
  const mandate = isVoice ? mandateNow(request, by) : mandateOver(request, by);
  const refusal =
    refusalOfActor(request, action, { ...by, mandate }) ??
    (action.kind === "revoke" ? refusalOfRevocation(request, by) : refusalOfState(request, by)) ??
    ((by.text?.length ?? 0) > TEXT_CHARS_MAX
      ? { reason: "text-too-long", charsMax: TEXT_CHARS_MAX }
      : undefined);
  if (refusal !== undefined) return { kind: "refused", refusal };
  switch (action.kind) {
    case "withdraw":
      return { kind: "cancelled" };
    case "revoke":
      return { kind: "revoked" };
    case "ask":
      return { kind: "asked" };
    case "deny":
    case "approve":
      assert(mandate !== undefined, "who has no mandate was refused");
      return speak(request, action, { ...by, mandate });
  }
}

type Speaker = Clicker & { readonly mandate: Mandate };

function speak(
  request: ApprovalRequest,
  action: Extract<ApprovalAction, { kind: "approve" | "deny" }>,
  by: Speaker,
): Decision {
  const refusal = refusalOfVoice(request, by);
  if (refusal !== undefined) return { kind: "refused", refusal };
  if (action.kind === "deny") return { kind: "denied" };

  const vote: NewVote = {
    for: by.mandate.for,
    steps: by.mandate.steps,
    amount: action.amount ?? request.requestedAmount,
    endsAt:
      action.endsAt === undefined || action.endsAt >= request.endsAt ? undefined : action.endsAt,
  };
  const wrong = refusalOfTerms(request, { vote, wantedEnd: action.endsAt, now: by.now });
  if (wrong !== undefined) return { kind: "refused", refusal: wrong };

  const voices = [...by.votes, { ...vote, approver: by.actor }];
  const progress = progressOf(request.policy, voices);
  if (!progress.isComplete) {
    const { current, steps } = progress;
    const waiting = steps[current];
    assert(waiting !== undefined, "an incomplete chain waits in one of its steps");
    const { voices: heard, quorum } = waiting;
    const where = { step: current + 1, steps: steps.length };
    return { kind: "voted", vote, approvals: heard.length, quorum, ...where };
  }
  return {
    kind: "applied",
    vote,
    amount: least(voices.map(({ amount }) => amount)),
    endsAt: least([request.endsAt, ...voices.flatMap(({ endsAt }) => endsAt ?? [])]),
  };
}

function least<T extends bigint | Date>(values: readonly T[]): T {
  const [first, ...others] = values;
  assert(first !== undefined, "the least of something");
  return others.reduce((smallest, value) => (value < smallest ? value : smallest), first);
}

function mandateNow(request: ApprovalRequest, by: Clicker): Mandate | undefined {
  const { open, current } = progressOf(request.policy, by.votes);
  const wanted = { open: open.length > 0 ? open : [current], spoken: by.votes };
  const mandate = mandateOf(by.actor, by.authority, wanted);
  if (mandate !== undefined) return mandate;
  // Who has spoken as a delegate has spoken, also when nothing is left to speak for.
  const voice = by.votes.find(({ approver }) => approver === by.actor);
  return voice === undefined ? undefined : { for: voice.for, steps: voice.steps };
}

/** For what is no voice: whoever could approve it now may ask and end it, spoken or not. */
function mandateOver({ policy }: ApprovalRequest, by: Clicker): Mandate | undefined {
  const open = policy.steps.map((_, step) => step);
  return mandateOf(by.actor, by.authority, { open, spoken: [] });
}

function refusalOfActor(
  request: ApprovalRequest,
  action: ApprovalAction,
  { actor, mandate, authority }: Clicker & { readonly mandate: Mandate | undefined },
): DecisionRefusal | undefined {
  if (action.kind === "withdraw") {
    return actor === request.requester ? undefined : { reason: "not-the-requester" };
  }
  if (isExcluded(request, actor)) return { reason: "own-request" };
  if (action.kind === "revoke" && authority.admins.includes(actor)) return undefined;
  return mandate === undefined ? { reason: "not-an-approver" } : undefined;
}

function refusalOfState(request: ApprovalRequest, { now }: Clicker): DecisionRefusal | undefined {
  const { status, expiresAt } = request;
  // Late is late, whether or not the clockwork has come by to write it down.
  if (status === "expired" || (status === "requested" && now >= expiresAt)) {
    return { reason: "expired", at: expiresAt };
  }
  if (status === "requested") return undefined;
  const { decidedBy: by, decidedAt: at, decisionReason: because } = request;
  assert(at !== undefined, "a decided request says when");
  // Nobody here decided what was taken back because it was settled somewhere else.
  if (status === "cancelled" && because !== undefined) {
    return { reason: "settled-elsewhere", because, at };
  }
  if (status === "cancelled") {
    return { reason: "already-decided", by: request.requester, at, status };
  }
  assert(by !== undefined || request.isAutomatic, "a decided request names who decided it");
  return { reason: "already-decided", by, at, status };
}

/** What keeps somebody with authority from speaking now. */
function refusalOfVoice(
  request: ApprovalRequest,
  { actor, votes, mandate }: Speaker,
): DecisionRefusal | undefined {
  const progress = progressOf(request.policy, votes);
  const { current, open, steps } = progress;
  if (votes.some(({ approver }) => approver === actor)) {
    const waiting = steps[current];
    assert(waiting !== undefined, "an open request waits in one of its steps");
    return { reason: "already-voted", approvals: waiting.voices.length, quorum: waiting.quorum };
  }
  const principal = mandate.for ?? actor;
  const spoken = votes.find((vote) => (vote.for ?? vote.approver) === principal);
  if (spoken !== undefined) return { reason: "already-represented", by: spoken.approver };
  return mandate.steps.some((step) => open.includes(step))
    ? undefined
    : { reason: "not-your-turn", step: current + 1, steps: steps.length };
}

function refusalOfTerms(
  request: ApprovalRequest,
  of: {
    readonly vote: NewVote;
    readonly wantedEnd: Instant | undefined;
    readonly now: Instant;
  },
): DecisionRefusal | undefined {
  const { requestedAmount, endsAt } = request;
  if (of.vote.amount <= 0n) return { reason: "amount-not-positive" };
  if (of.vote.amount > requestedAmount) return { reason: "amount-above-request", requestedAmount };
  if (of.wantedEnd !== undefined && of.wantedEnd > endsAt)
    return { reason: "end-after-request", endsAt };
  if (of.vote.endsAt !== undefined && of.vote.endsAt <= of.now) return { reason: "end-over" };
  return undefined;
}

function refusalOfRevocation(
  { status, revocation, approvedEndsAt, endsAt }: ApprovalRequest,
  { now }: Clicker,
): DecisionRefusal | undefined {
  if (revocation !== undefined) {
    return { reason: "already-revoked", by: revocation.by, at: revocation.at };
  }
  return status === "applied" && now < (approvedEndsAt ?? endsAt)
    ? undefined
    : { reason: "not-running" };
}
