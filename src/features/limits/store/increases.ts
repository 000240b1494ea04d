/** Limits elsewhere, the SQL of Claude Enterprise's requests for more. Owns: limit_increase_requests. */
import { type Usd, usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

export interface KnownIncrease {
  readonly increaseRequestId: string;
  readonly approvalRequestId: string | undefined;
}

export interface SeenIncrease {
  readonly id: string;
  readonly userId: string;
  readonly email: string | undefined;
  readonly period: string;
  readonly limit: Usd | undefined;
  readonly spend: Usd | undefined;
  readonly requestedAt: Instant;
}

/** Writes down what is pending there, and locks it; undefined when it was resolved meanwhile. */
export async function upsertPendingIncrease(
  sql: Sql,
  seen: SeenIncrease,
  now: Instant,
): Promise<KnownIncrease | undefined> {
  const { rows } = await sql.query<{ approval_request_id: string | null }>(
    `insert into limit_increase_requests as i
            (increase_request_id, user_id, email, period, limit_usd, spend_usd, status,
             requested_at, first_seen_at)
     values ($1, $2, $3, $4, $5, $6, 'pending', $7, $8)
         on conflict (increase_request_id) do update
        set email = excluded.email, limit_usd = excluded.limit_usd, spend_usd = excluded.spend_usd
      where i.status = 'pending'
  returning i.approval_request_id`,
    [
      seen.id,
      seen.userId,
      seen.email ?? null,
      seen.period,
      seen.limit === undefined ? null : usdToDecimal(seen.limit),
      seen.spend === undefined ? null : usdToDecimal(seen.spend),
      seen.requestedAt,
      now,
    ],
  );
  const [row] = rows;
  return row === undefined
    ? undefined
    : { increaseRequestId: seen.id, approvalRequestId: row.approval_request_id ?? undefined };
}

/** Which card it has, or why it has none. */
export async function saveIncreaseCard(
  sql: Sql,
  increaseRequestId: string,
  card: { readonly approvalRequestId: string } | { readonly problem: string },
): Promise<void> {
  await sql.query(
    `update limit_increase_requests
        set approval_request_id = coalesce($2, approval_request_id), problem = $3
      where increase_request_id = $1`,
    [
      increaseRequestId,
      "approvalRequestId" in card ? card.approvalRequestId : null,
      "problem" in card ? card.problem : null,
    ],
  );
}

/** Pending as far as we know. */
export async function listKnownPending(sql: Sql): Promise<readonly KnownIncrease[]> {
  const { rows } = await sql.query<{
    increase_request_id: string;
    approval_request_id: string | null;
  }>(
    `select i.increase_request_id, i.approval_request_id
       from limit_increase_requests i
      where i.status = 'pending'
      order by i.requested_at`,
  );
  return rows.map((row) => ({
    increaseRequestId: row.increase_request_id,
    approvalRequestId: row.approval_request_id ?? undefined,
  }));
}

/** False when it was resolved before: whoever came first says so. */
export async function resolveIncrease(
  sql: Sql,
  increaseRequestId: string,
  resolved: { readonly status: "approved" | "denied" | "gone"; readonly at: Instant },
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update limit_increase_requests
        set status = $2, resolved_at = $3
      where increase_request_id = $1 and status = 'pending'`,
    [increaseRequestId, resolved.status, resolved.at],
  );
  return rowCount === 1;
}

/**
 * Denied here, pending there, and nobody on the way to say so. In one order for all callers: each
 * waits for whoever queues the same.
 */
export async function listDeniedIncreases(sql: Sql): Promise<
  readonly {
    readonly increaseRequestId: string;
    readonly userId: string;
    readonly period: string;
    readonly approvalRequestId: string;
    readonly requester: string;
    readonly decidedBy: string;
    readonly amount: Usd;
  }[]
> {
  const { rows } = await sql.query<{
    increase_request_id: string;
    user_id: string;
    period: string;
    approval_request_id: string;
    requester_email: string;
    decided_by: string;
    amount: string;
  }>(
    `select i.increase_request_id, i.user_id, i.period, r.approval_request_id, r.requester_email,
            r.decided_by, r.requested_amount_usd::text as amount
       from limit_increase_requests i
       join approval_requests r on r.approval_request_id = i.approval_request_id
      where i.status = 'pending'
        and r.status = 'denied'
        and not exists (
              select from limit_pushes p
               where p.approval_request_id = r.approval_request_id
                 and p.operation = 'deny_increase')
      order by r.approval_request_id`,
  );
  return rows.map((row) => ({
    increaseRequestId: row.increase_request_id,
    userId: row.user_id,
    period: row.period,
    approvalRequestId: row.approval_request_id,
    requester: row.requester_email,
    decidedBy: row.decided_by,
    amount: usdFromDecimal(row.amount),
  }));
}

/** What the person spent since `from` by our own count. */
export async function sumSpendOf(
  sql: Sql,
  { email, from }: { readonly email: string; readonly from: Instant },
): Promise<Usd> {
  const { rows } = await sql.query<{ cost: string }>(
    `select coalesce(sum(r.billed_cost_usd), 0)::text as cost
       from spend_rollups r
       join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
      where d.user_email = $1 and r.bucket_start >= $2`,
    [email, from],
  );
  return usdFromDecimal(rows[0]?.cost ?? "0");
}
