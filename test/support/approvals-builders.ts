/** Requests, policies and proposals for tests, valid by default: a test names what it is about. */
import type { Email } from "../../src/domain/email.ts";
import { emailFrom } from "../../src/domain/email.ts";
import { addMs, HOUR_MS, instant, timeZone } from "../../src/domain/time.ts";
import type { Authority } from "../../src/features/approvals/rules/mandate.ts";
import {
  type ApprovalPolicy,
  type ApprovalStep,
  DEFAULT_POLICY,
} from "../../src/features/approvals/rules/policy.ts";
import type {
  ApprovalProposal,
  ApprovalRequest,
  Vote,
} from "../../src/features/approvals/rules.ts";
import { usd } from "./builders.ts";

export const BO = emailFrom("bo@acme.test");
export const ANA = emailFrom("ana@acme.test");
export const DANA = emailFrom("dana@acme.test");
export const EVE = emailFrom("eve@acme.test");

export const ASKED_AT = instant("2026-11-23T10:00:00Z");

/** `approvers` and `quorum` are those of a policy with one step. */
export function aPolicy(overrides: Partial<ApprovalPolicy & ApprovalStep> = {}): ApprovalPolicy {
  const [step] = DEFAULT_POLICY.steps;
  const { approvers = step?.approvers ?? [], quorum = 1, ...others } = overrides;
  return { ...DEFAULT_POLICY, steps: [{ approvers, quorum }], ...others };
}

/** Who may decide, by step; nobody stands in for anybody and nobody is an admin. */
export function anAuthority(
  steps: readonly (readonly Email[])[],
  others: Partial<Authority> = {},
): Authority {
  return { steps, delegations: [], admins: [], ...others };
}

export function anApprovalRequest(overrides: Partial<ApprovalRequest> = {}): ApprovalRequest {
  const { asked = [ANA, DANA], status = "requested", requester = BO } = overrides;
  return {
    requestId: "01930000-0000-7000-8000-000000000001",
    kind: "budget_raise",
    scope: { kind: "team", key: "search" },
    subject: { budget_id: "search-monthly" },
    title: "Search, monthly budget",
    details: ["Now: $480.00 of $500.00 (96 %)", "After: $480.00 of $700.00 (68 %)"],
    requester,
    beneficiary: requester,
    requestedAmount: usd(200),
    endsAt: instant("2026-12-01T00:00:00Z"),
    timeZone: timeZone("UTC"),
    reason: "Re-indexing before the launch",
    policy: aPolicy(),
    asked,
    waitingFor: status === "requested" ? asked : [],
    status,
    approvedAmount: undefined,
    approvedEndsAt: undefined,
    decidedBy: undefined,
    isAutomatic: false,
    decidedAt: undefined,
    decisionReason: undefined,
    revocation: undefined,
    requestedAt: ASKED_AT,
    expiresAt: addMs(ASKED_AT, 72 * HOUR_MS),
    ...overrides,
  };
}

export function aVote(approver: Email, dollars = 200, note?: string): Vote {
  return {
    approver,
    for: undefined,
    steps: [0],
    amount: usd(dollars),
    endsAt: undefined,
    votedAt: addMs(ASKED_AT, HOUR_MS),
    note,
  };
}

export function aProposal(overrides: Partial<ApprovalProposal> = {}): ApprovalProposal {
  const { requestedAmount, ...request } = anApprovalRequest();
  const {
    kind,
    scope,
    subject,
    title,
    details,
    requester,
    endsAt,
    timeZone: zone,
    reason,
  } = request;
  const asked = { kind, scope, subject, title, details, requester, endsAt, timeZone: zone, reason };
  const beneficiary = overrides.requester ?? requester;
  return { ...asked, beneficiary, amount: requestedAmount, ...overrides };
}
