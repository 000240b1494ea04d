-- no-transaction
-- Spend summed coarser than by dimension and day, for questions about many people: by day, team,
-- project, model, workspace and source; by quarter of an hour and model; and by dimension and month.
-- Triggers write them with the quarters they are summed from, whichever version of the program writes
-- those: as further rows, so that nobody waits for a row that others add to. The program adds up such
-- rows now and then.
-- Statements of their own, each repeatable: none keeps ingest waiting for longer than a moment.
alter table spend_dimensions add column if not exists team_dimension_id integer;
-- next statement
create index if not exists spend_dimensions_but_who
    on spend_dimensions ((array[team_key, project_key, model_id, workspace_id, source]), team_dimension_id);
-- next statement
-- The functions of triggers read dimensions by their indexes, whatever was the best way when the
-- session planned it: a new installation has no statistics yet.
-- A dimension of the same team, project, model, workspace and source stands for all of them. Two may,
-- where two callers made the first ones at the same time: what they stand for is still true.
create or replace function name_team_dimension() returns trigger language plpgsql
  set enable_seqscan to off as $$
begin
  new.team_dimension_id := coalesce(
    -- The first of the index: a project of thousands of people has thousands of such dimensions.
    (select d.team_dimension_id
       from spend_dimensions d
      where array[d.team_key, d.project_key, d.model_id, d.workspace_id, d.source]
          = array[new.team_key, new.project_key, new.model_id, new.workspace_id, new.source]
      order by d.team_dimension_id
      limit 1),
    new.spend_dimension_id);
  return new;
end
$$;
-- next statement
create or replace trigger spend_dimensions_team before insert on spend_dimensions
  for each row execute function name_team_dimension();
-- next statement
update spend_dimensions d
   set team_dimension_id = t.team_dimension_id
  from (select o.spend_dimension_id,
               min(o.spend_dimension_id)
                 over (partition by o.team_key, o.project_key, o.model_id, o.workspace_id, o.source)
                 as team_dimension_id
          from spend_dimensions o) t
 where t.spend_dimension_id = d.spend_dimension_id and d.team_dimension_id is null;
-- next statement
alter table spend_dimensions alter column team_dimension_id set not null;
-- next statement
-- Several rows may say what was spent of one dimension on one day: they are added up by whoever reads.
create table if not exists team_spend_days (
  spend_dimension_id integer not null, -- spend_dimensions.team_dimension_id
  day_start timestamptz not null,      -- UTC
  request_count bigint not null,
  uncached_input_tokens bigint not null,
  cache_creation_5m_input_tokens bigint not null,
  cache_creation_1h_input_tokens bigint not null,
  cache_read_input_tokens bigint not null,
  output_tokens bigint not null,
  billed_cost_usd numeric(30, 12) not null,
  is_folded boolean not null default false -- the sum of all that was there when it was written
);
-- next statement
create index if not exists team_spend_days_dimension on team_spend_days (spend_dimension_id, day_start);
-- next statement
create index if not exists team_spend_days_day on team_spend_days (day_start);
-- next statement
create index if not exists team_spend_days_loose on team_spend_days (spend_dimension_id, day_start)
    where not is_folded;
-- next statement
create table if not exists model_spend_quarters (
  bucket_start timestamptz not null,
  model_id text not null,
  workspace_id text,
  billed_cost_usd numeric(30, 12) not null,
  is_folded boolean not null default false
);
-- next statement
create index if not exists model_spend_quarters_bucket on model_spend_quarters (bucket_start);
-- next statement
create index if not exists model_spend_quarters_loose on model_spend_quarters (bucket_start)
    where not is_folded;
-- next statement
create table if not exists spend_months (
  spend_dimension_id integer not null,
  month_start timestamptz not null,    -- UTC
  request_count bigint not null,
  billed_cost_usd numeric(30, 12) not null,
  is_folded boolean not null default false
);
-- next statement
create index if not exists spend_months_month on spend_months (month_start, spend_dimension_id);
-- next statement
create index if not exists spend_months_loose on spend_months (month_start, spend_dimension_id)
    where not is_folded;
-- next statement
create or replace function add_new_spend() returns trigger language plpgsql
  set enable_seqscan to off as $$
