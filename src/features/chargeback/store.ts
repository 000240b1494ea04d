/**
 * Chargeback, the SQL of months and what was stated for them. Owns: closed_months, statement_lines,
 * statement_teams, which nothing ever changes. Reads spend_rollups: a month of any zone is a whole
 * number of their rows.
 */
import { assert } from "../../domain/assert.ts";
import { usdFromDecimal, usdToDecimal } from "../../domain/money.ts";
import { type Month, monthFrom } from "../../domain/month.ts";
import { type Instant, instant, type Period } from "../../domain/time.ts";
import { arrayColumn, type Cell } from "../../store/array-literal.ts";
import type { Sql } from "../../store/database.ts";
import {
  type ClosedMonth,
  type Dimension,
  LINE_KINDS,
  type Line,
  type MonthUsage,
  type StatementTeam,
} from "./rules.ts";

/** Any number that nothing else locks. */
const CLOSING_LOCK = 7_305_116;
/** Summing years of rollups takes longer than what anybody waits for in Slack. */
const BOOKS_TIMEOUT_MS = 60_000;

/** Waits until nobody else is closing a month, and keeps others waiting until the end. */
export async function lockClosing(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock($1)`, [CLOSING_LOCK]);
}

/** Makes the rest of the transaction one picture, and lets it take its time. Its first statement. */
export async function beginOnePicture(sql: Sql): Promise<void> {
  await sql.query(`set transaction isolation level repeatable read, read only`);
  await allowTime(sql);
}

export async function allowTime(sql: Sql): Promise<void> {
  await sql.query(`set local statement_timeout = ${String(BOOKS_TIMEOUT_MS)}`);
}

/** In their order. */
export async function listClosedMonths(sql: Sql): Promise<readonly ClosedMonth[]> {
  const { rows } = await sql.query<{
    readonly month: string;
    readonly period_start: Date;
    readonly period_end: Date;
    readonly closed_at: Date;
    readonly closed_by: string;
  }>(
    `select m.month, m.period_start, m.period_end, m.closed_at, m.closed_by
       from closed_months m
      order by m.month`,
  );
  return rows.map((row) => ({
    month: monthFrom(row.month),
    period: { start: instant(row.period_start), end: instant(row.period_end) },
    closedAt: instant(row.closed_at),
    closedBy: row.closed_by,
  }));
}

/** When the first charge was; undefined: there is none. */
export async function findFirstCharge(sql: Sql): Promise<Instant | undefined> {
  const { rows } = await sql.query<{ readonly first_at: Date | null }>(
    `select min(r.bucket_start) as first_at from spend_rollups r`,
  );
  const first = rows[0]?.first_at ?? null;
  return first === null ? undefined : instant(first);
}

interface DimensionRow {
  readonly spend_dimension_id: number | null;
  readonly team_key: string | null;
  readonly project_key: string | null;
  readonly api_key_id: string | null;
  readonly workspace_id: string | null;
  readonly model_id: string | null;
}

/** The sums of each month's charges by dimension, in one picture. */
export async function sumMonths(
  sql: Sql,
  months: readonly { readonly month: Month; readonly period: Period }[],
): Promise<readonly MonthUsage[]> {
  const query = {
    text: `with sums as (
       select n.month, r.spend_dimension_id, sum(r.list_cost_usd) as list_cost_usd,
              sum(r.billed_cost_usd) as billed_cost_usd
         from unnest($1::text[], $2::timestamptz[], $3::timestamptz[])
           as n (month, start_at, end_at)
         join spend_rollups r on r.bucket_start >= n.start_at and r.bucket_start < n.end_at
        group by n.month, r.spend_dimension_id)
     select s.month, s.list_cost_usd::text, s.billed_cost_usd::text, d.spend_dimension_id,
            d.team_key, d.project_key, d.api_key_id, d.workspace_id, d.model_id
       from sums s
       join spend_dimensions d on d.spend_dimension_id = s.spend_dimension_id
      where s.list_cost_usd <> 0 or s.billed_cost_usd <> 0
      order by s.month, s.spend_dimension_id`,
    values: [
      months.map(({ month }) => month),
      months.map(({ period }) => period.start),
      months.map(({ period }) => period.end),
    ],
    query_timeout: 2 * BOOKS_TIMEOUT_MS, // As for the pool, longer than Postgres takes to give up.
  };
  const { rows } = await sql.query<
    DimensionRow & {
      readonly month: string;
      readonly list_cost_usd: string;
      readonly billed_cost_usd: string;
    }
  >(query);
  return rows.map((row) => {
    const dimension = dimensionFrom(row);
    assert(dimension !== undefined, "a rollup has a dimension");
    return {
      month: monthFrom(row.month),
      dimension,
      list: usdFromDecimal(row.list_cost_usd),
      billed: usdFromDecimal(row.billed_cost_usd),
    };
  });
}

function dimensionFrom(row: DimensionRow): Dimension | undefined {
  if (row.spend_dimension_id === null) return undefined;
  return {
    spendDimensionId: row.spend_dimension_id,
    teamKey: row.team_key ?? undefined,
    projectKey: row.project_key ?? undefined,
    apiKeyId: row.api_key_id ?? undefined,
    workspaceId: row.workspace_id ?? undefined,
    modelId: row.model_id ?? "",
  };
}

/** What was stated: of one month's statement, or of all of them. */
export async function listStatedLines(sql: Sql, month?: Month): Promise<readonly Line[]> {
  const { rows } = await sql.query<
    DimensionRow & {
      readonly origin_month: string;
      readonly kind: string;
      readonly reference: string;
      readonly line_team_key: string | null;
      readonly line_project_key: string | null;
      readonly list_cost_usd: string;
      readonly contracted_cost_usd: string;
      readonly billed_cost_usd: string;
      readonly effective_cost_usd: string;
    }
  >(
    `select l.origin_month, l.kind, l.reference, l.team_key as line_team_key,
            l.project_key as line_project_key, l.list_cost_usd::text, l.contracted_cost_usd::text,
            l.billed_cost_usd::text, l.effective_cost_usd::text, d.spend_dimension_id, d.team_key,
            d.project_key, d.api_key_id, d.workspace_id, d.model_id
       from statement_lines l
       left join spend_dimensions d on d.spend_dimension_id = l.spend_dimension_id
      where $1::text is null or l.statement_month = $1
      order by l.statement_month, l.line_number`,
    [month ?? null],
  );
  return rows.map((row) => {
    const kind = LINE_KINDS.find((known) => known === row.kind);
    assert(kind !== undefined, `not a kind of line: ${row.kind}`);
    return {
      originMonth: monthFrom(row.origin_month),
      kind,
      reference: row.reference,
      dimension: dimensionFrom(row),
      teamKey: row.line_team_key ?? undefined,
      projectKey: row.line_project_key ?? undefined,
      costs: {
        list: usdFromDecimal(row.list_cost_usd),
        contracted: usdFromDecimal(row.contracted_cost_usd),
        billed: usdFromDecimal(row.billed_cost_usd),
        effective: usdFromDecimal(row.effective_cost_usd),
      },
    };
  });
}

export async function listStatementTeams(
  sql: Sql,
  month: Month,
): Promise<readonly StatementTeam[]> {
  const { rows } = await sql.query<{
    readonly team_key: string;
    readonly name: string;
    readonly cost_center: string | null;
  }>(
    `select t.team_key, t.name, t.cost_center
       from statement_teams t
      where t.statement_month = $1
      order by t.team_key`,
    [month],
  );
  return rows.map((row) => ({
    teamKey: row.team_key,
    name: row.name,
    costCenter: row.cost_center ?? undefined,
  }));
}

/** Closes a month with what its statement says. The caller holds the lock. */
export async function insertClosedMonth(
  sql: Sql,
  closed: ClosedMonth,
  stated: { readonly lines: readonly Line[]; readonly teams: readonly StatementTeam[] },
): Promise<void> {
  const { month, period, closedAt, closedBy } = closed;
  const { lines, teams } = stated;
  await sql.query(
    `insert into closed_months (month, period_start, period_end, closed_at, closed_by)
     values ($1, $2, $3, $4, $5)`,
    [month, period.start, period.end, closedAt, closedBy],
  );
  const column = (read: (line: Line) => Cell): string => arrayColumn(lines, read);
  await sql.query(
    `insert into statement_lines
            (statement_month, line_number, origin_month, kind, reference, spend_dimension_id,
             team_key, project_key, list_cost_usd, contracted_cost_usd, billed_cost_usd,
             effective_cost_usd)
     select $1, n.line_number, n.origin_month, n.kind, n.reference, n.spend_dimension_id,
            n.team_key, n.project_key, n.list_cost_usd, n.contracted_cost_usd, n.billed_cost_usd,
            n.effective_cost_usd
       from unnest($2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[],
                   $8::numeric[], $9::numeric[], $10::numeric[], $11::numeric[]) with ordinality
         as n (origin_month, kind, reference, spend_dimension_id, team_key, project_key,
               list_cost_usd, contracted_cost_usd, billed_cost_usd, effective_cost_usd, line_number)`,
    [
      month,
      column(({ originMonth }) => originMonth),
      column(({ kind }) => kind),
      column(({ reference }) => reference),
      column(({ dimension }) => dimension?.spendDimensionId ?? null),
      column(({ teamKey }) => teamKey ?? null),
      column(({ projectKey }) => projectKey ?? null),
      column(({ costs }) => usdToDecimal(costs.list)),
      column(({ costs }) => usdToDecimal(costs.contracted)),
      column(({ costs }) => usdToDecimal(costs.billed)),
      column(({ costs }) => usdToDecimal(costs.effective)),
    ],
  );
  await sql.query(
    `insert into statement_teams (statement_month, team_key, name, cost_center)
     select $1, n.team_key, n.name, n.cost_center
       from unnest($2::text[], $3::text[], $4::text[]) as n (team_key, name, cost_center)`,
    [
      month,
      teams.map(({ teamKey }) => teamKey),
      teams.map(({ name }) => name),
      teams.map(({ costCenter }) => costCenter ?? null),
    ],
  );
}
