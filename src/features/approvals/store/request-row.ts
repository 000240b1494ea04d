/** How a request and its frozen policy stand in the database, and back. */
import { emailFrom } from "../../../domain/email.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { scopeFrom } from "../../../domain/scope.ts";
import { instant, timeZone } from "../../../domain/time.ts";
import { type ApprovalPolicy, approverEntryFrom, formatApproverEntry } from "../rules/policy.ts";
import type { ApprovalKind, ApprovalRequest, ApprovalStatus } from "../rules.ts";

/** Of `approval_requests r`. */
export const REQUEST_COLUMNS = `r.approval_request_id, r.kind, r.scope, r.subject, r.title, r.details,
       r.requester_email, r.requested_amount_usd::text, r.ends_at, r.reason, r.policy, r.status,
       r.approved_amount_usd::text, r.decided_by, r.decided_at, r.decision_reason, r.requested_at,
       r.expires_at, r.time_zone`;

export interface RequestRow {
  readonly approval_request_id: string;
  readonly kind: ApprovalKind;
  readonly scope: string;
  readonly subject: Record<string, string>;
  readonly title: string;
  readonly details: string[];
  readonly requester_email: string;
  readonly requested_amount_usd: string;
  readonly ends_at: Date;
  readonly reason: string;
  readonly policy: PolicyJson;
  readonly status: ApprovalStatus;
  readonly approved_amount_usd: string | null;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly decision_reason: string | null;
  readonly requested_at: Date;
  readonly expires_at: Date;
  readonly time_zone: string | null;
}

export function requestFromRow(row: RequestRow): ApprovalRequest {
  return {
    requestId: row.approval_request_id,
    kind: row.kind,
    scope: scopeFrom(row.scope),
    subject: row.subject,
    title: row.title,
    details: row.details,
    requester: emailFrom(row.requester_email),
    requestedAmount: usdFromDecimal(row.requested_amount_usd),
    endsAt: instant(row.ends_at),
    timeZone: optional(row.time_zone, timeZone) ?? timeZone("UTC"),
    reason: row.reason,
    policy: policyFromJson(row.policy),
    asked: row.policy.asked.map(emailFrom),
    status: row.status,
    approvedAmount: optional(row.approved_amount_usd, usdFromDecimal),
    decidedBy: optional(row.decided_by, emailFrom),
    decidedAt: optional(row.decided_at, instant),
    decisionReason: row.decision_reason ?? undefined,
    requestedAt: instant(row.requested_at),
    expiresAt: instant(row.expires_at),
  };
}

/** The frozen policy with whom it made us ask. */
interface PolicyJson {
  readonly up_to: string | null;
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly expires_in_ms: number;
  readonly escalate_to: readonly string[];
  readonly asked: readonly string[];
}

export function policyToJson({ policy, asked }: ApprovalRequest): PolicyJson {
  return {
    up_to: policy.upTo === undefined ? null : usdToDecimal(policy.upTo),
    approvers: policy.approvers.map(formatApproverEntry),
    quorum: policy.quorum,
    expires_in_ms: policy.expiresInMs,
    escalate_to: policy.escalateTo,
    asked,
  };
}

function policyFromJson(json: PolicyJson): ApprovalPolicy {
  return {
    upTo: optional(json.up_to, usdFromDecimal),
    approvers: json.approvers.map(approverEntryFrom),
    quorum: json.quorum,
    expiresInMs: json.expires_in_ms,
    escalateTo: json.escalate_to.map(emailFrom),
  };
}

function optional<From, To>(value: From | null, convert: (value: From) => To): To | undefined {
  return value === null ? undefined : convert(value);
}
