-- Re-rating: charges of the past made again under other prices, discounts or owners. What was
-- charged before is taken back by a reversal and stays; the new charges of an event are its next
-- generation, numbered from the next ten thousand.

alter table charges alter column charge_number type integer;
-- What rests on an assumption is little: it is found without reading the charges of a year.
create index charges_estimated on charges (charge_period_start, usage_event_id)
  where pricing_basis = 'estimated';

-- Requests that a charge counts: the first of a generation stands for the request, its reversal
-- takes it back.
create function request_count_of(charge_number integer) returns integer
  language sql immutable parallel safe as $$
  select case when charge_number >= 0 then (charge_number % 10000 = 0)::integer
              else -((charge_number + 1) % 10000 = 0)::integer end
$$;

-- One run over a stretch of the past. It goes on where it was interrupted: its place moves in the
-- transaction that makes the charges.
create table rerates (
  rerate_id uuid primary key,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  only_estimated boolean not null,      -- only what had to be assumed, for example of unknown models
  includes_allocation boolean not null, -- owners too, by the rules in force now
  requested_by text not null,
  requested_at timestamptz not null,
  place_occurred_at timestamptz,        -- the last event that was looked at; null: none yet
  place_usage_event_id uuid,
  events_examined bigint not null default 0,
  events_changed bigint not null default 0,
  difference_usd numeric(30, 12) not null default 0, -- of billed cost
  finished_at timestamptz,
  check (starts_at < ends_at),
  check ((place_occurred_at is null) = (place_usage_event_id is null))
);
create index rerates_unfinished on rerates (requested_at) where finished_at is null;
