/**
 * Ingest, the SQL of spend summed coarser than by dimension and day. Owns: team_spend_days,
 * model_spend_quarters, spend_months. Triggers on spend_rollups append to them (ADR 0033); here their rows are
 * added up, so that few are left to read.
 */
import type { Sql } from "../../../store/database.ts";

/** Arbitrary, but the same in every version of the program. */
const FOLDING_LOCK = 5_620_331_907;

/** Whether nobody else folds until the end of this transaction. */
export async function takeFoldingTurn(sql: Sql): Promise<boolean> {
  const { rows } = await sql.query<{ readonly taken: boolean }>(
    `select pg_try_advisory_xact_lock($1) as taken`,
    [FOLDING_LOCK],
  );
  return rows[0]?.taken === true;
}

/**
 * Puts one row in place of all that one dimension has of one day, for at most `keysMax` of them, unless
 * fewer than `rowsMin` rows were added since. How many it was. Sums stay the same, whoever looks when.
 */
export async function foldTeamDays(
  sql: Sql,
  { rowsMin, keysMax }: { readonly rowsMin: number; readonly keysMax: number },
): Promise<number> {
  const { rowCount } = await sql.query(
    `with keys as materialized (
       select distinct t.spend_dimension_id, t.day_start
         from team_spend_days t
        where not t.is_folded
              and (select count(*) from (select from team_spend_days l
                                          where not l.is_folded limit $1) few) = $1
        limit $2
     ), taken as (
       delete from team_spend_days t
        using keys k
        where t.spend_dimension_id = k.spend_dimension_id and t.day_start = k.day_start
       returning t.*
     )
     insert into team_spend_days
            (spend_dimension_id, day_start, request_count, uncached_input_tokens,
             cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
             cache_read_input_tokens, output_tokens, billed_cost_usd, is_folded)
     select t.spend_dimension_id, t.day_start, sum(t.request_count), sum(t.uncached_input_tokens),
            sum(t.cache_creation_5m_input_tokens), sum(t.cache_creation_1h_input_tokens),
            sum(t.cache_read_input_tokens), sum(t.output_tokens), sum(t.billed_cost_usd), true
       from taken t
      group by 1, 2
      order by 2, 1`,
    [rowsMin, keysMax],
  );
  return rowCount ?? 0;
}

/** The same of one model and workspace in one quarter of an hour. */
export async function foldModelQuarters(
  sql: Sql,
  { rowsMin, keysMax }: { readonly rowsMin: number; readonly keysMax: number },
): Promise<number> {
  const { rowCount } = await sql.query(
    `with keys as materialized (
       select distinct q.bucket_start
         from model_spend_quarters q
        where not q.is_folded
              and (select count(*) from (select from model_spend_quarters l
                                          where not l.is_folded limit $1) few) = $1
        limit $2
     ), taken as (
       delete from model_spend_quarters q
        using keys k
        where q.bucket_start = k.bucket_start
       returning q.*
     )
     insert into model_spend_quarters (bucket_start, model_id, workspace_id, billed_cost_usd, is_folded)
     select t.bucket_start, t.model_id, t.workspace_id, sum(t.billed_cost_usd), true
       from taken t
      group by 1, 2, 3
      order by 1`,
    [rowsMin, keysMax],
  );
  return rowCount ?? 0;
}

/** The same of one dimension in one month. */
export async function foldMonths(
  sql: Sql,
  { rowsMin, keysMax }: { readonly rowsMin: number; readonly keysMax: number },
): Promise<number> {
  const { rowCount } = await sql.query(
    `with keys as materialized (
       select distinct m.month_start, m.spend_dimension_id
         from spend_months m
        where not m.is_folded
              and (select count(*) from (select from spend_months l
                                          where not l.is_folded limit $1) few) = $1
        limit $2
     ), taken as (
       delete from spend_months m
        using keys k
        where m.month_start = k.month_start and m.spend_dimension_id = k.spend_dimension_id
       returning m.*
     )
     insert into spend_months (spend_dimension_id, month_start, request_count, billed_cost_usd, is_folded)
     select t.spend_dimension_id, t.month_start, sum(t.request_count), sum(t.billed_cost_usd), true
       from taken t
      group by 1, 2
      order by 2, 1`,
    [rowsMin, keysMax],
  );
  return rowCount ?? 0;
}
