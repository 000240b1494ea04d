-- The first schema. Money is numeric dollars with 12 places (whole pico-dollars); time is
-- timestamptz; ids are made by the application. Usage events, charges, votes and audit entries are
-- append-only: a trigger refuses every update and delete.

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

-- Organization -----------------------------------------------------------------------------------

create table organization_settings (
  only_row boolean primary key default true check (only_row),
  name text not null,
  time_zone text not null,
  week_starts_on text not null,
  finops_channel text
);

create table admins (email text primary key check (email = lower(email)));

create table teams (
  team_key text primary key,
  name text not null,
  channel text,
  cost_center text
);

create table team_members (
  team_key text not null references teams (team_key) on delete cascade,
  email text not null check (email = lower(email)),
  role text not null check (role in ('owner', 'member')),
  primary key (team_key, email, role)
);
create index team_members_email on team_members (email);

create table projects (
  project_key text primary key, -- a project belongs to one team
  team_key text not null references teams (team_key) on delete cascade
);

create table governance_documents (
  version integer primary key,
  content text not null,
  content_sha256 text not null,
  applied_at timestamptz not null,
  applied_by text not null
);

-- Slack people and channels, as last seen ----------------------------------------------------------

create table slack_users (
  slack_user_id text primary key,
  email text check (email = lower(email)),
  display_name text not null,
  time_zone text,
  seen_at timestamptz not null
);
create index slack_users_email on slack_users (email);

-- Usage --------------------------------------------------------------------------------------------

create table usage_events (
  usage_event_id uuid primary key, -- version 7: time-ordered, so that the index grows at one end
  source text not null,
  event_id text collate "C" not null,
  content_sha256 bytea not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  provider text not null,
  model text not null,
  usage jsonb not null,
  request_id text collate "C",
  message_id text,
  user_email text,
  claimed_team text,
  claimed_project text,
  workspace_id text,
  api_key_id text,
  session_id text,
  operation_id text,
  tags jsonb,
  prompt_hash text,
  reported_cost_usd numeric(30, 12),
  unique (source, event_id)
);
-- A request of Claude counts once, whichever sources report it.
create unique index usage_events_request_id on usage_events (request_id) where request_id is not null;
create index usage_events_tags on usage_events using gin (tags jsonb_path_ops) where tags is not null;
create trigger usage_events_append_only before update or delete on usage_events
  for each row execute function refuse_change();

-- What could not be recorded, without its content. Kept for an admin to see.
create table rejected_events (
  rejected_event_id uuid primary key,
  source text not null,
  event_id text,
  code text not null,
  message text not null,
  received_at timestamptz not null
);
create index rejected_events_received_at on rejected_events (received_at);

-- Every combination of owner and dimension that spend was ever seen for: a dictionary, so that
-- charges and rollups carry one integer. Null means "none"; a null team is Unallocated.
create table spend_dimensions (
  spend_dimension_id integer generated always as identity primary key,
  team_key text,
  project_key text,
  user_email text,
  model_id text not null,
  api_key_id text,
  workspace_id text,
  source text not null,
  unique nulls not distinct (team_key, project_key, user_email, model_id, api_key_id, workspace_id, source)
);
create index spend_dimensions_project on spend_dimensions (project_key);
create index spend_dimensions_user on spend_dimensions (user_email);

-- No foreign keys from the tables that every event writes: what they refer to is written before or
-- with them and never deleted, and checking them took a quarter of the time of a batch.
create table charges (
  usage_event_id uuid not null,
  charge_number smallint not null,
  charge_category text not null check (charge_category in ('Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment')),
  charge_class text check (charge_class = 'Correction'),
  charge_period_start timestamptz not null,
  spend_dimension_id integer not null,
  sku_id text not null,
  price_id text not null,
  pricing_basis text not null check (pricing_basis in ('list', 'contracted', 'estimated')),
  consumed_quantity bigint not null,
  consumed_unit text not null,
  list_unit_price_usd numeric(30, 12) not null,
  list_cost_usd numeric(30, 12) not null,
  billed_cost_usd numeric(30, 12) not null,
  primary key (usage_event_id, charge_number)
);
create index charges_period on charges (charge_period_start);
create trigger charges_append_only before update or delete on charges
  for each row execute function refuse_change();

