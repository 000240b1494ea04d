-- What is unusual: episodes (one for each time that something is out of the ordinary), and what the
-- ordinary is measured by. All but the episodes can be made again from usage.

-- One time that something was unusual, from when it was noticed until it was normal again.
create table insight_episodes (
  episode_id uuid primary key,
  kind text not null check (kind in ('spike', 'loop', 'duplicates', 'unknown_model', 'silence')),
  subject text collate "C" not null, -- 'user:bo@acme.test', 'session:s1', 'prompt:sha256:…'
  scope text not null,               -- whose spend: decides who hears of it
  thread_key text collate "C" not null unique,
  opened_at timestamptz not null,
  seen_at timestamptz not null,      -- the last time that it was the case
  amount_usd numeric(30, 12) not null, -- above normal, or wasted, so far
  counted_until timestamptz not null,  -- what was used until then is in it
  told_usd numeric(30, 12),          -- the amount when it was last told; null: nobody was told
  ended_at timestamptz,
  check (ended_at >= opened_at)
);
-- At most one at a time, whatever replicas do.
create unique index insight_episodes_open on insight_episodes (kind, subject) where ended_at is null;
create index insight_episodes_subject on insight_episodes (subject, opened_at);

-- What is normal for a series at this hour; made when first asked for, replaced an hour later.
create table insight_norms (
  scope text collate "C" not null,
  span text not null check (span in ('hour', 'day')),
  hour_start timestamptz not null,
  sample_count integer not null,
  normal_usd numeric(30, 12) not null,
  usual_max_usd numeric(30, 12) not null,
  spread_usd numeric(30, 12) not null,
  primary key (scope, span)
);

-- Sessions by who ran them, added up slice by slice.
create table insight_sessions (
  session_id text collate "C" not null,
  owner text collate "C" not null, -- a scope
  first_at timestamptz not null,
  last_at timestamptz not null,
  request_count bigint not null,
  cost_usd numeric(30, 12) not null,
  primary key (session_id, owner)
);
create index insight_sessions_owner on insight_sessions (owner, last_at);

-- Until when each kind of look has been done.
create table insight_progress (
  name text primary key,
  done_until timestamptz not null
);

-- Hours in which a source reported usage as it happened. The source '' is whoever was looking: an
-- hour in which nobody looked says nothing.
create table insight_reporting_hours (
  source text collate "C" not null,
  hour_start timestamptz not null,
  primary key (source, hour_start)
);
create index insight_reporting_hours_hour on insight_reporting_hours (hour_start);

-- What a model, team or key cost is asked for by the dictionary first.
create index spend_dimensions_model on spend_dimensions (model_id);
create index spend_dimensions_team on spend_dimensions (team_key);
create index spend_dimensions_api_key on spend_dimensions (api_key_id);
