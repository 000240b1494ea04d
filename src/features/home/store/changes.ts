/**
 * What happened elsewhere since the last look, the SQL: the audit trail, whose links are numbered in
 * the order of commits, so that nothing is passed over. Owns: home_cursors.
 */
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Change } from "../rules/concerned.ts";

export interface Cursor {
  /** Of the last entry that was looked at. */
  readonly auditSequence: string;
  /** When spend was last compared with what Homes show. */
  readonly lookedAt: Instant;
}

/** Locks the cursor; undefined while another replica looks. */
export async function claimCursor(sql: Sql): Promise<Cursor | undefined> {
  const { rows } = await sql.query<{
    readonly audit_sequence: string;
    readonly looked_at: Date;
  }>(
    `select c.audit_sequence::text as audit_sequence, c.looked_at
       from home_cursors c
        for update skip locked`,
  );
  return rows[0] === undefined
    ? undefined
    : { auditSequence: rows[0].audit_sequence, lookedAt: instant(rows[0].looked_at) };
}

export async function updateCursor(sql: Sql, cursor: Cursor): Promise<void> {
  await sql.query(`update home_cursors set audit_sequence = $1, looked_at = $2`, [
    cursor.auditSequence,
    cursor.lookedAt,
  ]);
}

/** Entries after the cursor in their order, at most `countMax`. */
export async function listChanges(
  sql: Sql,
  after: string,
  countMax: number,
): Promise<readonly (Change & { readonly sequence: string })[]> {
  const { rows } = await sql.query<Change & { readonly sequence: string }>(
    `select l.sequence::text as sequence, e.action, e.subject
       from audit_chain l
       join audit_entries e on e.audit_entry_id = l.audit_entry_id
      where l.sequence > $1
      order by l.sequence
      limit $2`,
    [after, countMax],
  );
  return rows;
}

/** Whoever asked, would get it, is asked or has spoken. */
export async function listPeopleOfRequests(
  sql: Sql,
  requestIds: readonly string[],
): Promise<readonly string[]> {
  if (requestIds.length === 0) return [];
  return await listEmails(
    sql,
    `select p.email
       from approval_requests r
      cross join lateral (
              select unnest(array[r.requester_email, r.beneficiary_email] || r.asked || r.waiting_for)
              union all
              select v.approver_email
                from approval_votes v
               where v.approval_request_id = r.approval_request_id) as p (email)
      where r.approval_request_id = any($1) and p.email is not null`,
    requestIds,
  );
}

/** Who has such a budget on their Home: the person, or people of the team. */
export async function listPeopleOfBudgets(
  sql: Sql,
  budgetIds: readonly string[],
): Promise<readonly string[]> {
  if (budgetIds.length === 0) return [];
  return await listEmails(
    sql,
    `select substr(b.scope, 6) as email
       from budgets b
      where b.budget_id = any($1) and b.scope like 'user:%'
      union
     select m.email
       from budgets b
       join team_members m on b.scope = 'team:' || m.team_key or b.scope = 'each:team'
      where b.budget_id = any($1)
      union
     select v.email
       from budgets b, home_views v
      where b.budget_id = any($1) and b.scope = 'each:user'`,
    budgetIds,
  );
}

/** Whom alerts found in a span concern: the person, the people of the team. */
export async function listPeopleAlerted(
  sql: Sql,
  span: { readonly start: Instant; readonly end: Instant },
): Promise<readonly string[]> {
  const { rows } = await sql.query<{ readonly email: string }>(
    `with found as (
       select distinct a.scope from alerts a where a.found_at >= $1 and a.found_at < $2
     )
     select substr(f.scope, 6) as email from found f where f.scope like 'user:%'
      union
     select m.email from found f join team_members m on f.scope = 'team:' || m.team_key`,
    [span.start, span.end],
  );
  return rows.map((row) => row.email);
}

/** Admins and finance. */
export async function listOverseers(sql: Sql): Promise<readonly string[]> {
  const { rows } = await sql.query<{ readonly email: string }>(
    `select a.email from admins a union select f.email from finance_members f`,
  );
  return rows.map((row) => row.email);
}

async function listEmails(
  sql: Sql,
  query: string,
  ids: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await sql.query<{ readonly email: string }>(query, [ids]);
  return [...new Set(rows.map((row) => row.email))];
}
