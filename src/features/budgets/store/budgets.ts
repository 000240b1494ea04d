/** Budgets, the SQL of the budgets themselves. Owns: budgets. */
import { assert } from "../../../domain/assert.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import {
  type Instant,
  PERIOD_KINDS,
  type PeriodKind,
  timeZone,
  WEEKDAYS,
  type Weekday,
} from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { type Budget, formatCoverage, parseCoverage } from "../rules.ts";

interface BudgetRow {
  readonly budget_id: string;
  readonly scope: string;
  readonly base_limit_usd: string;
  readonly period: string;
  readonly time_zone: string;
  readonly week_starts_on: string;
  readonly fiscal_month_starts_on: number;
  readonly fiscal_year_starts_in: number;
  readonly roll_over_max_percent: number | null;
  readonly pace_days: number | null;
  readonly notify_reset: boolean;
  readonly generation: number;
  readonly threshold_percents: number[];
  readonly forecast_threshold_percents: number[];
  readonly managed_by: string;
}

const COLUMNS = `b.budget_id, b.scope, b.base_limit_usd::text, b.period, b.time_zone,
            b.week_starts_on, b.fiscal_month_starts_on, b.fiscal_year_starts_in,
            b.threshold_percents, b.forecast_threshold_percents, b.roll_over_max_percent,
            b.pace_days, b.notify_reset, b.managed_by, b.generation`;

/**
 * Locks the budgets of these coverages, in one order for all callers, so that two checks can't
 * both decide to alert, and returns them as they are then.
 */
export async function listBudgetsForUpdate(
  sql: Sql,
  coverages: readonly string[],
): Promise<Budget[]> {
  const { rows } = await sql.query<BudgetRow>(
    `select ${COLUMNS}
       from budgets b
      where b.scope = any($1) and b.archived_at is null
      order by b.budget_id
        for update`,
    [coverages],
  );
  return rows.map(budgetFromRow);
}

/** Locks every budget that is in force or in `budgetIds`; `isArchived` tells which. */
export async function listKnownBudgetsForUpdate(
  sql: Sql,
  budgetIds: readonly string[],
): Promise<{ readonly budget: Budget; readonly isArchived: boolean }[]> {
  const { rows } = await sql.query<BudgetRow & { readonly is_archived: boolean }>(
    `select ${COLUMNS}, b.archived_at is not null as is_archived
       from budgets b
      where b.archived_at is null or b.budget_id = any($1)
      order by b.budget_id
        for update`,
    [budgetIds],
  );
  return rows.map((row) => ({ budget: budgetFromRow(row), isArchived: row.is_archived }));
}

/** Locks one budget; undefined when there is none or it was archived. */
export async function findBudgetForUpdate(sql: Sql, budgetId: string): Promise<Budget | undefined> {
  const { rows } = await sql.query<BudgetRow>(
    `select ${COLUMNS}
       from budgets b
      where b.budget_id = $1 and b.archived_at is null
        for update`,
    [budgetId],
  );
  return rows[0] === undefined ? undefined : budgetFromRow(rows[0]);
}

/** Also an archived one: alerts go on referring to it. */
export async function findBudget(sql: Sql, budgetId: string): Promise<Budget | undefined> {
  const { rows } = await sql.query<BudgetRow>(
    `select ${COLUMNS} from budgets b where b.budget_id = $1`,
    [budgetId],
  );
  return rows[0] === undefined ? undefined : budgetFromRow(rows[0]);
}

/** Budgets in force with one of these coverages; all of them when there is no list. */
export async function listBudgets(
  sql: Sql,
  coverages: readonly string[] | undefined,
): Promise<Budget[]> {
  const { rows } = await sql.query<BudgetRow>(
    `select ${COLUMNS}
       from budgets b
      where b.archived_at is null and ($1::text[] is null or b.scope = any($1))
      order by b.budget_id`,
    [coverages ?? null],
  );
  return rows.map(budgetFromRow);
}

