/**
 * Approvals, the decisions: what may be asked for and what a click does; who may decide stands in
 * `rules/policy.ts`. Pure. Knows what is asked for only as an amount, a scope and some text: what an approval leads
 * to is the business of the applier of its kind.
 */
import { assert } from "../../domain/assert.ts";
import type { Email } from "../../domain/email.ts";
import type { Usd } from "../../domain/money.ts";
import type { Scope } from "../../domain/scope.ts";
import { addMs, type Instant, type TimeZone } from "../../domain/time.ts";
import type { ApprovalPolicy } from "./rules/policy.ts";

export type ApprovalKind = "budget_raise";

/** The longest line of open requests that one person may keep approvers busy with, per scope. */
export const OPEN_REQUESTS_MAX = 3;

/** What somebody asks for. Texts are plain: they are escaped where they are shown. */
export interface ApprovalProposal {
  readonly kind: ApprovalKind;
  readonly scope: Scope;
  /** What the applier of this kind needs to know, and nobody else. */
  readonly subject: Readonly<Record<string, string>>;
  /** What the money is for, as it reads after "$200.00 for": "Search, monthly budget". */
  readonly title: string;
  /** What an approver needs to see, a line each. */
  readonly details: readonly string[];
  readonly requester: Email;
  readonly amount: Usd;
  /** Until when what is asked for would hold. */
  readonly endsAt: Instant;
  /** Whose calendar says which day `endsAt` is the end of. */
  readonly timeZone: TimeZone;
  readonly reason: string;
}

/** `applied`: approved, and what follows from it done in the same transaction. */
export const APPROVAL_STATUSES = [
  "requested",
  "applied",
  "denied",
  "expired",
  "cancelled",
] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

export interface ApprovalRequest {
  readonly requestId: string;
  readonly kind: ApprovalKind;
  readonly scope: Scope;
  readonly subject: Readonly<Record<string, string>>;
  readonly title: string;
  readonly details: readonly string[];
  readonly requester: Email;
  readonly requestedAmount: Usd;
  readonly endsAt: Instant;
  readonly timeZone: TimeZone;
  readonly reason: string;
  /** Frozen when the request was made: a later policy changes no open request. */
  readonly policy: ApprovalPolicy;
  /** Who has a card about it. Says nothing about who may decide. */
  readonly asked: readonly Email[];
  readonly status: ApprovalStatus;
  readonly approvedAmount: Usd | undefined;
  readonly decidedBy: Email | undefined;
  readonly decidedAt: Instant | undefined;
  readonly decisionReason: string | undefined;
  readonly requestedAt: Instant;
  /** From this instant on nobody can decide it any more. */
  readonly expiresAt: Instant;
}

export interface Vote {
  readonly approver: Email;
  readonly amount: Usd;
  readonly votedAt: Instant;
  /** For the requester; as typed. */
  readonly note: string | undefined;
}

export type RequestRefusal =
  | "no-approver"
  | "too-few-approvers"
  | "too-many-open"
  | "above-every-policy"
  | "already-over";

/** When a new request would expire: never later than the end of what it asks for. */
export function expiryOf(
  proposal: ApprovalProposal,
  policy: ApprovalPolicy,
  now: Instant,
): Instant {
  const expiresAt = addMs(now, policy.expiresInMs);
  return proposal.endsAt < expiresAt ? proposal.endsAt : expiresAt;
}

/** Why a proposal can't become a request; undefined when it can. */
export function refusalOfProposal(
  proposal: ApprovalProposal,
  known: {
    readonly policy: ApprovalPolicy | undefined;
    readonly approvers: readonly Email[];
    readonly openRequests: number;
    readonly now: Instant;
  },
): RequestRefusal | undefined {
  assert(proposal.amount > 0n, "an approval is about a positive amount");
  if (proposal.endsAt <= known.now) return "already-over";
  if (known.policy === undefined) return "above-every-policy";
  if (known.openRequests >= OPEN_REQUESTS_MAX) return "too-many-open";
  if (known.approvers.length === 0) return "no-approver";
  if (known.approvers.length < known.policy.quorum) return "too-few-approvers";
  return undefined;
}

