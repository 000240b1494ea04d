-- Alerts of every kind are facts; what people read of them are threads: one living message for each
-- thread and destination. What was not sent is on record with its reason.

create table alerts (
  alert_id text primary key,
  alert_number bigint generated always as identity unique, -- the order in which they were found
  fact_key text collate "C" not null unique, -- a fact is found once, whoever finds it again
  thread_key text collate "C" not null,
  kind text not null check (kind in ('threshold', 'forecast', 'pace', 'spike', 'loop', 'duplicates',
    'unknown_model', 'silence', 'reset', 'recovery', 'drift', 'delivery')),
  scope text not null,
  severity text not null check (severity in ('info', 'warning', 'critical')),
  period_start timestamptz,
  period_end timestamptz,
  budget_id text references budgets (budget_id),
  member_key text,
  threshold_percent integer,
  limit_usd numeric(30, 12),
  spend_usd numeric(30, 12),
  content jsonb not null, -- what people read, frozen
  found_at timestamptz not null,
  -- Why nobody was told: 'higher-threshold', 'limit-changed', 'planned', 'period-over'. Null: each
  -- destination has a row in alert_deliveries.
  not_sent_because text,
  check ((period_start is null) = (period_end is null)),
  check ((budget_id is null) = (member_key is null)),
  check (budget_id is null or (limit_usd is not null and spend_usd is not null))
);
create index alerts_found_at on alerts (found_at);
create index alerts_thread on alerts (thread_key, alert_number);
create index alerts_budget on alerts (budget_id, period_start) where budget_id is not null;
create index alerts_scope on alerts (scope, found_at);
create trigger alerts_append_only before update or delete on alerts
  for each row execute function refuse_change();

create table alert_threads (
  thread_key text collate "C" primary key,
  thread_id text not null unique, -- its name in buttons and in keys of the outbox
  scope text not null,
  opened_at timestamptz not null,
  period_end timestamptz,
  revision integer not null default 0, -- of what its messages show
  resolved_at timestamptz,
  resolved_because text,
  check ((resolved_at is null) = (resolved_because is null))
);

-- Who did what about a thread. Its state is the latest of each action.
create table alert_actions (
  alert_action_id uuid primary key,
  thread_key text collate "C" not null references alert_threads (thread_key),
  action text not null check (action in ('acknowledge', 'snooze', 'assign', 'feedback')),
  value text not null, -- until when, to whom, 'real' | 'false' | 'planned'; '' for acknowledge
  actor_email text not null,
  actor_slack_user_id text not null,
  through_alert_number bigint not null, -- the latest fact that they saw
  done_at timestamptz not null
);
create index alert_actions_thread on alert_actions (thread_key);
-- The first one counts, also of two at once.
create unique index alert_actions_acknowledged on alert_actions (thread_key, through_alert_number)
  where action = 'acknowledge';
create trigger alert_actions_append_only before update or delete on alert_actions
  for each row execute function refuse_change();

-- The living message of a thread at one destination.
create table alert_thread_messages (
  thread_key text collate "C" not null references alert_threads (thread_key),
  destination text not null,
  root_dedupe_key text not null,
  queued_at timestamptz not null,
  primary key (thread_key, destination)
);
create index alert_thread_messages_pace on alert_thread_messages (destination, queued_at);

-- What became of a fact at each destination: in the outbox, held back for a while, or not sent.
create table alert_deliveries (
  alert_id text not null references alerts (alert_id),
  destination text not null,
  thread_key text collate "C" not null references alert_threads (thread_key),
  carried_by text, -- dedupe key of the message that says it
  held_until timestamptz,
  held_because text,
  not_sent_because text,
  decided_at timestamptz not null,
  primary key (alert_id, destination),
  check (num_nonnulls(carried_by, held_until, not_sent_because) = 1),
  check ((held_until is null) = (held_because is null))
);
create index alert_deliveries_held on alert_deliveries (held_until) where held_until is not null;
create index alert_deliveries_thread on alert_deliveries (thread_key);
create index alert_deliveries_carried on alert_deliveries (carried_by) where carried_by is not null;

-- More alerts in a short time than anybody reads one by one: one message lists them.
create table alert_gatherings (
  destination text not null,
  opened_at timestamptz not null,
  dedupe_key text not null unique,
  revision integer not null,
  primary key (destination, opened_at)
);

create table alert_preferences (
  email text primary key check (email = lower(email)),
  wants_own boolean not null,   -- direct messages about one's own spend
  wants_teams boolean not null, -- and about the teams that one owns
  quiet_from text check (quiet_from ~ '^[0-2][0-9]:[0-5][0-9]$'),
  quiet_until text check (quiet_until ~ '^[0-2][0-9]:[0-5][0-9]$'),
  time_zone text, -- null: as in Slack
  changed_at timestamptz not null,
  check ((quiet_from is null) = (quiet_until is null))
);

