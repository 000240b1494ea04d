/**
 * What an approval leads to: the part that approvals don't know. `app/` passes in an applier for
 * each kind; it works in the transaction of the decision, and when it throws nothing happened.
 */
import type { Email } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { ApprovalKind, ApprovalRequest } from "../rules.ts";

/** The request as it was approved. */
export interface ApprovedRequest {
  readonly requestId: string;
  readonly kind: ApprovalKind;
  readonly scope: Scope;
  readonly subject: Readonly<Record<string, string>>;
  /** What was approved: at most what was asked for, and at most as long. */
  readonly amount: Usd;
  readonly endsAt: Instant;
  readonly requester: Email;
  readonly beneficiary: Email;
  /** Everybody whose voice it took, in the order in which they gave it; nobody's when automatic. */
  readonly approvers: readonly Email[];
  /** Whose voice was the last one; undefined: automatic, under the ceiling of a policy. */
  readonly decidedBy: Email | undefined;
  readonly decidedAt: Instant;
}

/** What was approved and is taken back before its end. */
export interface RevokedRequest {
  readonly requestId: string;
  readonly scope: Scope;
  readonly subject: Readonly<Record<string, string>>;
  readonly revokedBy: Email;
  readonly revokedAt: Instant;
  readonly reason: string;
}

export type ApprovalApplier = (sql: Sql, approval: ApprovedRequest) => Promise<void>;

export interface ApprovalEffects {
  /** Does what was approved. Called again for the same request it does nothing more. */
  readonly apply: ApprovalApplier;
  /** Ends it early. */
  readonly revoke: (sql: Sql, revoked: RevokedRequest) => Promise<void>;
}

export type ApprovalAppliers = Readonly<Record<ApprovalKind, ApprovalEffects>>;

/** What was asked for, without how it was decided. */
export function proposedPart({
  requestId,
  kind,
  scope,
  subject,
  requester,
  beneficiary,
}: ApprovalRequest): Pick<
  ApprovedRequest,
  "requestId" | "kind" | "scope" | "subject" | "requester" | "beneficiary"
> {
  return { requestId, kind, scope, subject, requester, beneficiary };
}
