-- What the business did with the spend: tickets, orders, active users. A value for a time replaces
-- the former one, since such numbers are revised; no money depends on them.
create table business_metrics (
  source text not null,
  name text not null check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  scope text not null, -- 'org', 'team:search', 'project:checkout', 'tag:feature=summary'
  occurred_at timestamptz not null,
  quantity numeric(30, 6) not null check (quantity >= 0),
  received_at timestamptz not null,
  primary key (name, scope, occurred_at, source)
);
