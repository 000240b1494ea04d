/** A push as its row has it. What is done with the rows stands in `pushes.ts`. */
import { assert } from "../../../domain/assert.ts";
import { emailFrom } from "../../../domain/email.ts";
import { parseLimitTarget } from "../../../domain/limit.ts";
import { usdFromDecimal } from "../../../domain/money.ts";
import { instant } from "../../../domain/time.ts";
import type { Push, PushOperation, PushStatus } from "../rules.ts";

export interface PushRow {
  readonly limit_push_id: string;
  readonly operation: PushOperation;
  readonly target: string;
  readonly period: string;
  readonly amount_usd: string;
  readonly approval_request_id: string;
  readonly increase_request_id: string | null;
  readonly requester_email: string;
  readonly decided_by: string | null;
  readonly ends_at: Date | null;
  readonly direction: "forward" | "back";
  readonly status: PushStatus;
  readonly before_usd: string | null;
  readonly before_is_own: boolean | null;
  readonly intended_usd: string | null;
  readonly is_applied: boolean;
  readonly attempts: number;
  readonly detail: string | null;
  readonly version: number;
  readonly created_at: Date;
}

export const PUSH_COLUMNS = `p.limit_push_id::text, p.operation, p.target, p.period, p.amount_usd::text,
       p.approval_request_id, p.increase_request_id, p.requester_email, p.decided_by, p.ends_at,
       p.direction, p.status, p.before_usd::text, p.before_is_own, p.intended_usd::text,
       p.is_applied, p.attempts, p.detail, p.version, p.created_at`;

export function pushFromRow(row: PushRow): Push {
  const target = parseLimitTarget(row.target);
  assert(target !== undefined, `not a limit's target: ${row.target}`);
  return {
    pushId: row.limit_push_id,
    operation: row.operation,
    target,
    period: row.period,
    amount: usdFromDecimal(row.amount_usd),
    approvalRequestId: row.approval_request_id,
    increaseRequestId: row.increase_request_id ?? undefined,
    requester: emailFrom(row.requester_email),
    decidedBy: row.decided_by === null ? undefined : emailFrom(row.decided_by),
    endsAt: row.ends_at === null ? undefined : instant(row.ends_at),
    direction: row.direction,
    status: row.status,
    before: row.before_usd === null ? undefined : usdFromDecimal(row.before_usd),
    beforeIsOwn: row.before_is_own === true,
    intended: row.intended_usd === null ? undefined : usdFromDecimal(row.intended_usd),
    isApplied: row.is_applied,
    attempts: row.attempts,
    detail: row.detail ?? undefined,
    version: row.version,
    createdAt: instant(row.created_at),
  };
}
