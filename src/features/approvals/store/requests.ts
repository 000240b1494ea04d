/** Approval requests, the SQL. Owns: approval_requests. A decision is a compare-and-set. */
import type { Email } from "../../../domain/email.ts";
import { usdToDecimal } from "../../../domain/money.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { ApprovalRequest, ApprovalStatus } from "../rules.ts";
import { policyToJson, REQUEST_COLUMNS, type RequestRow, requestFromRow } from "./request-row.ts";

/** Counts exactly: until the transaction ends, nobody else counts the same requester and scope. */
export async function countOpenRequests(
  sql: Sql,
  { requester, scope }: { readonly requester: Email; readonly scope: Scope },
): Promise<number> {
  await sql.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [
    `approval-requests ${requester} ${formatScope(scope)}`,
  ]);
  const { rows } = await sql.query<{ readonly count: string }>(
    `select count(*)::text as count
       from approval_requests r
      where r.status = 'requested' and r.requester_email = $1 and r.scope = $2`,
    [requester, formatScope(scope)],
  );
  return Number(rows[0]?.count);
}

export async function insertRequest(sql: Sql, request: ApprovalRequest): Promise<void> {
  await sql.query(
    `insert into approval_requests
            (approval_request_id, kind, scope, subject, title, details, requester_email,
             requested_amount_usd, ends_at, reason, policy, status, requested_at, expires_at,
             time_zone)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'requested', $12, $13, $14)`,
    [
      request.requestId,
      request.kind,
      formatScope(request.scope),
      request.subject,
      request.title,
      request.details,
      request.requester,
      usdToDecimal(request.requestedAmount),
      request.endsAt,
      request.reason,
      policyToJson(request),
      request.requestedAt,
      request.expiresAt,
      request.timeZone,
    ],
  );
}

export async function findRequest(
  sql: Sql,
  requestId: string,
): Promise<ApprovalRequest | undefined> {
  const { rows } = await sql.query<RequestRow>(
    `select ${REQUEST_COLUMNS} from approval_requests r where r.approval_request_id = $1`,
    [requestId],
  );
  return rows.map(requestFromRow)[0];
}

/** Locks the request: of simultaneous clicks each one sees what the one before it did. */
export async function findRequestForUpdate(
  sql: Sql,
  requestId: string,
): Promise<ApprovalRequest | undefined> {
  const { rows } = await sql.query<RequestRow>(
    `select ${REQUEST_COLUMNS}
       from approval_requests r
      where r.approval_request_id = $1
        for update`,
    [requestId],
  );
  return rows.map(requestFromRow)[0];
}

/** Locks one open request whose time is over; undefined when there is none (left). */
export async function claimExpiredRequest(
  sql: Sql,
  now: Instant,
): Promise<ApprovalRequest | undefined> {
  const { rows } = await sql.query<RequestRow>(
    `select ${REQUEST_COLUMNS}
       from approval_requests r
      where r.status = 'requested' and r.expires_at <= $1
      order by r.expires_at
      limit 1
        for update skip locked`,
    [now],
  );
  return rows.map(requestFromRow)[0];
}

/** Locks one request, half of its time over, that somebody of its escalation has no card for. */
export async function claimRequestToEscalate(
  sql: Sql,
  now: Instant,
): Promise<ApprovalRequest | undefined> {
  const { rows } = await sql.query<RequestRow>(
    `select ${REQUEST_COLUMNS}
       from approval_requests r
      where r.status = 'requested'
        and r.expires_at > $1
        and r.requested_at + (r.expires_at - r.requested_at) / 2 <= $1
        and not (r.policy -> 'asked' @> ((r.policy -> 'escalate_to') - r.requester_email))
      order by r.expires_at
      limit 1
        for update skip locked`,
    [now],
  );
  return rows.map(requestFromRow)[0];
}

/** Remembers who has a card, for the updates that follow. */
export async function updateAsked(
  sql: Sql,
  requestId: string,
  asked: readonly Email[],
): Promise<void> {
  await sql.query(
    `update approval_requests as r
        set policy = jsonb_set(r.policy, '{asked}', to_jsonb($2::text[]))
      where r.approval_request_id = $1`,
    [requestId, asked],
  );
}

/** Decides an open request; false when it was decided before. */
export async function updateDecision(sql: Sql, decided: ApprovalRequest): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update approval_requests as r
        set status = $2, approved_amount_usd = $3, decided_by = $4, decided_at = $5,
            decision_reason = $6
      where r.approval_request_id = $1 and r.status = 'requested'`,
    [
      decided.requestId,
      decided.status,
      decided.approvedAmount === undefined ? null : usdToDecimal(decided.approvedAmount),
      decided.decidedBy ?? null,
      decided.decidedAt ?? null,
      decided.decisionReason ?? null,
    ],
  );
  return rowCount === 1;
}

/** The newest first. `asked`: only what that person was asked to decide and has not voted on. */
export async function listRequests(
  sql: Sql,
  filter: {
    readonly status?: ApprovalStatus | undefined;
    readonly asked?: Email | undefined;
    readonly limit: number;
  },
): Promise<readonly ApprovalRequest[]> {
  const { rows } = await sql.query<RequestRow>(
    `select ${REQUEST_COLUMNS}
       from approval_requests r
      where ($1::text is null or r.status = $1)
        and ($2::text is null or (r.policy -> 'asked' ? $2 and not exists (
              select from approval_votes v
               where v.approval_request_id = r.approval_request_id and v.approver_email = $2)))
      order by r.requested_at desc, r.approval_request_id
      limit $3`,
    [filter.status ?? null, filter.asked ?? null, filter.limit],
  );
  return rows.map(requestFromRow);
}
