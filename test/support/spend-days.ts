/** Sums days anew from the quarters of an hour, for tests that write those themselves. */
import type { Sql } from "../../src/store/database.ts";

export async function sumDays(sql: Sql): Promise<void> {
  await sql.query("truncate spend_days");
  await sql.query(
    `insert into spend_days
            (spend_dimension_id, day_start, request_count, uncached_input_tokens,
             cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
             cache_read_input_tokens, output_tokens, web_search_requests, list_cost_usd,
             billed_cost_usd)
     select r.spend_dimension_id, date_trunc('day', r.bucket_start, 'UTC'), sum(r.request_count),
            sum(r.uncached_input_tokens), sum(r.cache_creation_5m_input_tokens),
            sum(r.cache_creation_1h_input_tokens), sum(r.cache_read_input_tokens),
            sum(r.output_tokens), sum(r.web_search_requests), sum(r.list_cost_usd),
            sum(r.billed_cost_usd)
       from spend_rollups r
      group by 1, 2`,
  );
}

/** Sums that say something else than the quarters of an hour do; none, if all is well. */
export async function listWrongDays(sql: Sql): Promise<readonly unknown[]> {
  return [
    ...(await listWrongSpendDays(sql)),
    ...(await listWrongTeamDays(sql)),
    ...(await listWrongModelQuarters(sql)),
    ...(await listWrongMonths(sql)),
  ];
}

async function listWrongTeamDays(sql: Sql): Promise<readonly unknown[]> {
  const owner = "d.team_key, d.project_key, d.model_id, d.workspace_id, d.source";
  const sums = `sum(r.request_count), sum(r.uncached_input_tokens),
                sum(r.cache_creation_5m_input_tokens), sum(r.cache_creation_1h_input_tokens),
                sum(r.cache_read_input_tokens), sum(r.output_tokens), sum(r.billed_cost_usd)`;
  return await different(
    sql,
    `select ${owner}, date_trunc('day', r.bucket_start, 'UTC'), ${sums}
       from spend_rollups r join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
      group by 1, 2, 3, 4, 5, 6`,
    `select ${owner}, r.day_start, ${sums}
       from team_spend_days r join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
      group by 1, 2, 3, 4, 5, 6`,
  );
}

async function listWrongModelQuarters(sql: Sql): Promise<readonly unknown[]> {
  return await different(
    sql,
    `select r.bucket_start, d.model_id, d.workspace_id, sum(r.billed_cost_usd)
       from spend_rollups r join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
      group by 1, 2, 3`,
    `select q.bucket_start, q.model_id, q.workspace_id, sum(q.billed_cost_usd)
       from model_spend_quarters q
      group by 1, 2, 3`,
  );
}

async function listWrongMonths(sql: Sql): Promise<readonly unknown[]> {
  return await different(
    sql,
    `select r.spend_dimension_id, date_trunc('month', r.bucket_start, 'UTC'), sum(r.request_count),
            sum(r.billed_cost_usd)
       from spend_rollups r
      group by 1, 2`,
    `select m.spend_dimension_id, m.month_start, sum(m.request_count), sum(m.billed_cost_usd)
       from spend_months m
      group by 1, 2`,
  );
}

async function different(sql: Sql, one: string, other: string): Promise<readonly unknown[]> {
  const { rows } = await sql.query<Record<string, unknown>>(
    `((${one}) except all (${other})) union all ((${other}) except all (${one}))`,
  );
  return rows;
}

async function listWrongSpendDays(sql: Sql): Promise<readonly unknown[]> {
  const { rows } = await sql.query<Record<string, unknown>>(
    `with s as (
       select r.spend_dimension_id, date_trunc('day', r.bucket_start, 'UTC') as day_start,
              sum(r.request_count) as requests, sum(r.output_tokens) as output,
              sum(r.cache_read_input_tokens) as cache_read, sum(r.billed_cost_usd) as billed,
              sum(r.list_cost_usd) as list
         from spend_rollups r
        group by 1, 2)
     select *
       from s
       full join spend_days d using (spend_dimension_id, day_start)
      where (s.requests, s.output, s.cache_read, s.billed, s.list) is distinct from
            (d.request_count::numeric, d.output_tokens::numeric, d.cache_read_input_tokens::numeric,
             d.billed_cost_usd, d.list_cost_usd)`,
  );
  return rows;
}
