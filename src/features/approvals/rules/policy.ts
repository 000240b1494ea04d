/**
 * Approval policies: what one says, and which one covers a request. Pure. A policy holds entries,
 * never people: who they are is rules/mandate.ts, anew at every click.
 */
import { assert } from "../../../domain/assert.ts";
import { type Email, parseEmail } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";
import { HOUR_MS, type PeriodKind } from "../../../domain/time.ts";

/** Who may approve, as a policy says it. */
export type ApproverEntry =
  | { readonly kind: "team_owners" }
  | { readonly kind: "admins" }
  | { readonly kind: "person"; readonly email: Email }
  | { readonly kind: "slack_group"; readonly handle: string };

/** One round of consent. A later one begins when the one before it has its quorum. */
export interface ApprovalStep {
  readonly approvers: readonly ApproverEntry[];
  /** How many different approvers it takes. */
  readonly quorum: number;
}

/** Conditions beside the amount; one that is absent holds for everything. */
export interface PolicyMatch {
  /** `team:search`, `team:*`, `org`: any of them. */
  readonly scopes?: readonly string[];
  /** `bo@acme.test`, `*@contractors.test`, `team:search`, `team_owners`, `admins`: any of them. */
  readonly requesters?: readonly string[];
  /** The amount as a share of the base limit: at most this many whole percent. */
  readonly upToPercent?: number;
}

/** Granted without a person, as long as the ceiling of the period is not used up. */
export interface AutoApprove {
  readonly upTo: Usd;
  readonly perPeriod: Usd;
  readonly periodKind: PeriodKind;
}

export interface ApprovalPolicy {
  /** For people, and what its automatic approvals are counted under. */
  readonly name?: string;
  /** The largest amount that this policy covers; undefined: any. */
  readonly upTo: Usd | undefined;
  readonly match: PolicyMatch;
  /** At least one; in order. */
  readonly steps: readonly ApprovalStep[];
  readonly expiresInMs: number;
  /** After how long those who have not answered are asked again; undefined: once, at half time. */
  readonly remindAfterMs?: readonly number[];
  /** Asked as well, and approvers of every step from then on. */
  readonly escalateTo: readonly Email[];
  /** Undefined: at half of the time. */
  readonly escalateAfterMs?: number;
  readonly autoApprove?: AutoApprove;
}

/** A policy as governance.yml says it, its approvers as text that `parseApproverEntry` can read. */
export interface PolicySettings extends Omit<ApprovalPolicy, "steps" | "upTo"> {
  readonly upTo?: Usd | undefined;
  readonly steps: readonly { readonly approvers: readonly string[]; readonly quorum: number }[];
}

/** What holds while an organization has configured nothing. */
export const DEFAULT_POLICY: ApprovalPolicy = {
  upTo: undefined,
  match: {},
  steps: [{ approvers: [{ kind: "team_owners" }, { kind: "admins" }], quorum: 1 }],
  expiresInMs: 72 * HOUR_MS,
  escalateTo: [],
};

const SLACK_GROUP_PREFIX = "slack_group:";

/** Reads `team_owners`, `admins`, `a@b.c` or `slack_group:NAME`; undefined for anything else. */
export function parseApproverEntry(text: string): ApproverEntry | undefined {
  const trimmed = text.trim();
  if (trimmed === "team_owners" || trimmed === "admins") return { kind: trimmed };
  if (trimmed.startsWith(SLACK_GROUP_PREFIX)) {
    const handle = trimmed.slice(SLACK_GROUP_PREFIX.length).replace(/^\s*@/, "").trim();
    return handle === "" ? undefined : { kind: "slack_group", handle };
  }
  const email = parseEmail(trimmed);
  return email === undefined ? undefined : { kind: "person", email };
}

/** For entries that our own database stored. */
export function approverEntryFrom(text: string): ApproverEntry {
  const entry = parseApproverEntry(text);
  assert(entry !== undefined, `not an approver: ${text}`);
  return entry;
}

export function formatApproverEntry(entry: ApproverEntry): string {
  if (entry.kind === "person") return entry.email;
  return entry.kind === "slack_group" ? `${SLACK_GROUP_PREFIX}${entry.handle}` : entry.kind;
}

/** What policies look at. */
export interface PolicyQuestion {
  readonly scope: Scope;
  readonly amount: Usd;
  /** What the amount is a share of; undefined where there is nothing to compare it with. */
  readonly baseAmount: Usd | undefined;
  readonly requester: {
    readonly email: Email;
    readonly isAdmin: boolean;
    /** Keys of the teams that they own or are members of. */
    readonly teams: readonly string[];
    readonly ownsTeamOfScope: boolean;
  };
}

/** Why a policy does not cover a request; the first reason there is. */
export type PolicyMismatch = "amount" | "scope" | "requester" | "percent";

/** Undefined: the policy covers the request. */
export function mismatchOf(
  policy: ApprovalPolicy,
  question: PolicyQuestion,
): PolicyMismatch | undefined {
  const { scopes, requesters, upToPercent } = policy.match;
  if (policy.upTo !== undefined && question.amount > policy.upTo) return "amount";
  if (scopes !== undefined && !scopes.some((one) => isScopeLike(one, question.scope))) {
    return "scope";
  }
  if (requesters !== undefined && !requesters.some((one) => isRequesterLike(one, question))) {
    return "requester";
  }
  if (upToPercent !== undefined && !isAtMostPercent(question, upToPercent)) return "percent";
  return undefined;
}

/** The first policy that covers the request; undefined when none of them does. */
export function policyFor(
  policies: readonly ApprovalPolicy[],
  question: PolicyQuestion,
): ApprovalPolicy | undefined {
  if (policies.length === 0) return DEFAULT_POLICY;
  return policies.find((policy) => mismatchOf(policy, question) === undefined);
}

function isScopeLike(pattern: string, scope: Scope): boolean {
  if (pattern.endsWith(":*")) return pattern.slice(0, -2) === scope.kind;
  return pattern === formatScope(scope);
}

function isRequesterLike(pattern: string, { requester }: PolicyQuestion): boolean {
  if (pattern === "admins") return requester.isAdmin;
  if (pattern === "team_owners") return requester.ownsTeamOfScope;
  if (pattern.startsWith("team:")) return requester.teams.includes(pattern.slice("team:".length));
  if (pattern.startsWith("*@")) return requester.email.endsWith(pattern.slice(1).toLowerCase());
  return requester.email === pattern;
}

/** Exact, by cross-multiplication: 20 % of $500.00 is $100.00 and not a cent more. */
function isAtMostPercent({ amount, baseAmount }: PolicyQuestion, percent: number): boolean {
  return baseAmount !== undefined && amount * 100n <= baseAmount * BigInt(percent);
}

/**
 * What automatic approvals are counted under: the name, else the conditions. Policies that are
 * alike share a count, and editing a limit does not begin a new one.
 */
export function autoCounterKey({ name, match }: ApprovalPolicy): string {
  if (name !== undefined) return `name ${name}`;
  const { scopes, requesters, upToPercent } = match;
  return `match ${JSON.stringify([scopes ?? null, requesters ?? null, upToPercent ?? null])}`;
}