begin
  with changed as materialized (
    select n.spend_dimension_id, d.team_dimension_id, d.model_id, d.workspace_id, n.bucket_start,
           n.request_count,
           n.uncached_input_tokens, n.cache_creation_5m_input_tokens,
           n.cache_creation_1h_input_tokens, n.cache_read_input_tokens, n.output_tokens,
           n.billed_cost_usd
      from new_rows n
           -- The offset keeps the planner from reading all dimensions for a few.
     cross join lateral (select o.team_dimension_id, o.model_id, o.workspace_id
                           from spend_dimensions o
                          where o.spend_dimension_id = n.spend_dimension_id
                         offset 0) d
  ), quarters as (
    insert into model_spend_quarters (bucket_start, model_id, workspace_id, billed_cost_usd)
    select c.bucket_start, c.model_id, c.workspace_id, sum(c.billed_cost_usd)
      from changed c
     group by 1, 2, 3
     order by 1
  ), months as (
    insert into spend_months (spend_dimension_id, month_start, request_count, billed_cost_usd)
    select c.spend_dimension_id, date_trunc('month', c.bucket_start, 'UTC'), sum(c.request_count),
           sum(c.billed_cost_usd)
      from changed c
     group by 1, 2
  )
  insert into team_spend_days
         (spend_dimension_id, day_start, request_count, uncached_input_tokens,
          cache_creation_5m_input_tokens, cache_creation_1h_input_tokens, cache_read_input_tokens,
          output_tokens, billed_cost_usd)
  select c.team_dimension_id, date_trunc('day', c.bucket_start, 'UTC'), sum(c.request_count),
         sum(c.uncached_input_tokens), sum(c.cache_creation_5m_input_tokens),
         sum(c.cache_creation_1h_input_tokens), sum(c.cache_read_input_tokens),
         sum(c.output_tokens), sum(c.billed_cost_usd)
    from changed c
   group by 1, 2;
  return null;
end
$$;
-- next statement
create or replace function add_changed_spend() returns trigger language plpgsql
  set enable_seqscan to off as $$
begin
  with changed as materialized (
    select s.spend_dimension_id, d.team_dimension_id, d.model_id, d.workspace_id, s.bucket_start,
           s.request_count,
           s.uncached_input_tokens, s.cache_creation_5m_input_tokens,
           s.cache_creation_1h_input_tokens, s.cache_read_input_tokens, s.output_tokens,
           s.billed_cost_usd
      from (select n.spend_dimension_id, n.bucket_start, n.request_count, n.uncached_input_tokens,
                   n.cache_creation_5m_input_tokens, n.cache_creation_1h_input_tokens,
                   n.cache_read_input_tokens, n.output_tokens, n.billed_cost_usd
              from new_rows n
             union all
            select b.spend_dimension_id, b.bucket_start, -b.request_count,
                   -b.uncached_input_tokens, -b.cache_creation_5m_input_tokens,
                   -b.cache_creation_1h_input_tokens, -b.cache_read_input_tokens,
                   -b.output_tokens, -b.billed_cost_usd
              from old_rows b) s
     cross join lateral (select o.team_dimension_id, o.model_id, o.workspace_id
                           from spend_dimensions o
                          where o.spend_dimension_id = s.spend_dimension_id
                         offset 0) d
  ), quarters as (
    insert into model_spend_quarters (bucket_start, model_id, workspace_id, billed_cost_usd)
    select c.bucket_start, c.model_id, c.workspace_id, sum(c.billed_cost_usd)
      from changed c
     group by 1, 2, 3
     order by 1
  ), months as (
    insert into spend_months (spend_dimension_id, month_start, request_count, billed_cost_usd)
    select c.spend_dimension_id, date_trunc('month', c.bucket_start, 'UTC'), sum(c.request_count),
           sum(c.billed_cost_usd)
      from changed c
     group by 1, 2
  )
  insert into team_spend_days
         (spend_dimension_id, day_start, request_count, uncached_input_tokens,
          cache_creation_5m_input_tokens, cache_creation_1h_input_tokens, cache_read_input_tokens,
          output_tokens, billed_cost_usd)
  select c.team_dimension_id, date_trunc('day', c.bucket_start, 'UTC'), sum(c.request_count),
         sum(c.uncached_input_tokens), sum(c.cache_creation_5m_input_tokens),
         sum(c.cache_creation_1h_input_tokens), sum(c.cache_read_input_tokens),
         sum(c.output_tokens), sum(c.billed_cost_usd)
    from changed c
   group by 1, 2;
  return null;
end
$$;
-- next statement
create or replace function forget_spend() returns trigger language plpgsql as $$
begin
  delete from team_spend_days;
  delete from model_spend_quarters;
  delete from spend_months;
  return null;
