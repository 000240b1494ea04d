/** Limits elsewhere, the SQL of which budgets push where. Owns: limit_push_rules. */
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

export interface PushRule {
  readonly budgetId: string;
  /** As governance.yml has it: a user's id may be left to the budget's member. */
  readonly target: string;
}

/** Makes these the only rules. */
export async function replacePushRules(sql: Sql, rules: readonly PushRule[]): Promise<void> {
  await sql.query(`delete from limit_push_rules`);
  await sql.query(
    `insert into limit_push_rules (position, budget_id, target)
     select given.position, given.budget_id, given.target
       from unnest($1::text[], $2::text[]) with ordinality as given (budget_id, target, position)`,
    [rules.map(({ budgetId }) => budgetId), rules.map(({ target }) => target)],
  );
}

/** A raise in force that has no job yet for one of its budget's rules. */
export interface UnpushedGrant {
  readonly approvalRequestId: string;
  readonly amount: Usd;
  readonly endsAt: Instant;
  readonly requester: string;
  readonly decidedBy: string | undefined;
  readonly ruleTarget: string;
  readonly period: string;
  readonly scope: string;
  readonly memberKey: string;
}

/** In one order for all callers: each waits for whoever queues the same. */
export async function listUnpushedGrants(
  sql: Sql,
  now: Instant,
): Promise<readonly UnpushedGrant[]> {
  const { rows } = await sql.query<{
    approval_request_id: string;
    amount: string;
    ends_at: Date;
    requester_email: string;
    decided_by: string | null;
    target: string;
    period: string;
    scope: string;
    member_key: string;
  }>(
    `select g.approval_request_id, g.amount_usd::text as amount, g.ends_at, a.requester_email,
            a.decided_by, r.target, b.period, b.scope, g.member_key
       from budget_grant_terms g
       join limit_push_rules r on r.budget_id = g.budget_id
       join budgets b on b.budget_id = g.budget_id
       join approval_requests a on a.approval_request_id = g.approval_request_id
      where g.valid_from <= $1 and g.ends_at > $1
        and not exists (
              select from limit_pushes p
               where p.approval_request_id = g.approval_request_id
                 and p.operation = 'raise'
                 and p.rule_target = r.target)
      order by g.valid_from, r.position, g.approval_request_id`,
    [now],
  );
  return rows.map((row) => ({
    approvalRequestId: row.approval_request_id,
    amount: usdFromDecimal(row.amount),
    endsAt: instant(row.ends_at),
    requester: row.requester_email,
    decidedBy: row.decided_by ?? undefined,
    ruleTarget: row.target,
    period: row.period,
    scope: row.scope,
    memberKey: row.member_key,
  }));
}
