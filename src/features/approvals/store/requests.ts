/** Approval requests, the SQL. Owns: approval_requests. A decision is a compare-and-set. */
import type { Email } from "../../../domain/email.ts";
import { usdToDecimal } from "../../../domain/money.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { escalatesAt, isExcluded } from "../rules/mandate.ts";
import type { ApprovalKind, ApprovalRequest, ApprovalStatus } from "../rules.ts";
import { policyToJson } from "./policy-json.ts";
import { REQUEST_COLUMNS, type RequestRow, requestFromRow } from "./request-row.ts";

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

/** `idempotencyKey` is unique: the caller has looked for it under the lock of `countOpenRequests`. */
export async function insertRequest(
  sql: Sql,
  request: ApprovalRequest,
  {
    idempotencyKey,
    nextReminderAt,
  }: {
    readonly idempotencyKey: string | undefined;
    readonly nextReminderAt: Instant | undefined;
  },
): Promise<void> {
  const others = request.policy.escalateTo.filter((person) => !isExcluded(request, person));
  await sql.query(
    `insert into approval_requests
            (approval_request_id, kind, scope, subject, title, details, requester_email,
             requested_amount_usd, ends_at, reason, policy, status, requested_at, expires_at,
             time_zone, beneficiary_email, idempotency_key, asked, waiting_for, next_reminder_at,
             escalates_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'requested', $12, $13, $14, $15, $16,
             $17, $18, $19, $20)`,
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
      policyToJson(request.policy),
      request.requestedAt,
      request.expiresAt,
      request.timeZone,
      request.beneficiary,
      idempotencyKey ?? null,
      request.asked,
      request.waitingFor,
      nextReminderAt ?? null,
      others.length === 0 ? null : escalatesAt(request),
    ],
  );
}

/** The request that the same form or command made before. */
export async function findRequestByKey(
  sql: Sql,
  idempotencyKey: string,
): Promise<ApprovalRequest | undefined> {
  const { rows } = await sql.query<RequestRow>(
    `select ${REQUEST_COLUMNS} from approval_requests r where r.idempotency_key = $1`,
    [idempotencyKey],
  );
  return rows.map(requestFromRow)[0];
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

/** Locks one open request that has become due for escalation, and notes that it was. */
export async function claimRequestToEscalate(
  sql: Sql,
  now: Instant,
): Promise<ApprovalRequest | undefined> {
  const { rows } = await sql.query<RequestRow>(
    `with due as (
       select d.approval_request_id
         from approval_requests d
        where d.status = 'requested' and d.escalates_at <= $1 and d.expires_at > $1
        order by d.escalates_at
        limit 1
          for update skip locked
     )
     update approval_requests as r
        set escalates_at = null
       from due
      where r.approval_request_id = due.approval_request_id
     returning ${REQUEST_COLUMNS}`,
    [now],
  );
  return rows.map(requestFromRow)[0];
}

/** Locks one open request whose approvers are to be reminded; the caller sets the next time. */
export async function claimRequestToRemind(
  sql: Sql,
  now: Instant,
): Promise<ApprovalRequest | undefined> {
  const { rows } = await sql.query<RequestRow>(
    `select ${REQUEST_COLUMNS}
       from approval_requests r
      where r.status = 'requested' and r.next_reminder_at <= $1 and r.expires_at > $1
      order by r.next_reminder_at
      limit 1
        for update skip locked`,
    [now],
  );
  return rows.map(requestFromRow)[0];
}

export async function updateNextReminder(
  sql: Sql,
  requestId: string,
  nextReminderAt: Instant | undefined,
): Promise<void> {
  await sql.query(
    `update approval_requests as r
        set next_reminder_at = $2
      where r.approval_request_id = $1`,
    [requestId, nextReminderAt ?? null],
  );
}

/** Remembers who has a card, for the updates that follow, and whose voice is wanted now. */
export async function updateAsked(
  sql: Sql,
  { requestId, asked, waitingFor }: Pick<ApprovalRequest, "requestId" | "asked" | "waitingFor">,
): Promise<void> {
  await sql.query(
    `update approval_requests as r
        set asked = $2, waiting_for = $3
      where r.approval_request_id = $1`,
    [requestId, asked, waitingFor],
  );
}

/** Ends early what was approved; false when somebody did before. */
export async function updateRevocation(sql: Sql, revoked: ApprovalRequest): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update approval_requests as r
        set revoked_by = $2, revoked_at = $3, revocation_reason = $4
      where r.approval_request_id = $1 and r.status = 'applied' and r.revoked_at is null`,
    [
      revoked.requestId,
      revoked.revocation?.by ?? null,
      revoked.revocation?.at ?? null,
      revoked.revocation?.reason ?? null,
    ],
  );
  return rowCount === 1;
}

/** Open requests that wait for this person, locked, in one order for all callers. */
export async function listWaitingForUpdate(
  sql: Sql,
  person: Email,
): Promise<readonly ApprovalRequest[]> {
  const { rows } = await sql.query<RequestRow>(
    `select ${REQUEST_COLUMNS}
       from approval_requests r
      where r.status = 'requested' and r.waiting_for @> array[$1]
      order by r.approval_request_id
        for update`,
    [person],
  );
  return rows.map(requestFromRow);
}

/** What was asked for about the same thing before, the latest first. */
export async function listRequestsAbout(
  sql: Sql,
  about: {
    readonly kind: ApprovalKind;
    readonly subject: Readonly<Record<string, string>>;
    readonly limit: number;
  },
): Promise<readonly ApprovalRequest[]> {
  const { rows } = await sql.query<RequestRow>(
    `select ${REQUEST_COLUMNS}
       from approval_requests r
      where r.kind = $1 and r.subject ->> 'budget_id' = $2::jsonb ->> 'budget_id'
        and r.subject = $2 and r.status <> 'requested'
      order by r.requested_at desc, r.approval_request_id
      limit $3`,
    [about.kind, about.subject, about.limit],
  );
  return rows.map(requestFromRow);
}

/** Decides an open request; false when it was decided before. */
export async function updateDecision(sql: Sql, decided: ApprovalRequest): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update approval_requests as r
        set status = $2, approved_amount_usd = $3, decided_by = $4, decided_at = $5,
            decision_reason = $6, approved_ends_at = $7, is_automatic = $8, waiting_for = '{}'
      where r.approval_request_id = $1 and r.status = 'requested'`,
    [
      decided.requestId,
      decided.status,
      decided.approvedAmount === undefined ? null : usdToDecimal(decided.approvedAmount),
      decided.decidedBy ?? null,
      decided.decidedAt ?? null,
      decided.decisionReason ?? null,
      decided.approvedEndsAt ?? null,
      decided.isAutomatic,
    ],
  );
  return rowCount === 1;
}

/** The newest first. `waitingFor`: only what waits for that person's voice. */
export async function listRequests(
  sql: Sql,
  filter: {
    readonly status?: ApprovalStatus | undefined;
    readonly waitingFor?: Email | undefined;
    readonly limit: number;
  },
): Promise<readonly ApprovalRequest[]> {
  const { rows } = await sql.query<RequestRow>(
    `select ${REQUEST_COLUMNS}
       from approval_requests r
      where ($1::text is null or r.status = $1)
        and ($2::text is null or r.waiting_for @> array[$2])
      order by r.requested_at desc, r.approval_request_id
      limit $3`,
    [filter.status ?? null, filter.waitingFor ?? null, filter.limit],
  );
  return rows.map(requestFromRow);
}
