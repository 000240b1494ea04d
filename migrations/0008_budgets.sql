-- Budgets: fiscal calendars, a history of limits, roll-over, and what the clock makes due.

alter table organization_settings
  -- Months begin on this day, the year with this month's: what budgets keep that say nothing else.
  add column fiscal_month_starts_on integer not null default 1 check (fiscal_month_starts_on between 1 and 28),
  add column fiscal_year_starts_in integer not null default 1 check (fiscal_year_starts_in between 1 and 12);

alter table budgets
  add column fiscal_month_starts_on integer not null default 1 check (fiscal_month_starts_on between 1 and 28),
  add column fiscal_year_starts_in integer not null default 1 check (fiscal_year_starts_in between 1 and 12),
  -- How much of an unused limit the next period gets, in percent of it; null: nothing.
  add column roll_over_max_percent integer check (roll_over_max_percent between 1 and 100),
  -- Says so when spend is this many days ahead of plan; null: never.
  add column pace_days integer check (pace_days between 1 and 366),
  add column notify_reset boolean not null default false,
  -- Counts what the budget has measured: another scope or calendar is another yardstick, about which
  -- nothing was said yet and from which nothing is carried over.
  add column generation integer not null default 1 check (generation > 0);

-- Every limit that a budget ever had. `budgets.base_limit_usd` is the last of them.
create table budget_limits (
  budget_limit_id bigint generated always as identity primary key,
  budget_id text not null references budgets (budget_id),
  generation integer not null,
  valid_from timestamptz not null,
  limit_usd numeric(30, 12) not null check (limit_usd > 0),
  changed_by text not null,
  reason text not null
);
create index budget_limits_budget on budget_limits (budget_id, valid_from, budget_limit_id);
create trigger budget_limits_append_only before update or delete on budget_limits
  for each row execute function refuse_change();

-- Which limit is in force when, half-open; `valid_until` is null for the one of today. Of two of the
-- same instant the later entry holds.
create view budget_limit_validity as
select v.budget_id, v.generation, v.limit_usd, v.valid_from, v.valid_until, v.changed_by, v.reason
  from (
    select l.budget_id, l.generation, l.limit_usd, l.valid_from, l.changed_by, l.reason,
           lead(l.valid_from) over (partition by l.budget_id order by l.valid_from, l.budget_limit_id) as valid_until
      from budget_limits l
  ) v
 where v.valid_until is null or v.valid_until > v.valid_from;

-- Budgets from before the history had their limit for as long as anybody knows.
insert into budget_limits (budget_id, generation, valid_from, limit_usd, changed_by, reason)
select b.budget_id, 1, timestamptz 'epoch', b.base_limit_usd, 'migration', 'the limit when its history began'
  from budgets b;

-- When the clock looks at a member's budget next: forecasts, pace, ends of raises and of periods
-- change without any event. Written under the lock of the budget.
create table budget_watches (
  budget_id text not null references budgets (budget_id),
  member_key text not null,
  due_at timestamptz not null,
  checked_at timestamptz, -- null: never
  primary key (budget_id, member_key)
);
create index budget_watches_due on budget_watches (due_at);

-- The last forecast of a member's budget: what lists show without computing it again.
create table budget_forecasts (
  budget_id text not null references budgets (budget_id),
  member_key text not null,
  generation integer not null,
  period_start timestamptz not null,
  as_of timestamptz not null,
  expected_usd numeric(30, 12) not null,
  low_usd numeric(30, 12) not null,
  high_usd numeric(30, 12) not null,
  -- Within how many percent the forecasts of the last periods were, at the same point of each.
  accuracy_percent integer,
  accuracy_periods integer not null,
  days_ahead double precision not null, -- of plan; negative: behind
  primary key (budget_id, member_key)
);

-- Forecasts that would be news if they hold: a single look is not enough.
create table budget_forecast_sightings (
  budget_id text not null references budgets (budget_id),
  member_key text not null,
  fact_key text not null,
  first_seen_at timestamptz not null,
  primary key (budget_id, member_key, fact_key)
);