/** Stores the budgets as they are to be; an archived one is in force again. */
export async function upsertBudgets(sql: Sql, budgets: readonly Budget[]): Promise<void> {
  if (budgets.length === 0) return;
  await sql.query(
    `insert into budgets
            (budget_id, scope, base_limit_usd, period, time_zone, week_starts_on,
             fiscal_month_starts_on, fiscal_year_starts_in, roll_over_max_percent, pace_days,
             notify_reset, generation, threshold_percents, forecast_threshold_percents, managed_by)
     select n.budget_id, n.scope, n.base_limit_usd, n.period, n.time_zone, n.week_starts_on,
            n.fiscal_month_starts_on, n.fiscal_year_starts_in, n.roll_over_max_percent, n.pace_days,
            n.notify_reset, n.generation,
            array(select p::integer from jsonb_array_elements_text(n.thresholds) p),
            array(select p::integer from jsonb_array_elements_text(n.forecast_thresholds) p),
            n.managed_by
       from unnest($1::text[], $2::text[], $3::numeric[], $4::text[], $5::text[], $6::text[],
                   $7::jsonb[], $8::jsonb[], $9::text[], $10::integer[], $11::integer[],
                   $12::integer[], $13::integer[], $14::boolean[], $15::integer[])
         as n (budget_id, scope, base_limit_usd, period, time_zone, week_starts_on,
               thresholds, forecast_thresholds, managed_by, fiscal_month_starts_on,
               fiscal_year_starts_in, roll_over_max_percent, pace_days, notify_reset, generation)
         on conflict (budget_id) do update
        set scope = excluded.scope,
            base_limit_usd = excluded.base_limit_usd,
            period = excluded.period,
            time_zone = excluded.time_zone,
            week_starts_on = excluded.week_starts_on,
            fiscal_month_starts_on = excluded.fiscal_month_starts_on,
            fiscal_year_starts_in = excluded.fiscal_year_starts_in,
            roll_over_max_percent = excluded.roll_over_max_percent,
            pace_days = excluded.pace_days,
            notify_reset = excluded.notify_reset,
            generation = excluded.generation,
            threshold_percents = excluded.threshold_percents,
            forecast_threshold_percents = excluded.forecast_threshold_percents,
            managed_by = excluded.managed_by,
            archived_at = null`,
    [
      budgets.map((budget) => budget.budgetId),
      budgets.map((budget) => formatCoverage(budget.coverage)),
      budgets.map((budget) => usdToDecimal(budget.baseLimit)),
      budgets.map((budget) => budget.periodKind),
      budgets.map((budget) => budget.timeZone),
      budgets.map((budget) => budget.weekStartsOn),
      budgets.map((budget) => JSON.stringify(budget.thresholdPercents)),
      budgets.map((budget) => JSON.stringify(budget.forecastThresholdPercents)),
      budgets.map((budget) => budget.managedBy),
      budgets.map((budget) => budget.fiscalMonthStartsOn),
      budgets.map((budget) => budget.fiscalYearStartsIn),
      budgets.map((budget) => budget.rollOverMaxPercent ?? null),
      budgets.map((budget) => budget.paceDays ?? null),
      budgets.map((budget) => budget.notifyReset),
      budgets.map((budget) => budget.generation),
    ],
  );
}

export async function archiveBudgets(
  sql: Sql,
  budgetIds: readonly string[],
  now: Instant,
): Promise<void> {
  if (budgetIds.length === 0) return;
  await sql.query(`update budgets set archived_at = $2 where budget_id = any($1)`, [
    budgetIds,
    now,
  ]);
}

function budgetFromRow(row: BudgetRow): Budget {
  const coverage = parseCoverage(row.scope);
  assert(coverage !== undefined, `the scope of a stored budget is one: ${row.scope}`);
  return {
    budgetId: row.budget_id,
    coverage,
    baseLimit: usdFromDecimal(row.base_limit_usd),
    periodKind: periodKindFrom(row.period),
    timeZone: timeZone(row.time_zone),
    weekStartsOn: weekdayFrom(row.week_starts_on),
    fiscalMonthStartsOn: row.fiscal_month_starts_on,
    fiscalYearStartsIn: row.fiscal_year_starts_in,
    thresholdPercents: row.threshold_percents,
    forecastThresholdPercents: row.forecast_threshold_percents,
    rollOverMaxPercent: row.roll_over_max_percent ?? undefined,
    paceDays: row.pace_days ?? undefined,
    notifyReset: row.notify_reset,
    generation: row.generation,
    managedBy: row.managed_by === "slack" ? "slack" : "governance",
  };
}

function periodKindFrom(text: string): PeriodKind {
  const kind = PERIOD_KINDS.find((known) => known === text);
  assert(kind !== undefined, `a stored period is one: ${text}`);
  return kind;
}

function weekdayFrom(text: string): Weekday {
  const weekday = WEEKDAYS.find((known) => known === text);
  assert(weekday !== undefined, `a stored weekday is one: ${text}`);
  return weekday;
}