end
$$;
-- next statement
create or replace trigger spend_rollups_inserted after insert on spend_rollups
  referencing new table as new_rows for each statement execute function add_new_spend();
-- next statement
create or replace trigger spend_rollups_updated after update on spend_rollups
  referencing old table as old_rows new table as new_rows
  for each statement execute function add_changed_spend();
-- next statement
create or replace trigger spend_rollups_truncated after truncate on spend_rollups
  for each statement execute function forget_spend();
-- next statement
create or replace trigger spend_rollups_kept before delete on spend_rollups
  for each statement execute function refuse_change();
-- next statement
-- What is missing: all that was spent before the triggers. One look tells both sides, so that whatever
-- is ingested meanwhile is in both of them or in neither.
insert into team_spend_days
       (spend_dimension_id, day_start, request_count, uncached_input_tokens,
        cache_creation_5m_input_tokens, cache_creation_1h_input_tokens, cache_read_input_tokens,
        output_tokens, billed_cost_usd, is_folded)
select s.spend_dimension_id, s.day_start, sum(s.request_count), sum(s.uncached_input_tokens),
       sum(s.cache_creation_5m_input_tokens), sum(s.cache_creation_1h_input_tokens),
       sum(s.cache_read_input_tokens), sum(s.output_tokens), sum(s.billed_cost_usd), true
  from (select d.team_dimension_id as spend_dimension_id, r.day_start, r.request_count,
               r.uncached_input_tokens, r.cache_creation_5m_input_tokens,
               r.cache_creation_1h_input_tokens, r.cache_read_input_tokens, r.output_tokens,
               r.billed_cost_usd
          from spend_days r
          join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
         union all
        select t.spend_dimension_id, t.day_start, -t.request_count, -t.uncached_input_tokens,
               -t.cache_creation_5m_input_tokens, -t.cache_creation_1h_input_tokens,
               -t.cache_read_input_tokens, -t.output_tokens, -t.billed_cost_usd
          from team_spend_days t) s
 group by 1, 2
having (sum(s.request_count), sum(s.uncached_input_tokens), sum(s.cache_creation_5m_input_tokens),
        sum(s.cache_creation_1h_input_tokens), sum(s.cache_read_input_tokens),
        sum(s.output_tokens), sum(s.billed_cost_usd)) <> (0, 0, 0, 0, 0, 0, 0)
 order by 2, 1;
-- next statement
insert into model_spend_quarters (bucket_start, model_id, workspace_id, billed_cost_usd, is_folded)
select s.bucket_start, s.model_id, s.workspace_id, sum(s.billed_cost_usd), true
  from (select r.bucket_start, d.model_id, d.workspace_id, r.billed_cost_usd
          from spend_rollups r
          join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
         union all
        select q.bucket_start, q.model_id, q.workspace_id, -q.billed_cost_usd
          from model_spend_quarters q) s
 group by 1, 2, 3
having sum(s.billed_cost_usd) <> 0
 order by 1;
-- next statement
insert into spend_months (spend_dimension_id, month_start, request_count, billed_cost_usd, is_folded)
select s.spend_dimension_id, s.month_start, sum(s.request_count), sum(s.billed_cost_usd), true
  from (select d.spend_dimension_id, date_trunc('month', d.day_start, 'UTC') as month_start,
               d.request_count, d.billed_cost_usd
          from spend_days d
         union all
        select m.spend_dimension_id, m.month_start, -m.request_count, -m.billed_cost_usd
          from spend_months m) s
 group by 1, 2
having (sum(s.request_count), sum(s.billed_cost_usd)) <> (0, 0)
 order by 2, 1;
-- next statement
analyze spend_months, team_spend_days, model_spend_quarters, spend_dimensions;
-- next statement
-- Up to which midnight (UTC) a period that begins, or ends, at an instant reads whole days: the one
-- from which fewer quarters of an hour are left to be added, or taken away. After now there are none.
create or replace function nearest_midnight(instant timestamptz) returns timestamptz
  language sql stable parallel safe as $$
  select case when least(first_midnight_from(instant), now()) - instant
                   <= instant - date_trunc('day', instant, 'UTC')
              then first_midnight_from(instant)
              else date_trunc('day', instant, 'UTC') end
