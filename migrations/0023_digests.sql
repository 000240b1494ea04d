-- What governance says of digests, and the digests that come of it: one rule may mean one digest, or
-- one for each team or person.

create table digest_rules (
  rule_key text primary key,
  -- Where to, as in outbox_messages. Null: to each team's own channel, or to each person.
  destination text,
  scope text not null, -- 'team:search', or 'each:team', 'each:user'
  every text not null check (every in ('day', 'week', 'month')),
  on_weekday text,
  on_day integer check (on_day between 1 and 31),
  at_local_time text not null,
  time_zone text, -- null: each person's own
  check ((every = 'week') = (on_weekday is not null)),
  check ((every = 'month') = (on_day is not null)),
  check ((destination is null) = (scope like 'each:%'))
);

-- digests.channel is where to, as in outbox_messages: a channel or a person.
alter table digests
  -- Of a month: the day on which it is due, or the last one of a shorter month.
  add column on_day integer check (on_day between 1 and 31),
  -- The last local day that was told. A slot that moves neither repeats nor loses a span.
  add column told_through date;

update digests set on_day = 1 where every = 'month';

insert into digest_rules
       (rule_key, destination, scope, every, on_weekday, on_day, at_local_time, time_zone)
select d.digest_key, d.channel, d.scope, d.every, d.on_weekday, d.on_day, d.at_local_time, d.time_zone
  from digests d;

create index digests_due on digests (next_run_at);

-- When something was seen first is asked for by its dimensions: a model, key, project or person.
