/**
 * Approval policies: which one covers an amount, and who the people are that it names. Pure. A
 * policy holds entries, never people: those are resolved anew at every click.
 */
import { assert } from "../../../domain/assert.ts";
import { type Email, parseEmail } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import { addMs, HOUR_MS, type Instant } from "../../../domain/time.ts";

/** Who may approve, as a policy says it. Who that is gets resolved anew at every click. */
export type ApproverEntry =
  | { readonly kind: "team_owners" }
  | { readonly kind: "admins" }
  | { readonly kind: "person"; readonly email: Email }
  | { readonly kind: "slack_group"; readonly handle: string };

export interface ApprovalPolicy {
  /** The largest amount that this policy covers; undefined: any. */
  readonly upTo: Usd | undefined;
  readonly approvers: readonly ApproverEntry[];
  /** How many different approvers it takes. */
  readonly quorum: number;
  readonly expiresInMs: number;
  /** Asked as well, and approvers from then on, when half of the time has passed. */
  readonly escalateTo: readonly Email[];
}

/** A policy as governance.yml says it, its approvers as text. */
export interface PolicySettings {
  readonly upTo?: Usd | undefined;
  /** Each of them `parseApproverEntry` can read. */
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly expiresInMs: number;
  readonly escalateTo: readonly Email[];
}

/** What holds while an organization has configured nothing. */
export const DEFAULT_POLICY: ApprovalPolicy = {
  upTo: undefined,
  approvers: [{ kind: "team_owners" }, { kind: "admins" }],
  quorum: 1,
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

/** The first policy that covers the amount; undefined when the amount is above all of them. */
export function tierFor(
  policies: readonly ApprovalPolicy[],
  amount: Usd,
): ApprovalPolicy | undefined {
  if (policies.length === 0) return DEFAULT_POLICY;
  return policies.find((policy) => policy.upTo === undefined || amount <= policy.upTo);
}

/** The people behind the entries of a policy, as they are right now. */
export interface Directory {
  /** Owners of the team of the scope; empty for scopes without one. */
  readonly teamOwners: readonly Email[];
  readonly admins: readonly Email[];
  /** Members by group handle; a group that Slack does not know is absent. */
  readonly groups: ReadonlyMap<string, readonly Email[]>;
}

/**
 * Who may decide, the requester never among them. `team_owners` means the admins where a team has
 * no owner but the requester, so that an owner's own request does not end with nobody.
 */
export function resolveApprovers(
  request: Lifetime & { readonly policy: ApprovalPolicy; readonly requester: Email },
  directory: Directory,
  now: Instant,
): readonly Email[] {
  const others = (people: readonly Email[]): readonly Email[] =>
    people.filter((person) => person !== request.requester);
  const owners = others(directory.teamOwners);
  const named = request.policy.approvers.flatMap((entry): readonly Email[] => {
    if (entry.kind === "team_owners") return owners.length > 0 ? owners : directory.admins;
    if (entry.kind === "admins") return directory.admins;
    if (entry.kind === "person") return [entry.email];
    return directory.groups.get(entry.handle) ?? [];
  });
  const escalated = now >= escalatesAt(request) ? request.policy.escalateTo : [];
  return [...new Set(others([...named, ...escalated]))];
}

/** When those are asked to whom the policy escalates: half of the way to the expiry. */
function escalatesAt({ requestedAt, expiresAt }: Lifetime): Instant {
  return addMs(requestedAt, Math.floor((expiresAt.getTime() - requestedAt.getTime()) / 2));
}

interface Lifetime {
  readonly requestedAt: Instant;
  readonly expiresAt: Instant;
}
