-- What one person chose beyond alerts, and what their App Home shows.

-- Their own digest by direct message. Nothing is sent to somebody without a row: `off` is a choice
-- that was made, no row is none.
create table person_digest_preferences (
  email text primary key check (email = lower(email)),
  -- Weekly: on the first day of the organization's week. Monthly: on the first of the month.
  every text not null check (every in ('off', 'day', 'week', 'month')),
  at_local_time text not null check (at_local_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'), -- '09:00', in their zone
  changed_at timestamptz not null
);

-- Kinds of direct messages about alerts that somebody does not want.
alter table alert_preferences
  add column muted text[] not null default '{}'
    check (muted <@ array['budgets', 'forecasts', 'unusual']);

-- App Home --------------------------------------------------------------------------------------------

-- What was published for whom. It is shown again at once when Home is opened, and published anew when
-- something on it has changed: a row that is due belongs to whoever claims it.
create table home_views (
  slack_team_id text not null,
  slack_user_id text not null,
  email text not null,
  visited_at timestamptz not null, -- when it was opened last
  content jsonb,                   -- null: nothing was published yet
  content_sha256 text,             -- of what people would see differ
  slack_hash text,                 -- of the view that Slack shows, against races
  published_at timestamptz,
  rendered_at timestamptz,         -- when it was found to show what was so, published anew or not
  spend_usd numeric(30, 12),       -- their own, of the month, as shown
  opened_request_id text,          -- the approval request that they opened on it
  change_number bigint not null default 0, -- grows with each change that concerns them
  due_at timestamptz,              -- null: it shows what is so
  attempts integer not null default 0,
  leased_until timestamptz,
  primary key (slack_team_id, slack_user_id)
);
create index home_views_email on home_views (email);
create index home_views_due on home_views (due_at) where due_at is not null;

-- How far the audit trail was looked through for Homes that its entries concern. Whoever looks locks
-- the row, so that replicas take turns.
create table home_cursors (
  only_row boolean primary key default true check (only_row),
  audit_sequence bigint not null,
  looked_at timestamptz not null
);
insert into home_cursors (audit_sequence, looked_at)
select h.last_sequence, now() from audit_chain_head h;
