/**
 * Approvals, the decisions: what may be asked for and what a click does. Which policy holds is
 * `rules/policy.ts`, who may speak `rules/mandate.ts`, how far consent has come `rules/progress.ts`. Pure. Knows what is asked for only as an amount, a scope and some text: what an approval leads
 * to is the business of the applier of its kind.
 */
import { assert } from "../../domain/assert.ts";
import type { Email } from "../../domain/email.ts";
import type { Usd } from "../../domain/money.ts";
import type { Scope } from "../../domain/scope.ts";
import { addMs, type Instant, type TimeZone } from "../../domain/time.ts";
import type { ApprovalPolicy } from "./rules/policy.ts";

/** `anthropic_limit_increase`: what a member of Claude Enterprise asked for in claude.ai. */
export type ApprovalKind = "budget_raise" | "anthropic_limit_increase";

/** The longest line of open requests that one person may keep approvers busy with, per scope. */
export const OPEN_REQUESTS_MAX = 3;

/** What people write to each other about a request: enough for a reason, too little for an essay. */
export const TEXT_CHARS_MAX = 500;

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
  /** For whom; the requester for themselves. Neither of them ever decides. */
  readonly beneficiary: Email;
  readonly amount: Usd;
  /** What the amount is a share of, for policies that look at the share. */
  readonly baseAmount?: Usd | undefined;
  /** The form or command that it comes from: a second time it is the same request. */
  readonly idempotencyKey?: string | undefined;
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
  readonly beneficiary: Email;
  readonly requestedAmount: Usd;
  readonly endsAt: Instant;
  readonly timeZone: TimeZone;
  readonly reason: string;
  /** Frozen when the request was made: a later policy changes no open request. */
  readonly policy: ApprovalPolicy;
  /** Who has a card about it. Says nothing about who may decide. */
  readonly asked: readonly Email[];
  /** Whose voice is wanted, as of the last change. Says nothing about who may decide either. */
  readonly waitingFor: readonly Email[];
  readonly status: ApprovalStatus;
  readonly approvedAmount: Usd | undefined;
  /** At most `endsAt`. */
  readonly approvedEndsAt: Instant | undefined;
  /** Undefined also for what was approved automatically. */
  readonly decidedBy: Email | undefined;
  /** Approved under the ceiling of its policy, by nobody. */
  readonly isAutomatic: boolean;
  readonly decidedAt: Instant | undefined;
  readonly decisionReason: string | undefined;
  /** What was approved and ended early. */
  readonly revocation: Revocation | undefined;
  readonly requestedAt: Instant;
  /** From this instant on nobody can decide it any more. */
  readonly expiresAt: Instant;
}

export interface Revocation {
  readonly by: Email;
  readonly at: Instant;
  readonly reason: string;
}

export interface Vote {
  readonly approver: Email;
  /** In whose place the approver spoke. */
  readonly for: Email | undefined;
  /** Where the voice counts, by the authority that it had when it was given. From 0, ascending. */
  readonly steps: readonly number[];
  readonly amount: Usd;
  /** A shorter time than was asked for; undefined: all of it. */
  readonly endsAt: Instant | undefined;
  readonly votedAt: Instant;
  /** For the requester; as typed. */
  readonly note: string | undefined;
}

export type RequestRefusal =
  | "no-approver"
  | "too-few-approvers"
  | "too-many-open"
  | "above-every-policy"
  | "already-over"
  | "text-too-long";

/** When a new request would expire: never later than the end of what it asks for. */
export function expiryOf(
  proposal: ApprovalProposal,
  policy: ApprovalPolicy,
  now: Instant,
): Instant {
  const expiresAt = addMs(now, policy.expiresInMs);
  return proposal.endsAt < expiresAt ? proposal.endsAt : expiresAt;
}

/** Why a proposal can't become a request, whoever could decide it; undefined when it can. */
export function refusalOfProposal(
  proposal: ApprovalProposal,
  known: {
    readonly policy: ApprovalPolicy | undefined;
    readonly openRequests: number;
    readonly now: Instant;
  },
): RequestRefusal | undefined {
  assert(proposal.amount > 0n, "an approval is about a positive amount");
  if (proposal.reason.length > TEXT_CHARS_MAX) return "text-too-long";
  if (proposal.endsAt <= known.now) return "already-over";
  if (known.policy === undefined) return "above-every-policy";
  return known.openRequests >= OPEN_REQUESTS_MAX ? "too-many-open" : undefined;
}

/** Why nobody could ever decide: a step without people, or with too few. */
export function refusalOfSteps(
  policy: ApprovalPolicy,
  steps: readonly (readonly Email[])[],
): RequestRefusal | undefined {
  if (steps.some((people) => people.length === 0)) return "no-approver";
  const isShort = policy.steps.some(({ quorum }, index) => (steps[index]?.length ?? 0) < quorum);
  const people = new Set(steps.flat()).size;
  return isShort || (steps.length > 1 && people < 2) ? "too-few-approvers" : undefined;
}
