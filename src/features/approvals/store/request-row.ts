/** How a request stands in the database, and back. */
import { emailFrom } from "../../../domain/email.ts";
import { usdFromDecimal } from "../../../domain/money.ts";
import { scopeFrom } from "../../../domain/scope.ts";
import { instant, timeZone } from "../../../domain/time.ts";
import type { ApprovalKind, ApprovalRequest, ApprovalStatus } from "../rules.ts";
import { type OldPolicyJson, type PolicyJson, policyFromJson } from "./policy-json.ts";

/** Of `approval_requests r`. */
export const REQUEST_COLUMNS = `r.approval_request_id, r.kind, r.scope, r.subject, r.title, r.details,
       r.requester_email, r.beneficiary_email, r.requested_amount_usd::text, r.ends_at, r.reason,
       r.policy, r.asked, r.waiting_for, r.status, r.approved_amount_usd::text, r.approved_ends_at,
       r.decided_by, r.is_automatic, r.decided_at, r.decision_reason, r.revoked_by, r.revoked_at,
       r.revocation_reason, r.requested_at, r.expires_at, r.time_zone`;

export interface RequestRow {
  readonly approval_request_id: string;
  readonly kind: ApprovalKind;
  readonly scope: string;
  readonly subject: Record<string, string>;
  readonly title: string;
  readonly details: string[];
  readonly requester_email: string;
  readonly beneficiary_email: string | null;
  readonly requested_amount_usd: string;
  readonly ends_at: Date;
  readonly reason: string;
  readonly policy: PolicyJson | OldPolicyJson;
  readonly asked: string[];
  readonly waiting_for: string[];
  readonly status: ApprovalStatus;
  readonly approved_amount_usd: string | null;
  readonly approved_ends_at: Date | null;
  readonly decided_by: string | null;
  readonly is_automatic: boolean;
  readonly decided_at: Date | null;
  readonly decision_reason: string | null;
  readonly revoked_by: string | null;
  readonly revoked_at: Date | null;
  readonly revocation_reason: string | null;
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
    beneficiary: emailFrom(row.beneficiary_email ?? row.requester_email),
    requestedAmount: usdFromDecimal(row.requested_amount_usd),
    endsAt: instant(row.ends_at),
    timeZone: optional(row.time_zone, timeZone) ?? timeZone("UTC"),
    reason: row.reason,
    policy: policyFromJson(row.policy),
    asked: row.asked.map(emailFrom),
    waitingFor: row.waiting_for.map(emailFrom),
    status: row.status,
    approvedAmount: optional(row.approved_amount_usd, usdFromDecimal),
    approvedEndsAt: optional(row.approved_ends_at, instant),
    decidedBy: optional(row.decided_by, emailFrom),
    isAutomatic: row.is_automatic,
    decidedAt: optional(row.decided_at, instant),
    decisionReason: row.decision_reason ?? undefined,
    revocation:
      row.revoked_by === null || row.revoked_at === null
        ? undefined
        : {
            by: emailFrom(row.revoked_by),
            at: instant(row.revoked_at),
            reason: row.revocation_reason ?? "",
          },
    requestedAt: instant(row.requested_at),
    expiresAt: instant(row.expires_at),
  };
}

function optional<From, To>(value: From | null, convert: (value: From) => To): To | undefined {
  return value === null ? undefined : convert(value);
}
