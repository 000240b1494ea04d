/** Budgets, the SQL of temporary raises. Owns: budget_grants. */
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

/** The grants of a budget that are valid at `at`, of all members or of some. */
export async function listGrantsInForce(
  sql: Sql,
  of: { readonly budgetId: string; readonly memberKeys: readonly string[] | undefined },
  at: Instant,
): Promise<Grant[]> {
  const { rows } = await sql.query<{
    readonly member_key: string;
    readonly amount_usd: string;
    readonly valid_from: Date;
    readonly valid_until: Date;
  }>(
    `select g.member_key, g.amount_usd::text, g.valid_from, g.valid_until
       from budget_grants g
      where g.budget_id = $1
        and ($2::text[] is null or g.member_key = any($2))
        and g.valid_from <= $3 and g.valid_until > $3`,
    [of.budgetId, of.memberKeys ?? null, at],
  );
  return rows.map((row) => ({
    memberKey: row.member_key,
    amount: usdFromDecimal(row.amount_usd),
    validFrom: instant(row.valid_from),
    validUntil: instant(row.valid_until),
  }));
}
