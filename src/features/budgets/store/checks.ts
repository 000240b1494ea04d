/**
 * Budgets, the SQL of the queue through which ingest says that something was spent. Owns:
 * budget_checks.
 */
import { emailFrom } from "../../../domain/email.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import { arrayColumn, optionalColumn, timesColumn } from "../../../store/array-literal.ts";
import type { Sql } from "../../../store/database.ts";
import type { SpendFor } from "../rules.ts";

export interface NewBudgetCheck {
  readonly spendDimensionId: number;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly occurredAt: Instant;
}

/** A check's columns, as arrays of the three parameters after `after`. */
export function checkArrays(after: number): string {
  const [dimension, tags, occurredAt] = [after + 1, after + 2, after + 3].map(String);
  return `$${dimension ?? ""}::integer[], $${tags ?? ""}::jsonb[], $${occurredAt ?? ""}::timestamptz[]`;
}

/** The values of `checkArrays`. */
export function checkValues(checks: readonly NewBudgetCheck[]): readonly string[] {
  return [
    arrayColumn(checks, (check) => check.spendDimensionId),
    optionalColumn(checks, ({ tags }) => (tags === undefined ? null : JSON.stringify(tags))),
    timesColumn(checks, (check) => check.occurredAt),
  ];
}

/** Asks for the looks in `from`, a relation of those columns. */
export const enqueueChecksFrom = (from: string): string => `
     insert into budget_checks (spend_dimension_id, tags, occurred_at) select * from ${from}`;

const ENQUEUE_CHECKS = enqueueChecksFrom(`unnest(${checkArrays(0)})`);

/** Asks for a look at the budgets that some spend counts towards; in the spend's transaction. */
export async function enqueueBudgetChecks(
  sql: Sql,
  checks: readonly NewBudgetCheck[],
): Promise<void> {
  if (checks.length === 0) return;
  await sql.query({
    name: "enqueue budget checks",
    text: ENQUEUE_CHECKS,
    values: [...checkValues(checks)],
  });
}

export interface BudgetCheck {
  readonly spend: SpendFor;
  readonly occurredAt: Instant;
}

/**
 * Takes up to `checksMax` checks out of the queue; they are back when the transaction fails. Two
 * callers never get the same one. Spend that is dated ahead of `now` waits for its time.
 */
export async function claimBudgetChecks(
  sql: Sql,
  checksMax: number,
  now: Instant,
): Promise<BudgetCheck[]> {
  const { rows } = await sql.query<{
    readonly occurred_at: Date;
    readonly tags: Record<string, string> | null;
    readonly team_key: string | null;
    readonly project_key: string | null;
    readonly user_email: string | null;
    readonly api_key_id: string | null;
    readonly workspace_id: string | null;
    readonly model_id: string;
  }>(
    `with claimed as (
       delete from budget_checks c
        where c.budget_check_id in (
                select due.budget_check_id
                  from budget_checks due
                 where due.occurred_at <= $2
                 order by due.budget_check_id
                 limit $1
                   for update skip locked)
       returning c.spend_dimension_id, c.tags, c.occurred_at
     )
     select claimed.occurred_at, claimed.tags, d.team_key, d.project_key, d.user_email,
            d.api_key_id, d.workspace_id, d.model_id
       from claimed
       join spend_dimensions d on d.spend_dimension_id = claimed.spend_dimension_id`,
    [checksMax, now],
  );
  return rows.map((row) => ({
    occurredAt: instant(row.occurred_at),
    spend: {
      teamKey: row.team_key ?? undefined,
      projectKey: row.project_key ?? undefined,
      userEmail: row.user_email === null ? undefined : emailFrom(row.user_email),
      apiKeyId: row.api_key_id ?? undefined,
      workspaceId: row.workspace_id ?? undefined,
      modelId: row.model_id,
      tags: row.tags ?? {},
    },
  }));
}

/** Notes of ingest that nobody has looked at yet. */
export async function countWaitingChecks(sql: Sql): Promise<number> {
  const { rows } = await sql.query<{ readonly count: string }>(
    `select count(*)::text as count from budget_checks c`,
  );
  return Number(rows[0]?.count ?? 0);
}