-- Charges summed by quarter of an hour: the finest step of any zone's offset, so that a day or a
-- month of every zone is a whole number of rows. Written by the transaction that inserts charges.
create table spend_rollups (
  spend_dimension_id integer not null,
  bucket_start timestamptz not null,
  request_count bigint not null,
  uncached_input_tokens bigint not null,
  cache_creation_5m_input_tokens bigint not null,
  cache_creation_1h_input_tokens bigint not null,
  cache_read_input_tokens bigint not null,
  output_tokens bigint not null,
  web_search_requests bigint not null,
  list_cost_usd numeric(30, 12) not null,
  billed_cost_usd numeric(30, 12) not null,
  primary key (spend_dimension_id, bucket_start)
) with (fillfactor = 70); -- the current quarter is updated all the time
create index spend_rollups_bucket on spend_rollups (bucket_start);

create table discounts (
  position integer primary key,
  model_pattern text,
  workspace_id text,
  percent numeric(7, 4) not null check (percent > 0 and percent <= 100),
  valid_from timestamptz,
  valid_until timestamptz,
  check (valid_from is null or valid_until is null or valid_from < valid_until)
);

create table allocation_rules (
  position integer primary key, -- the first match wins
  match jsonb not null,
  team_key text,
  project_key text
);

-- Budgets ------------------------------------------------------------------------------------------

create table budgets (
  budget_id text primary key, -- the key in governance.yml
  scope text not null,        -- 'team:search', or 'each:user' for one budget a member
  base_limit_usd numeric(30, 12) not null check (base_limit_usd > 0),
  period text not null check (period in ('daily', 'weekly', 'monthly', 'quarterly', 'yearly')),
  time_zone text not null,
  week_starts_on text not null,
  threshold_percents integer[] not null,
  forecast_threshold_percents integer[] not null,
  managed_by text not null check (managed_by in ('governance', 'slack')),
  archived_at timestamptz -- removed from governance.yml; alerts and grants still refer to it
);

create index budgets_scope on budgets (scope) where archived_at is null;

-- More money for a time. What is in force at an instant is the base limit plus the grants valid
-- then; nothing is ever reset.
create table budget_grants (
  grant_id text primary key,
  budget_id text not null references budgets (budget_id),
  member_key text not null, -- '' unless the budget is one of each:…
  amount_usd numeric(30, 12) not null check (amount_usd > 0),
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  approval_request_id text not null unique, -- one decision grants once
  check (valid_from < valid_until)
);
create index budget_grants_budget on budget_grants (budget_id, member_key);
create trigger budget_grants_append_only before update or delete on budget_grants
  for each row execute function refuse_change();

-- The fact that a threshold was reached. At most one for a budget, period, threshold and limit in
-- force, whatever restarts, replicas, corrections and raises do.
create table budget_alerts (
  alert_id text not null unique,
  budget_id text not null references budgets (budget_id),
  member_key text not null,
  period_start timestamptz not null,
  period_end timestamptz not null,
  threshold_percent integer not null,
  limit_usd numeric(30, 12) not null,
  spend_usd numeric(30, 12) not null,
  found_at timestamptz not null,
  -- Why no message of its own: a higher threshold was announced, or it had been reached already
  -- when the limit changed.
  silent_because text check (silent_because in ('higher-threshold', 'limit-changed')),
  acknowledged_by text,
  acknowledged_at timestamptz,
  primary key (budget_id, member_key, period_start, threshold_percent, limit_usd)
);

create index budget_alerts_found_at on budget_alerts (found_at);