-- A launch, a load test: what it is expected to cost is no news.
create table planned_events (
  planned_event_id text primary key,
  scope text not null,
  name text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  expected_usd numeric(30, 12) not null check (expected_usd > 0),
  announced_by text not null,
  announced_at timestamptz not null,
  check (starts_at < ends_at)
);
create index planned_events_scope on planned_events (scope, ends_at);

-- Outbox ---------------------------------------------------------------------------------------------

alter table outbox_messages
  -- Set: posted into the thread under the message with that key.
  add column reply_to_dedupe_key text,
  -- From then on it is no longer true: it is skipped.
  add column valid_until timestamptz,
  -- When a copy went to the fallback, because its destination is dead.
  add column rerouted_at timestamptz;

-- unknown: Slack may have it, because an answer got lost; the sender looks before it posts again.
alter table outbox_messages drop constraint outbox_messages_status_check;
alter table outbox_messages add constraint outbox_messages_status_check
  check (status in ('pending', 'sending', 'unknown', 'sent', 'failed', 'skipped'));
drop index outbox_messages_due;
drop index outbox_messages_order;
create index outbox_messages_due on outbox_messages (next_attempt_at)
  where status in ('pending', 'sending', 'unknown');
create index outbox_messages_order on outbox_messages (destination, outbox_message_id)
  where status in ('pending', 'sending', 'unknown');

-- A destination that Slack refuses for good until somebody mends it.
create table dead_destinations (
  destination text primary key,
  reason text not null,
  dead_since timestamptz not null
);

-- What budgets had said ------------------------------------------------------------------------------

insert into alerts (alert_id, fact_key, thread_key, kind, scope, severity, period_start, period_end,
                    budget_id, member_key, threshold_percent, limit_usd, spend_usd, content, found_at,
                    not_sent_because)
select a.alert_id,
       t.thread_key || ':threshold:' || a.threshold_percent || ':' || trim_scale(a.limit_usd),
       t.thread_key,
       'threshold',
       t.scope,
       case when a.spend_usd >= a.limit_usd then 'critical' else 'warning' end,
       a.period_start, a.period_end, a.budget_id, a.member_key, a.threshold_percent, a.limit_usd,
       a.spend_usd,
       jsonb_build_object(
         'happened', jsonb_build_array(jsonb_build_object('strong', t.scope),
           ' passed ' || a.threshold_percent || '% of its ' || b.period || ' budget: '
           || t.amounts || '.'),
         'brief', a.threshold_percent || '%: ' || t.amounts),
       a.found_at,
       a.silent_because
  from budget_alerts a
  join budgets b on b.budget_id = a.budget_id
  cross join lateral (
       select case when b.scope like 'each:%' then substr(b.scope, 6) || ':' || a.member_key
                   else b.scope end as scope,
              'budget:' || a.budget_id || ':' || a.member_key || ':' || b.scope
              || ':' || to_char(a.period_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
              || '/' || to_char(a.period_end at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
              as thread_key,
              '$' || to_char(a.spend_usd, 'FM999,999,999,990.00') || ' of $'
              || to_char(a.limit_usd, 'FM999,999,999,990.00') as amounts) t
 order by a.found_at, a.threshold_percent;

-- A thread for each period that was announced; its living message is the latest one posted.
insert into alert_threads (thread_key, thread_id, scope, opened_at, period_end)
select distinct on (a.thread_key) a.thread_key, a.alert_id, a.scope, a.found_at, a.period_end
  from alerts a
 where a.not_sent_because is null
 order by a.thread_key, a.alert_number desc;

insert into alert_thread_messages (thread_key, destination, root_dedupe_key, queued_at)
select t.thread_key, o.destination, o.dedupe_key, o.created_at
  from alert_threads t
  join outbox_messages o on split_part(o.dedupe_key, ':', 2) = t.thread_id
 where o.dedupe_key like 'alert:%' and o.updates_dedupe_key is null;

insert into alert_deliveries (alert_id, destination, thread_key, carried_by, decided_at)
select a.alert_id, o.destination, a.thread_key, o.dedupe_key, a.found_at
  from alerts a
  join outbox_messages o on split_part(o.dedupe_key, ':', 2) = a.alert_id
 where o.dedupe_key like 'alert:%' and o.updates_dedupe_key is null and a.not_sent_because is null;

insert into alert_actions (alert_action_id, thread_key, action, value, actor_email,
                           actor_slack_user_id, through_alert_number, done_at)
select gen_random_uuid(), a.thread_key, 'acknowledge', '', b.acknowledged_by, '', a.alert_number,
       b.acknowledged_at
  from budget_alerts b
  join alerts a on a.alert_id = b.alert_id
  join alert_threads t on t.thread_key = a.thread_key
 where b.acknowledged_at is not null;

drop table budget_alerts;
