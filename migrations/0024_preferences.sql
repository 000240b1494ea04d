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

-- Whoever wants a digest, with the zone that holds for them: their own choice, else Slack's, else
-- the organization's. Quiet hours don't matter to it: its hour was chosen.
create view person_digests as
select d.email, d.every, d.at_local_time, d.changed_at,
       coalesce(p.time_zone,
                (select u.time_zone
                   from slack_users u
                  where u.email = d.email and u.time_zone is not null
                  order by u.seen_at desc
                  limit 1),
                (select o.time_zone from organization_settings o),
                'UTC') as time_zone
  from person_digest_preferences d
  left join alert_preferences p on p.email = d.email
 where d.every <> 'off';

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
