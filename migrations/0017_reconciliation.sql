-- Our charges compared with what Anthropic bills, by UTC day. A judgement is never changed: when
-- either side says something else, the day gets a new revision.

create table reconciliation_days (
  day date not null, -- UTC, as Anthropic's bill
  revision integer not null check (revision > 0),
  report text not null check (report in ('analytics_cost', 'cost_report')),
  -- After Anthropic's discounts and before credits.
  anthropic_billed_usd numeric(30, 12) not null,
  charged_usd numeric(30, 12) not null,
  content_sha256 bytea not null,
  -- Up to when Anthropic's side was complete.
  data_refreshed_at timestamptz not null,
  judged_at timestamptz not null,
  primary key (day, revision)
);
create trigger reconciliation_days_append_only before update or delete on reconciliation_days
  for each row execute function refuse_change();

-- Where the two sides differ, and why: ours less theirs. A day's differences add up to its gap.
create table reconciliation_differences (
  day date not null,
  revision integer not null,
  position integer not null,
  cause text not null,
  workspace_id text, -- null: the default one, or not named
  model_id text,     -- null: of no model
  component text not null,
  amount_usd numeric(30, 12) not null check (amount_usd <> 0),
  evidence text,
  primary key (day, revision, position),
  foreign key (day, revision) references reconciliation_days (day, revision)
);
create trigger reconciliation_differences_append_only before update or delete on reconciliation_differences
  for each row execute function refuse_change();

-- What each day's judgement is now.
create view current_reconciliation_days as
  select distinct on (d.day) d.day, d.revision, d.report, d.anthropic_billed_usd, d.charged_usd,
         d.data_refreshed_at, d.judged_at
    from reconciliation_days d
   order by d.day, d.revision desc;

-- Somebody looked at a difference and takes it as it is. Holds while the amount stays the same.
create table reconciliation_acceptances (
  reconciliation_acceptance_id bigint generated always as identity primary key,
  day date not null,
  cause text not null,
  workspace_id text,
  amount_usd numeric(30, 12) not null,
  reason text not null check (reason <> ''),
  accepted_by text not null,
  accepted_at timestamptz not null,
  unique nulls not distinct (day, cause, workspace_id, amount_usd)
);
create trigger reconciliation_acceptances_append_only before update or delete on reconciliation_acceptances
  for each row execute function refuse_change();

-- What made a run due, claimed by the replica whose transaction did it.
create table reconciliation_runs (
  slot text primary key, -- 'night:2026-11-23', 'hour:2026-11-23T10'
  ran_at timestamptz not null
);

create table reconciliation_settings (
  only_row boolean primary key default true check (only_row),
  drift_percent numeric(7, 4) not null check (drift_percent > 0 and drift_percent <= 100)
);