$$;
-- next statement
-- What whole days between the nearest midnights lack of a period, and have too much: these rows are
-- negative.
create or replace function spend_around(period_start timestamptz, period_end timestamptz)
returns table (
  spend_dimension_id integer, request_count bigint, uncached_input_tokens bigint,
  cache_creation_5m_input_tokens bigint, cache_creation_1h_input_tokens bigint,
  cache_read_input_tokens bigint, output_tokens bigint, billed_cost_usd numeric
) language sql stable parallel safe as $$
  select r.spend_dimension_id, r.request_count, r.uncached_input_tokens,
         r.cache_creation_5m_input_tokens, r.cache_creation_1h_input_tokens,
         r.cache_read_input_tokens, r.output_tokens, r.billed_cost_usd
    from spend_rollups r
   where r.bucket_start >= period_start and r.bucket_start < nearest_midnight(period_start)
  union all
  select r.spend_dimension_id, r.request_count, r.uncached_input_tokens,
         r.cache_creation_5m_input_tokens, r.cache_creation_1h_input_tokens,
         r.cache_read_input_tokens, r.output_tokens, r.billed_cost_usd
    from spend_rollups r
   where r.bucket_start >= nearest_midnight(period_end) and r.bucket_start < period_end
  union all
  select r.spend_dimension_id, -r.request_count, -r.uncached_input_tokens,
         -r.cache_creation_5m_input_tokens, -r.cache_creation_1h_input_tokens,
         -r.cache_read_input_tokens, -r.output_tokens, -r.billed_cost_usd
    from spend_rollups r
   where r.bucket_start >= nearest_midnight(period_start) and r.bucket_start < period_start
  union all
  select r.spend_dimension_id, -r.request_count, -r.uncached_input_tokens,
         -r.cache_creation_5m_input_tokens, -r.cache_creation_1h_input_tokens,
         -r.cache_read_input_tokens, -r.output_tokens, -r.billed_cost_usd
    from spend_rollups r
   where r.bucket_start >= period_end and r.bucket_start < nearest_midnight(period_end)
$$;
-- next statement
-- Everybody's spend of a period of whole quarters of an hour in few rows, only for sums: some rows are
-- negative. Of people: by dimension. Of teams: a dimension stands for all that differ from it in
-- nothing but the person and the key.
create or replace function people_spend_in(period_start timestamptz, period_end timestamptz)
returns table (
  spend_dimension_id integer, request_count bigint, uncached_input_tokens bigint,
  cache_creation_5m_input_tokens bigint, cache_creation_1h_input_tokens bigint,
  cache_read_input_tokens bigint, output_tokens bigint, billed_cost_usd numeric
) language sql stable parallel safe as $$
  select d.spend_dimension_id, d.request_count, d.uncached_input_tokens,
         d.cache_creation_5m_input_tokens, d.cache_creation_1h_input_tokens,
         d.cache_read_input_tokens, d.output_tokens, d.billed_cost_usd
    from spend_days d
   where d.day_start >= nearest_midnight(period_start)
     and d.day_start < nearest_midnight(period_end)
  union all
  select a.spend_dimension_id, a.request_count, a.uncached_input_tokens,
         a.cache_creation_5m_input_tokens, a.cache_creation_1h_input_tokens,
         a.cache_read_input_tokens, a.output_tokens, a.billed_cost_usd
    from spend_around(period_start, period_end) a
$$;
-- next statement
create or replace function team_spend_in(period_start timestamptz, period_end timestamptz)
returns table (
  spend_dimension_id integer, request_count bigint, uncached_input_tokens bigint,
  cache_creation_5m_input_tokens bigint, cache_creation_1h_input_tokens bigint,
  cache_read_input_tokens bigint, output_tokens bigint, billed_cost_usd numeric
) language sql stable parallel safe as $$
  select t.spend_dimension_id, t.request_count, t.uncached_input_tokens,
         t.cache_creation_5m_input_tokens, t.cache_creation_1h_input_tokens,
         t.cache_read_input_tokens, t.output_tokens, t.billed_cost_usd
    from team_spend_days t
   where t.day_start >= nearest_midnight(period_start)
     and t.day_start < nearest_midnight(period_end)
  union all
  select a.spend_dimension_id, a.request_count, a.uncached_input_tokens,
         a.cache_creation_5m_input_tokens, a.cache_creation_1h_input_tokens,
         a.cache_read_input_tokens, a.output_tokens, a.billed_cost_usd
    from spend_around(period_start, period_end) a
