/**
 * Budgets, the SQL of temporary raises. Owns: budget_grants, budget_grant_revocations,
 * budget_grant_endings.
 */
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Grant } from "../rules.ts";

export interface NewGrant extends Grant {
  readonly grantId: string;
  readonly budgetId: string;
  readonly approvalRequestId: string;
}

/** Stores the grant; false when the same decision granted before. */
export async function insertGrant(sql: Sql, grant: NewGrant): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into budget_grants
            (grant_id, budget_id, member_key, amount_usd, valid_from, valid_until,
             approval_request_id)
     values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (approval_request_id) do nothing`,
    [
      grant.grantId,
      grant.budgetId,
      grant.memberKey,
      usdToDecimal(grant.amount),
      grant.validFrom,
      grant.validUntil,
      grant.approvalRequestId,
    ],
  );
  return rowCount === 1;
}

/** The grants of a budget that are in force at `at`, of all members or of some. */
export async function listGrantsInForce(
  sql: Sql,
  of: { readonly budgetId: string; readonly memberKeys: readonly string[] | undefined },
  at: Instant,
): Promise<Grant[]> {
  const { rows } = await sql.query<GrantRow>(
    `select g.member_key, g.amount_usd::text, g.valid_from, g.ends_at
       from budget_grant_terms g
      where g.budget_id = $1
        and ($2::text[] is null or g.member_key = any($2))
        and g.valid_from <= $3 and g.ends_at > $3`,
    [of.budgetId, of.memberKeys ?? null, at],
  );
  return rows.map(grantFromRow);
}

export interface StoredGrant extends Grant {
  readonly grantId: string;
  readonly budgetId: string;
  readonly approvalRequestId: string;
}

/** What a decision granted, and until when it really holds; undefined when it granted nothing. */
export async function findGrantOf(
  sql: Sql,
  approvalRequestId: string,
): Promise<StoredGrant | undefined> {
  const { rows } = await sql.query<StoredGrantRow>(
    `select ${STORED_COLUMNS}
       from budget_grant_terms g
      where g.approval_request_id = $1`,
    [approvalRequestId],
  );
  return rows.map(storedGrantFromRow)[0];
}

/** Ends a grant early; false when it was ended before. The grant itself stays as it was decided. */
export async function insertRevocation(
  sql: Sql,
  revocation: {
    readonly grantId: string;
    readonly by: string;
    readonly at: Instant;
    readonly reason: string;
  },
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into budget_grant_revocations (grant_id, revoked_by, revoked_at, reason)
     values ($1, $2, $3, $4)
         on conflict (grant_id) do nothing`,
    [revocation.grantId, revocation.by, revocation.at, revocation.reason],
  );
  return rowCount === 1;
}

/** The grant that ended longest ago and whose end nobody has noticed. */
export async function findEndedGrant(sql: Sql, now: Instant): Promise<StoredGrant | undefined> {
  const { rows } = await sql.query<StoredGrantRow>(
    `select ${STORED_COLUMNS}
       from budget_grant_terms g
      where g.valid_until <= $1
        and g.revoked_at is null
        and not exists (select from budget_grant_endings e where e.grant_id = g.grant_id)
      order by g.valid_until, g.grant_id
      limit 1`,
    [now],
  );
  return rows.map(storedGrantFromRow)[0];
}

/** Notes that the end was noticed; false when another replica did. */
export async function insertEnding(sql: Sql, grantId: string, now: Instant): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into budget_grant_endings (grant_id, noticed_at)
     values ($1, $2)
         on conflict (grant_id) do nothing`,
    [grantId, now],
  );
  return rowCount === 1;
}

interface GrantRow {
  readonly member_key: string;
  readonly amount_usd: string;
  readonly valid_from: Date;
  readonly ends_at: Date;
}

interface StoredGrantRow extends GrantRow {
  readonly grant_id: string;
  readonly budget_id: string;
  readonly approval_request_id: string;
}

const STORED_COLUMNS = `g.grant_id, g.budget_id, g.member_key, g.amount_usd::text, g.valid_from,
            g.ends_at, g.approval_request_id`;

function grantFromRow(row: GrantRow): Grant {
  return {
    memberKey: row.member_key,
    amount: usdFromDecimal(row.amount_usd),
    validFrom: instant(row.valid_from),
    validUntil: instant(row.ends_at),
  };
}

function storedGrantFromRow(row: StoredGrantRow): StoredGrant {
  return {
    ...grantFromRow(row),
    grantId: row.grant_id,
    budgetId: row.budget_id,
    approvalRequestId: row.approval_request_id,
  };
}
