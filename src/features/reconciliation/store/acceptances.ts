/** Accepted differences, in SQL. Owns: reconciliation_acceptances. */
import { assert } from "../../../domain/assert.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { instant, type Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { parseCause } from "../rules/causes.ts";
import type { Acceptance } from "../rules.ts";

/** Those of days that begin in a period. */
export async function listAcceptances(
  sql: Sql,
  { start, end }: Period,
): Promise<readonly Acceptance[]> {
  const { rows } = await sql.query<{
    day: string;
    cause: string;
    workspace_id: string | null;
    amount: string;
    reason: string;
    accepted_by: string;
    accepted_at: Date;
  }>(
    `select a.day::text as day, a.cause, a.workspace_id, a.amount_usd::text as amount, a.reason,
            a.accepted_by, a.accepted_at
       from reconciliation_acceptances a
      where a.day >= ($1::timestamptz at time zone 'UTC')::date
        and a.day < ($2::timestamptz at time zone 'UTC')::date
      order by a.reconciliation_acceptance_id`,
    [start, end],
  );
  return rows.map((row) => {
    const cause = parseCause(row.cause);
    assert(cause !== undefined, `not a cause: ${row.cause}`);
    return {
      day: row.day,
      cause,
      workspaceId: row.workspace_id ?? undefined,
      amount: usdFromDecimal(row.amount),
      reason: row.reason,
      acceptedBy: row.accepted_by,
      acceptedAt: instant(row.accepted_at),
    };
  });
}

/** The same difference is accepted once; the first reason stays. */
export async function insertAcceptances(
  sql: Sql,
  acceptances: readonly Acceptance[],
): Promise<void> {
  const column = <T>(read: (acceptance: Acceptance) => T): T[] => acceptances.map(read);
  await sql.query(
    `insert into reconciliation_acceptances
            (day, cause, workspace_id, amount_usd, reason, accepted_by, accepted_at)
     select n.day, n.cause, n.workspace_id, n.amount_usd, n.reason, n.accepted_by, n.accepted_at
       from unnest($1::date[], $2::text[], $3::text[], $4::numeric[], $5::text[], $6::text[], $7::timestamptz[])
         as n (day, cause, workspace_id, amount_usd, reason, accepted_by, accepted_at)
         on conflict (day, cause, workspace_id, amount_usd) do nothing`,
    [
      column(({ day }) => day),
      column(({ cause }) => cause),
      column(({ workspaceId }) => workspaceId ?? null),
      column(({ amount }) => usdToDecimal(amount)),
      column(({ reason }) => reason),
      column(({ acceptedBy }) => acceptedBy),
      column(({ acceptedAt }) => acceptedAt),
    ],
  );
}