export type ApprovalAction =
  /** Without an amount: what was requested. */
  | { readonly kind: "approve"; readonly amount?: Usd }
  | { readonly kind: "deny" }
  | { readonly kind: "withdraw" };

export type DecisionRefusal =
  | { readonly reason: "own-request" }
  | { readonly reason: "not-an-approver" }
  | { readonly reason: "not-the-requester" }
  | {
      readonly reason: "already-decided";
      readonly by: Email;
      readonly at: Instant;
      readonly status: "applied" | "denied" | "cancelled";
    }
  | { readonly reason: "expired"; readonly at: Instant }
  | { readonly reason: "already-voted"; readonly approvals: number; readonly quorum: number }
  | { readonly reason: "amount-above-request"; readonly requestedAmount: Usd }
  | { readonly reason: "amount-not-positive" };

export type Decision =
  /** A voice that does not reach the quorum yet. */
  | {
      readonly kind: "voted";
      readonly amount: Usd;
      readonly approvals: number;
      readonly quorum: number;
    }
  /** `voteAmount` is this voice's; `amount` what is granted: the smallest of all voices. */
  | { readonly kind: "applied"; readonly amount: Usd; readonly voteAmount: Usd }
  | { readonly kind: "denied" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "refused"; readonly refusal: DecisionRefusal };

/**
 * What a click leads to. Authority is judged before the state of the request, so that somebody
 * without it learns nothing; a vote counts once a person; one denial is enough.
 */
export function decide(
  request: ApprovalRequest,
  action: ApprovalAction,
  by: {
    readonly actor: Email;
    readonly isApprover: boolean;
    readonly votes: readonly Vote[];
    readonly now: Instant;
  },
): Decision {
  const refusal = refusalOfActor(request, action, by) ?? refusalOfState(request, by);
  if (refusal !== undefined) return { kind: "refused", refusal };
  if (action.kind === "withdraw") return { kind: "cancelled" };
  if (action.kind === "deny") return { kind: "denied" };

  const voteAmount = action.amount ?? request.requestedAmount;
  if (voteAmount <= 0n) return refused({ reason: "amount-not-positive" });
  const { requestedAmount } = request;
  if (voteAmount > requestedAmount)
    return refused({ reason: "amount-above-request", requestedAmount });

  const approvals = by.votes.length + 1;
  const { quorum } = request.policy;
  if (approvals < quorum) return { kind: "voted", amount: voteAmount, approvals, quorum };
  const amount = by.votes.reduce(
    (smallest, vote) => (vote.amount < smallest ? vote.amount : smallest),
    voteAmount,
  );
  return { kind: "applied", amount, voteAmount };
}

function refusalOfActor(
  request: ApprovalRequest,
  action: ApprovalAction,
  { actor, isApprover }: { readonly actor: Email; readonly isApprover: boolean },
): DecisionRefusal | undefined {
  const isRequester = actor === request.requester;
  if (action.kind === "withdraw") return isRequester ? undefined : { reason: "not-the-requester" };
  if (isRequester) return { reason: "own-request" };
  return isApprover ? undefined : { reason: "not-an-approver" };
}

function refusalOfState(
  request: ApprovalRequest,
  {
    actor,
    votes,
    now,
  }: { readonly actor: Email; readonly votes: readonly Vote[]; readonly now: Instant },
): DecisionRefusal | undefined {
  const { status, expiresAt } = request;
  // Late is late, whether or not the clockwork has come by to write it down.
  if (status === "expired" || (status === "requested" && now >= expiresAt)) {
    return { reason: "expired", at: expiresAt };
  }
  if (status !== "requested") {
    const by = status === "cancelled" ? request.requester : request.decidedBy;
    assert(by !== undefined, "a decided request names who decided it");
    assert(request.decidedAt !== undefined, "a decided request says when");
    return { reason: "already-decided", by, at: request.decidedAt, status };
  }
  if (votes.some((vote) => vote.approver === actor)) {
    return { reason: "already-voted", approvals: votes.length, quorum: request.policy.quorum };
  }
  return undefined;
}

function refused(refusal: DecisionRefusal): Decision {
  return { kind: "refused", refusal };
}
