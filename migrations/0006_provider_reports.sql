-- What Anthropic itself says was used and what it costs: its usage and cost reports, row by row,
-- as they were told at a time. A report that is revised gets new rows; nothing is ever changed.

create table provider_report_rows (
  provider_report_row_id bigint generated always as identity primary key,
  report text not null check (report in
    ('analytics_usage', 'analytics_cost', 'messages_usage', 'cost_report', 'claude_code')),
  bucket_start timestamptz not null,
  bucket_end timestamptz not null,
  -- Which row of its bucket: the canonical text of everything that it is grouped by.
  group_key text collate "C" not null,
  revision integer not null check (revision > 0),
  content_sha256 bytea not null,
  -- A row that the report does not have any more.
  is_withdrawn boolean not null,
  -- Null: the default workspace, no key, no person, no model, as the report says.
  workspace_id text,
  api_key_id text,
  user_email text,
  model text,
  service_tier text,
  inference_geo text,
  speed text,
  context_window text,
  product text,
  cost_type text,
  token_type text,
  description text,
  -- Null: the report does not tell.
  request_count bigint,
  uncached_input_tokens bigint,
  cache_creation_5m_input_tokens bigint,
  cache_creation_1h_input_tokens bigint,
  cache_read_input_tokens bigint,
  output_tokens bigint,
  web_search_requests bigint,
  list_cost_usd numeric(30, 12),
  -- After Anthropic's discounts and before credits: what the invoice is based on.
  billed_cost_usd numeric(30, 12),
  -- Up to when the report was complete when it said so.
  data_refreshed_at timestamptz not null,
  pulled_at timestamptz not null,
  check (bucket_start < bucket_end),
  unique (report, bucket_start, group_key, revision)
);
create trigger provider_report_rows_append_only before update or delete on provider_report_rows
  for each row execute function refuse_change();

-- What each report says now.
create view current_provider_report_rows as
  select latest.*
    from (select distinct on (r.report, r.bucket_start, r.group_key) r.*
            from provider_report_rows r
           order by r.report, r.bucket_start, r.group_key, r.revision desc) latest
   where not latest.is_withdrawn;

-- How far each report was read. One row a report; whoever holds the lease may go on.
create table provider_report_pulls (
  report text primary key,
  -- Nothing before it is ever read: what is counted from here on was counted otherwise before.
  starts_at timestamptz not null,
  -- Every bucket before it was complete when it was read.
  complete_until timestamptz not null,
  -- Where the reading again of what may have been revised stands; null: none is under way.
  reread_until timestamptz,
  reread_started_at timestamptz,
  recent_reread_at timestamptz,
  data_refreshed_at timestamptz,
  -- Of a report that counts as usage: up to which row its events were recorded.
  delivered_row_id bigint not null default 0,
  leased_by text,
  leased_until timestamptz,
  last_attempt_at timestamptz,
  last_success_at timestamptz,
  next_attempt_at timestamptz not null,
  failures integer not null default 0,
  last_error text,
  -- Whether a person must do something before it can go on.
  needs_operator boolean not null default false,
  check (starts_at <= complete_until)
);

-- Requests that another product lets us make in a minute, shared by all replicas and commands.
create table request_budgets (
  budget text primary key,
  recent timestamptz[] not null,
  blocked_until timestamptz
);