-- What ingest tells budgets, in its own transaction: this was spent; look. Appended without a
-- unique key, so that ingest never waits for a check.
create table budget_checks (
  budget_check_id bigint generated always as identity primary key,
  spend_dimension_id integer not null,
  tags jsonb,
  occurred_at timestamptz not null
);

-- Approvals ----------------------------------------------------------------------------------------

create table approval_policies (
  position integer primary key, -- the first whose up_to_usd covers the amount
  up_to_usd numeric(30, 12),
  approvers text[] not null,
  quorum integer not null check (quorum > 0),
  expires_in_ms bigint not null check (expires_in_ms > 0),
  escalate_to text[] not null
);

create table approval_requests (
  approval_request_id text primary key,
  kind text not null,
  scope text not null,
  subject jsonb not null, -- what the applier of this kind needs
  title text not null,
  details text[] not null, -- what an approver needs to see, as lines of the card
  requester_email text not null,
  requested_amount_usd numeric(30, 12) not null check (requested_amount_usd > 0),
  ends_at timestamptz not null,
  reason text not null,
  policy jsonb not null, -- frozen when the request was made
  status text not null check (status in ('requested', 'applied', 'denied', 'expired', 'cancelled')),
  approved_amount_usd numeric(30, 12) check (approved_amount_usd > 0),
  decided_by text,
  decided_at timestamptz,
  decision_reason text,
  requested_at timestamptz not null,
  expires_at timestamptz not null,
  check ((status in ('applied', 'denied')) = (decided_by is not null)),
  check ((status = 'applied') = (approved_amount_usd is not null))
);
create index approval_requests_open on approval_requests (expires_at) where status = 'requested';

create table approval_votes (
  approval_request_id text not null references approval_requests (approval_request_id),
  approver_email text not null, -- one voice a person
  amount_usd numeric(30, 12) not null,
  voted_at timestamptz not null,
  primary key (approval_request_id, approver_email)
);
create trigger approval_votes_append_only before update or delete on approval_votes
  for each row execute function refuse_change();

create table audit_entries (
  audit_entry_id uuid primary key,
  occurred_at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  before jsonb,
  after jsonb
);
create index audit_entries_subject on audit_entries (subject, occurred_at);
create trigger audit_entries_append_only before update or delete on audit_entries
  for each row execute function refuse_change();

-- Digests and clockwork ------------------------------------------------------------------------------

create table digests (
  digest_key text primary key,
  channel text not null,
  scope text not null,
  every text not null check (every in ('day', 'week', 'month')),
  on_weekday text,
  at_local_time text not null,
  time_zone text not null,
  next_run_at timestamptz not null
);

-- Outbox ---------------------------------------------------------------------------------------------

create table outbox_messages (
  outbox_message_id bigint generated always as identity primary key,
  dedupe_key text not null unique, -- says a thing once, however often it is decided
  kind text not null check (kind in ('alert', 'digest', 'approval', 'notice')),
  -- 'C…', 'D…' or '#name' for a channel; 'email:a@b.c' for a person's direct message.
  destination text not null,
  -- Set: replaces the message with that dedupe key instead of posting a new one.
  updates_dedupe_key text,
  text text not null,
  blocks jsonb not null,
  status text not null default 'pending' check (status in ('pending', 'sending', 'sent', 'failed', 'skipped')),
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  -- First moment at which Slack may have it: where to look after an answer that got lost.
  first_attempt_at timestamptz,
  leased_until timestamptz,
  channel_id text,
  message_ts text,
  last_error text,
  created_at timestamptz not null,
  sent_at timestamptz,
  check (status <> 'sent' or message_ts is not null)
);
create index outbox_messages_due on outbox_messages (next_attempt_at) where status in ('pending', 'sending');
create index outbox_messages_order on outbox_messages (destination, outbox_message_id) where status in ('pending', 'sending');
