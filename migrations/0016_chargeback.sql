-- Chargeback: months that are closed with what was stated for them, the rules that split shared
-- cost, and what is paid or granted beside usage.

-- Calendar months of the organization, closed one after the other. A month keeps the bounds it was
-- closed with, whatever the organization's zone becomes.
create table closed_months (
  month text primary key check (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
  period_start timestamptz not null,
  period_end timestamptz not null,
  closed_at timestamptz not null,
  closed_by text not null,
  check (period_start < period_end)
);
create trigger closed_months_append_only before update or delete on closed_months
  for each row execute function refuse_change();

-- What a closed month's statement says. A line of an earlier month of origin is an adjustment: what
-- that month's charges came to, less what was stated for them before.
create table statement_lines (
  statement_month text not null references closed_months (month),
  line_number integer not null,
  origin_month text not null check (origin_month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
  kind text not null check (kind in ('usage', 'purchase', 'commitment_used', 'commitment_paid',
                                     'commitment_unused', 'credit', 'shared')),
  reference text not null, -- of a commitment, a credit or a rule; '' for usage
  spend_dimension_id integer,
  team_key text,           -- null: Unallocated
  project_key text,
  list_cost_usd numeric(30, 12) not null,
  contracted_cost_usd numeric(30, 12) not null,
  billed_cost_usd numeric(30, 12) not null,
  effective_cost_usd numeric(30, 12) not null,
  primary key (statement_month, line_number),
  check (origin_month <= statement_month)
);
create trigger statement_lines_append_only before update or delete on statement_lines
  for each row execute function refuse_change();

-- What the teams were called, and whom they belonged to, when the month was closed.
create table statement_teams (
  statement_month text not null references closed_months (month),
  team_key text not null,
  name text not null,
  cost_center text,
  primary key (statement_month, team_key)
);
create trigger statement_teams_append_only before update or delete on statement_teams
  for each row execute function refuse_change();

-- The three of the governance document in force; replaced as a whole with it.

create table shared_cost_rules (
  position integer primary key, -- the first match wins
  name text not null unique,
  match jsonb not null,
  split jsonb not null
);

-- A prepaid amount. Usage within its term and scope draws it down, month by month.
create table commitments (
  commitment_key text primary key,
  name text not null,
  scope text not null, -- 'org', 'team:search', 'workspace:wrkspc_01'
  amount_usd numeric(30, 12) not null check (amount_usd > 0),
  first_month text not null,
  last_month text not null,
  check (first_month <= last_month)
);

create table credits (
  credit_key text primary key,
  description text not null,
  scope text not null, -- 'org', 'team:search', 'project:checkout'
  amount_usd numeric(30, 12) not null check (amount_usd > 0),
  month text not null
);
