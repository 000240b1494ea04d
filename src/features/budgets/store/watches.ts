/**
 * Budgets, the SQL of what the clock looks at: members' budgets by when they are due, and forecasts
 * that were seen once. Callers hold the lock of the budget. Owns: budget_watches,
 * budget_forecast_sightings.
 */
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { BudgetRef } from "../rules.ts";

export interface NewWatch extends BudgetRef {
  readonly dueAt: Instant;
}

/** Looks at them by then at the latest; one that is due sooner stays so. */
export async function bringForwardWatches(sql: Sql, watches: readonly NewWatch[]): Promise<void> {
  if (watches.length === 0) return;
  await sql.query(
    `insert into budget_watches (budget_id, member_key, due_at)
     select * from unnest($1::text[], $2::text[], $3::timestamptz[])
         on conflict (budget_id, member_key) do update
        set due_at = excluded.due_at
      where budget_watches.due_at > excluded.due_at`,
    columnsOf(watches),
  );
}

/** Notes that they were looked at `checkedAt`, and when to look again. */
export async function updateWatches(
  sql: Sql,
  watches: readonly NewWatch[],
  checkedAt: Instant,
): Promise<void> {
  if (watches.length === 0) return;
  await sql.query(
    `update budget_watches w
        set due_at = n.due_at, checked_at = $4
       from unnest($1::text[], $2::text[], $3::timestamptz[]) as n (budget_id, member_key, due_at)
      where w.budget_id = n.budget_id and w.member_key = n.member_key`,
    [...columnsOf(watches), checkedAt],
  );
}

function columnsOf(watches: readonly NewWatch[]): unknown[] {
  return [
    watches.map(({ budgetId }) => budgetId),
    watches.map(({ memberKey }) => memberKey),
    watches.map(({ dueAt }) => dueAt),
  ];
}

/** Nobody looks after them until something is spent again. */
export async function deleteWatches(
  sql: Sql,
  budgetId: string,
  memberKeys: readonly string[],
): Promise<void> {
  if (memberKeys.length === 0) return;
  await sql.query(
    `delete from budget_watches w where w.budget_id = $1 and w.member_key = any($2)`,
    [budgetId, memberKeys],
  );
}

/** Budgets with something due, the longest overdue first; an archived one is never due. */
export async function listDueBudgetIds(
  sql: Sql,
  now: Instant,
  budgetsMax: number,
): Promise<string[]> {
  const { rows } = await sql.query<{ readonly budget_id: string }>(
    `select w.budget_id
       from budget_watches w
       join budgets b on b.budget_id = w.budget_id
      where w.due_at <= $1 and b.archived_at is null
      group by w.budget_id
      order by min(w.due_at), w.budget_id
      limit $2`,
    [now, budgetsMax],
  );
  return rows.map((row) => row.budget_id);
}

export interface DueWatch {
  readonly memberKey: string;
  readonly checkedAt: Instant | undefined;
}

/** What of a locked budget is due. */
export async function listDueWatches(
  sql: Sql,
  budgetId: string,
  { now, watchesMax }: { readonly now: Instant; readonly watchesMax: number },
): Promise<DueWatch[]> {
  const { rows } = await sql.query<{
    readonly member_key: string;
    readonly checked_at: Date | null;
  }>(
    `select w.member_key, w.checked_at
       from budget_watches w
      where w.budget_id = $1 and w.due_at <= $2
      order by w.due_at, w.member_key
      limit $3`,
    [budgetId, now, watchesMax],
  );
  return rows.map((row) => ({
    memberKey: row.member_key,
    checkedAt: row.checked_at === null ? undefined : instant(row.checked_at),
  }));
}

/** Forecasts of these members that were seen and not said yet, by key, with since when. */
export async function listSightings(
  sql: Sql,
  budgetId: string,
  memberKeys: readonly string[],
): Promise<ReadonlyMap<string, Instant>> {
  const { rows } = await sql.query<{ readonly fact_key: string; readonly first_seen_at: Date }>(
    `select s.fact_key, s.first_seen_at
       from budget_forecast_sightings s
      where s.budget_id = $1 and s.member_key = any($2)`,
    [budgetId, memberKeys],
  );
  return new Map(rows.map((row) => [row.fact_key, instant(row.first_seen_at)]));
}

/** Makes `sighted` all that is remembered of a member's budget. */
export async function replaceSightings(
  sql: Sql,
  { budgetId, memberKey }: BudgetRef,
  sighted: ReadonlyMap<string, Instant>,
): Promise<void> {
  await sql.query(
    `delete from budget_forecast_sightings s
      where s.budget_id = $1 and s.member_key = $2 and s.fact_key <> all($3)`,
    [budgetId, memberKey, [...sighted.keys()]],
  );
  if (sighted.size === 0) return;
  await sql.query(
    `insert into budget_forecast_sightings (budget_id, member_key, fact_key, first_seen_at)
     select $1, $2, n.fact_key, n.first_seen_at
       from unnest($3::text[], $4::timestamptz[]) as n (fact_key, first_seen_at)
         on conflict (budget_id, member_key, fact_key) do nothing`,
    [budgetId, memberKey, [...sighted.keys()], [...sighted.values()]],
  );
}
