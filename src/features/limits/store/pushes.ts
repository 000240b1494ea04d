/** Limits elsewhere, the SQL of pushes. Owns: limit_pushes. */
import { formatLimitTarget } from "../../../domain/limit.ts";
import { type Usd, usdToDecimal } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Push, PushStatus } from "../rules.ts";
import { PUSH_COLUMNS, type PushRow, pushFromRow } from "./push-row.ts";

/** Keeps claims apart: whether a target is free must not change between look and claim. */
const CLAIM_LOCK = 7_105_311;

export type NewPush = Pick<
  Push,
  | "pushId"
  | "operation"
  | "target"
  | "period"
  | "amount"
  | "approvalRequestId"
  | "increaseRequestId"
  | "requester"
  | "decidedBy"
  | "endsAt"
> & {
  /** As the rule says it. */
  readonly ruleTarget: string;
};

/** False when the same approval pushes there already. */
export async function insertPush(sql: Sql, push: NewPush, now: Instant): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into limit_pushes
            (limit_push_id, operation, target, rule_target, period, amount_usd,
             approval_request_id, increase_request_id, requester_email, decided_by, ends_at, status, next_attempt_at,
             created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'pending', $12, $12, $12)
         on conflict (approval_request_id, operation, rule_target) do nothing`,
    [
      push.pushId,
      push.operation,
      formatLimitTarget(push.target),
      push.ruleTarget,
      push.period,
      usdToDecimal(push.amount),
      push.approvalRequestId,
      push.increaseRequestId ?? null,
      push.requester,
      push.decidedBy ?? null,
      push.endsAt ?? null,
      now,
    ],
  );
  return rowCount === 1;
}

/**
 * Takes one push that is due, or whose worker died; undefined when none is. Of one target only one
 * at a time is on its way, the oldest first. In a transaction of its own.
 */
export async function claimDuePush(
  sql: Sql,
  claim: { readonly now: Instant; readonly leasedUntil: Instant },
): Promise<Push | undefined> {
  await sql.query(`select pg_advisory_xact_lock($1)`, [CLAIM_LOCK]);
  const { rows } = await sql.query<PushRow>(
    `update limit_pushes p
        set status = 'sending', attempts = p.attempts + 1, leased_until = $2, updated_at = $1
      where p.limit_push_id = (
              select due.limit_push_id
                from limit_pushes due
               where ((due.status in ('pending', 'unknown') and due.next_attempt_at <= $1)
                      or (due.status = 'sending' and due.leased_until <= $1))
                 and not exists (
                       select from limit_pushes other
                        where other.target = due.target
                          and other.period = due.period
                          and other.limit_push_id <> due.limit_push_id
                          and other.status in ('sending', 'unknown'))
               order by due.next_attempt_at, due.created_at
               limit 1)
  returning ${PUSH_COLUMNS}`,
    [claim.now, claim.leasedUntil],
  );
  const [row] = rows;
  return row === undefined ? undefined : pushFromRow(row);
}

/** Who still holds the claim. Everything that a worker writes is fenced by it. */
export interface Lease {
  readonly pushId: string;
  readonly leasedUntil: Instant;
}

/** Written before it is sent. False when another worker took over meanwhile. */
export async function saveIntent(
  sql: Sql,
  lease: Lease,
  intent: {
    readonly before: Usd;
    readonly isOwn: boolean;
    readonly intended: Usd;
  },
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update limit_pushes
        set before_usd = $3, before_is_own = $4, intended_usd = $5
      where limit_push_id = $1 and status = 'sending' and leased_until = $2`,
    [
      lease.pushId,
      lease.leasedUntil,
      usdToDecimal(intent.before),
      intent.isOwn,
      usdToDecimal(intent.intended),
    ],
  );
  return rowCount === 1;
}

