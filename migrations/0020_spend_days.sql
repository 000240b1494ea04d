-- Spend summed by day (UTC) beside the quarters of an hour, so that a report over months reads a row
-- a day instead of one for each quarter in which something was used. Written with the quarters.
create table spend_days (
  spend_dimension_id integer not null,
  day_start timestamptz not null,
  request_count bigint not null,
  uncached_input_tokens bigint not null,
  cache_creation_5m_input_tokens bigint not null,
  cache_creation_1h_input_tokens bigint not null,
  cache_read_input_tokens bigint not null,
  output_tokens bigint not null,
  web_search_requests bigint not null,
  list_cost_usd numeric(30, 12) not null,
  billed_cost_usd numeric(30, 12) not null,
  primary key (spend_dimension_id, day_start)
) with (fillfactor = 70); -- today is updated all the time

insert into spend_days
       (spend_dimension_id, day_start, request_count, uncached_input_tokens,
        cache_creation_5m_input_tokens, cache_creation_1h_input_tokens, cache_read_input_tokens,
        output_tokens, web_search_requests, list_cost_usd, billed_cost_usd)
select r.spend_dimension_id, date_trunc('day', r.bucket_start, 'UTC'), sum(r.request_count),
       sum(r.uncached_input_tokens), sum(r.cache_creation_5m_input_tokens),
       sum(r.cache_creation_1h_input_tokens), sum(r.cache_read_input_tokens), sum(r.output_tokens),
       sum(r.web_search_requests), sum(r.list_cost_usd), sum(r.billed_cost_usd)
  from spend_rollups r
 group by 1, 2;
create index spend_days_day on spend_days (day_start);

create function first_midnight_from(instant timestamptz) returns timestamptz
  language sql stable parallel safe as $$
  select date_trunc('day', instant + interval '1 day' - interval '1 microsecond', 'UTC')
$$;

-- Spend of a period of whole quarters of an hour: whole days (UTC) as one row each, the rest by the
-- quarter. Only for sums: `at` is the start of whichever it is. Postgres puts both functions into the
-- query: `spend_in` reads everybody's, `spend_of` that of one dimension after the other.
create function spend_in(period_start timestamptz, period_end timestamptz)
returns table (
  spend_dimension_id integer, at timestamptz, request_count bigint, uncached_input_tokens bigint,
  cache_creation_5m_input_tokens bigint, cache_creation_1h_input_tokens bigint,
  cache_read_input_tokens bigint, output_tokens bigint, web_search_requests bigint,
  list_cost_usd numeric, billed_cost_usd numeric
) language sql stable parallel safe as $$
  select d.spend_dimension_id, d.day_start, d.request_count, d.uncached_input_tokens,
         d.cache_creation_5m_input_tokens, d.cache_creation_1h_input_tokens,
         d.cache_read_input_tokens, d.output_tokens, d.web_search_requests, d.list_cost_usd,
         d.billed_cost_usd
    from spend_days d
   where d.day_start >= first_midnight_from(period_start)
     and d.day_start < date_trunc('day', period_end, 'UTC')
  union all
  select r.spend_dimension_id, r.bucket_start, r.request_count, r.uncached_input_tokens,
         r.cache_creation_5m_input_tokens, r.cache_creation_1h_input_tokens,
         r.cache_read_input_tokens, r.output_tokens, r.web_search_requests, r.list_cost_usd,
         r.billed_cost_usd
    from spend_rollups r
   where r.bucket_start >= period_start
     and r.bucket_start < least(period_end, first_midnight_from(period_start))
  union all
  select r.spend_dimension_id, r.bucket_start, r.request_count, r.uncached_input_tokens,
         r.cache_creation_5m_input_tokens, r.cache_creation_1h_input_tokens,
         r.cache_read_input_tokens, r.output_tokens, r.web_search_requests, r.list_cost_usd,
         r.billed_cost_usd
    from spend_rollups r
   where r.bucket_start >= greatest(date_trunc('day', period_end, 'UTC'), first_midnight_from(period_start))
     and r.bucket_start < period_end
$$;

create function spend_of(dimension_id integer, period_start timestamptz, period_end timestamptz)
returns table (
  spend_dimension_id integer, at timestamptz, request_count bigint, uncached_input_tokens bigint,
  cache_creation_5m_input_tokens bigint, cache_creation_1h_input_tokens bigint,
  cache_read_input_tokens bigint, output_tokens bigint, web_search_requests bigint,
  list_cost_usd numeric, billed_cost_usd numeric
) language sql stable parallel safe as $$
  select d.spend_dimension_id, d.day_start, d.request_count, d.uncached_input_tokens,
         d.cache_creation_5m_input_tokens, d.cache_creation_1h_input_tokens,
         d.cache_read_input_tokens, d.output_tokens, d.web_search_requests, d.list_cost_usd,
         d.billed_cost_usd
    from spend_days d
   where d.spend_dimension_id = dimension_id and d.day_start >= first_midnight_from(period_start)
     and d.day_start < date_trunc('day', period_end, 'UTC')
  union all
  select r.spend_dimension_id, r.bucket_start, r.request_count, r.uncached_input_tokens,
         r.cache_creation_5m_input_tokens, r.cache_creation_1h_input_tokens,
         r.cache_read_input_tokens, r.output_tokens, r.web_search_requests, r.list_cost_usd,
         r.billed_cost_usd
    from spend_rollups r
   where r.spend_dimension_id = dimension_id and r.bucket_start >= period_start
     and r.bucket_start < least(period_end, first_midnight_from(period_start))
  union all
  select r.spend_dimension_id, r.bucket_start, r.request_count, r.uncached_input_tokens,
         r.cache_creation_5m_input_tokens, r.cache_creation_1h_input_tokens,
         r.cache_read_input_tokens, r.output_tokens, r.web_search_requests, r.list_cost_usd,
         r.billed_cost_usd
    from spend_rollups r
   where r.spend_dimension_id = dimension_id and r.bucket_start >= greatest(date_trunc('day', period_end, 'UTC'), first_midnight_from(period_start))
     and r.bucket_start < period_end
$$;
