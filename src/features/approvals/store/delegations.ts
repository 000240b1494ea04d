/** Who decides in whose place, the SQL. Owns: approval_delegations. */
import { type Email, emailFrom } from "../../../domain/email.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Delegated } from "../rules/mandate.ts";

export interface Delegation extends Delegated {
  readonly delegationId: string;
  readonly startsAt: Instant;
  readonly endsAt: Instant;
}

export async function insertDelegation(sql: Sql, delegation: Delegation): Promise<void> {
  await sql.query(
    `insert into approval_delegations (delegation_id, from_email, to_email, starts_at, ends_at)
     values ($1, $2, $3, $4, $5)`,
    [
      delegation.delegationId,
      delegation.from,
      delegation.to,
      delegation.startsAt,
      delegation.endsAt,
    ],
  );
}

/**
 * Takes back the person's delegation; undefined when there was none. Until the transaction ends
 * nobody else changes it.
 */
export async function endDelegation(
  sql: Sql,
  from: Email,
  now: Instant,
): Promise<Delegation | undefined> {
  await sql.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [
    `approval-delegation ${from}`,
  ]);
  const { rows } = await sql.query<DelegationRow>(
    `update approval_delegations as d
        set ended_at = $2
      where d.from_email = $1 and d.ended_at is null
     returning d.delegation_id, d.from_email, d.to_email, d.starts_at, d.ends_at`,
    [from, now],
  );
  return rows.map(delegationFromRow).filter(({ endsAt }) => endsAt > now)[0];
}

/** In force at `now`, of everybody; of one person when one is named. */
export async function listDelegations(
  sql: Sql,
  { now, from }: { readonly now: Instant; readonly from?: Email | undefined },
): Promise<readonly Delegation[]> {
  const { rows } = await sql.query<DelegationRow>(
    `select d.delegation_id, d.from_email, d.to_email, d.starts_at, d.ends_at
       from approval_delegations d
      where d.ended_at is null and d.starts_at <= $1 and d.ends_at > $1
        and ($2::text is null or d.from_email = $2)
      order by d.from_email, d.to_email`,
    [now, from ?? null],
  );
  return rows.map(delegationFromRow);
}

interface DelegationRow {
  readonly delegation_id: string;
  readonly from_email: string;
  readonly to_email: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
}

function delegationFromRow(row: DelegationRow): Delegation {
  return {
    delegationId: row.delegation_id,
    from: emailFrom(row.from_email),
    to: emailFrom(row.to_email),
    startsAt: instant(row.starts_at),
    endsAt: instant(row.ends_at),
  };
}