$$;
-- next statement
-- The same of one dimension after the other, for scopes of few. Whole days come with the dimension that
-- stands for the others, so ask for all that the scope has.
create or replace function team_spend_of(dimension_id integer, period_start timestamptz, period_end timestamptz)
returns table (
  spend_dimension_id integer, request_count bigint, uncached_input_tokens bigint,
  cache_creation_5m_input_tokens bigint, cache_creation_1h_input_tokens bigint,
  cache_read_input_tokens bigint, output_tokens bigint, billed_cost_usd numeric
) language sql stable parallel safe as $$
  select t.spend_dimension_id, t.request_count, t.uncached_input_tokens,
         t.cache_creation_5m_input_tokens, t.cache_creation_1h_input_tokens,
         t.cache_read_input_tokens, t.output_tokens, t.billed_cost_usd
    from team_spend_days t
   where t.spend_dimension_id = dimension_id and t.day_start >= first_midnight_from(period_start)
     and t.day_start < date_trunc('day', period_end, 'UTC')
  union all
  select r.spend_dimension_id, r.request_count, r.uncached_input_tokens,
         r.cache_creation_5m_input_tokens, r.cache_creation_1h_input_tokens,
         r.cache_read_input_tokens, r.output_tokens, r.billed_cost_usd
    from spend_rollups r
   where r.spend_dimension_id = dimension_id and r.bucket_start >= period_start
     and r.bucket_start < least(period_end, first_midnight_from(period_start))
  union all
  select r.spend_dimension_id, r.request_count, r.uncached_input_tokens,
         r.cache_creation_5m_input_tokens, r.cache_creation_1h_input_tokens,
         r.cache_read_input_tokens, r.output_tokens, r.billed_cost_usd
    from spend_rollups r
   where r.spend_dimension_id = dimension_id
     and r.bucket_start >= greatest(date_trunc('day', period_end, 'UTC'), first_midnight_from(period_start))
     and r.bucket_start < period_end
$$;
-- next statement
-- The first month (UTC) that begins at an instant or after it.
create or replace function first_month_from(instant timestamptz) returns timestamptz
  language sql stable parallel safe as $$
  select date_trunc('month', date_trunc('month', instant - interval '1 microsecond', 'UTC')
                             + interval '32 days', 'UTC')
$$;
-- next statement
-- Up to which month (UTC) a period that begins, or ends, at a midnight reads whole months, as
-- nearest_midnight tells it of days.
create or replace function nearest_month(midnight timestamptz) returns timestamptz
  language sql stable parallel safe as $$
  select case when least(first_month_from(midnight), now()) - midnight
                   <= midnight - date_trunc('month', midnight, 'UTC')
              then first_month_from(midnight)
              else date_trunc('month', midnight, 'UTC') end
$$;
-- next statement
-- What everybody cost in a period of whole quarters of an hour, by dimension, only for sums: some rows
-- are negative. Without a whole month in between, its days alone.
create or replace function people_cost_in(period_start timestamptz, period_end timestamptz)
returns table (spend_dimension_id integer, request_count bigint, billed_cost_usd numeric)
  language sql stable parallel safe as $$
  with bounds as materialized (
    select m.first_day, m.last_day,
           case when m.first_month < m.last_month then m.first_month else m.last_day end as first_month,
           case when m.first_month < m.last_month then m.last_month else m.last_day end as last_month
      from (select n.first_day, n.last_day, nearest_month(n.first_day) as first_month,
                   nearest_month(n.last_day) as last_month
              from (select nearest_midnight(period_start) as first_day,
                           nearest_midnight(period_end) as last_day) n) m
  )
  select m.spend_dimension_id, m.request_count, m.billed_cost_usd
    from spend_months m
   where m.month_start >= (select b.first_month from bounds b)
     and m.month_start < (select b.last_month from bounds b)
  union all
  select d.spend_dimension_id, d.request_count, d.billed_cost_usd
    from spend_days d
   where d.day_start >= (select b.first_day from bounds b)
     and d.day_start < (select b.first_month from bounds b)
  union all
  select d.spend_dimension_id, d.request_count, d.billed_cost_usd
    from spend_days d
   where d.day_start >= (select b.last_month from bounds b)
     and d.day_start < (select b.last_day from bounds b)
  union all
  select d.spend_dimension_id, -d.request_count, -d.billed_cost_usd
    from spend_days d
   where d.day_start >= (select b.first_month from bounds b)
     and d.day_start < (select b.first_day from bounds b)
  union all
  select d.spend_dimension_id, -d.request_count, -d.billed_cost_usd
    from spend_days d
   where d.day_start >= (select b.last_day from bounds b)
     and d.day_start < (select b.last_month from bounds b)
  union all
  select a.spend_dimension_id, a.request_count, a.billed_cost_usd
    from spend_around(period_start, period_end) a
$$;