/** An address that was looked up. False when the lease is lost. */
export async function saveTarget(sql: Sql, lease: Lease, target: Push["target"]): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update limit_pushes
        set target = $3
      where limit_push_id = $1 and status = 'sending' and leased_until = $2`,
    [lease.pushId, lease.leasedUntil, formatLimitTarget(target)],
  );
  return rowCount === 1;
}

/** Ends the claim with what came of it; undefined when the lease is lost. */
export async function savePushOutcome(
  sql: Sql,
  lease: Lease,
  outcome: {
    readonly status: Exclude<PushStatus, "sending">;
    readonly detail: string | undefined;
    readonly isApplied: boolean;
    /** Nothing of what was intended was sent: the next attempt plans anew. */
    readonly forgetsIntent: boolean;
    readonly nextAttemptAt: Instant;
    readonly now: Instant;
  },
): Promise<Push | undefined> {
  const { rows } = await sql.query<PushRow>(
    `update limit_pushes p
        set status = $3, detail = $4, is_applied = $5, next_attempt_at = $6, updated_at = $7,
            before_usd = case when $8::boolean then null else p.before_usd end,
            before_is_own = case when $8::boolean then null else p.before_is_own end,
            intended_usd = case when $8::boolean then null else p.intended_usd end,
            leased_until = null, version = p.version + 1
      where p.limit_push_id = $1 and p.status = 'sending' and p.leased_until = $2
  returning ${PUSH_COLUMNS}`,
    [
      lease.pushId,
      lease.leasedUntil,
      outcome.status,
      outcome.detail ?? null,
      outcome.isApplied,
      outcome.nextAttemptAt,
      outcome.now,
      outcome.forgetsIntent,
    ],
  );
  const [row] = rows;
  return row === undefined ? undefined : pushFromRow(row);
}

/**
 * Turns round what has ended or was taken back; how many. What is on its way just now is turned
 * when it has arrived, or its worker has died; what failed has nothing to take back. What may have
 * arrived stays in doubt, so that no other push of the same limit takes it for somebody's change.
 * Rows are locked in one order for all callers: replicas look at once.
 */
export async function turnEndedPushes(sql: Sql, now: Instant): Promise<number> {
  const { rowCount } = await sql.query(
    `with ended as materialized (
       select p.limit_push_id
         from limit_pushes p
        where p.direction = 'forward'
          and p.operation <> 'deny_increase'
          and (p.status in ('pending', 'unknown', 'done')
               or (p.status = 'sending' and p.leased_until <= $1))
          and (p.ends_at <= $1
               or exists (select from approval_requests r
                           where r.approval_request_id = p.approval_request_id
                             and r.revoked_at <= $1)
               or exists (select from budget_grant_terms g
                           where g.approval_request_id = p.approval_request_id
                             and g.ends_at <= $1))
        order by p.limit_push_id
          for update of p
     )
     update limit_pushes p
        set direction = 'back',
            status = case when p.intended_usd is not null and not p.is_applied
                          then 'unknown' else 'pending' end,
            attempts = 0, next_attempt_at = $1,
            leased_until = null, updated_at = $1, detail = null
       from ended
      where p.limit_push_id = ended.limit_push_id`,
    [now],
  );
  return rowCount ?? 0;
}

/** Whether other raises of ours stand at the same limit. */
export async function hasOtherPushes(sql: Sql, push: Push): Promise<boolean> {
  const { rows } = await sql.query<{ has_others: boolean }>(
    `select exists (select from limit_pushes p
                     where p.target = $1 and p.period = $2 and p.limit_push_id <> $3
                       and p.is_applied and p.status <> 'reversed') as has_others`,
    [formatLimitTarget(push.target), push.period, push.pushId],
  );
  return rows[0]?.has_others === true;
}

export async function listPushesOf(sql: Sql, approvalRequestId: string): Promise<readonly Push[]> {
  const { rows } = await sql.query<PushRow>(
    `select ${PUSH_COLUMNS}
       from limit_pushes p
      where p.approval_request_id = $1
      order by p.created_at, p.limit_push_id`,
    [approvalRequestId],
  );
  return rows.map(pushFromRow);
}

/** A page for an operator: what is open or failed first, then the newest. */
const LISTED_MAX = 200;

export async function listAllPushes(sql: Sql): Promise<readonly Push[]> {
  const { rows } = await sql.query<PushRow>(
    `select ${PUSH_COLUMNS}
       from limit_pushes p
      order by p.status in ('done', 'reversed'), p.created_at desc
      limit $1`,
    [LISTED_MAX],
  );
  return rows.map(pushFromRow);
}

/**
 * A failed push begins anew, in the direction in which it failed, with nothing of ours presumed at
 * its target. Undefined when there is no such push, or it did not fail.
 */
export async function reopenPush(
  sql: Sql,
  pushId: string,
  now: Instant,
): Promise<Push | undefined> {
  const { rows } = await sql.query<PushRow>(
    `update limit_pushes p
        set status = 'pending', attempts = 0, next_attempt_at = $2, updated_at = $2, detail = null,
            version = p.version + 1,
            before_usd = case when p.direction = 'back' then p.before_usd end,
            intended_usd = case when p.direction = 'back' then p.intended_usd end
      where p.limit_push_id::text = $1 and p.status = 'failed'
  returning ${PUSH_COLUMNS}`,
    [pushId, now],
  );
  const [row] = rows;
  return row === undefined ? undefined : pushFromRow(row);
}
