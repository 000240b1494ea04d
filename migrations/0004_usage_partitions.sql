-- Usage by month. Events and charges are partitioned by the month of their time (UTC), so that old
-- months are dropped in a moment and the indexes of the current one stay small. What makes an event
-- unique for ever is in a narrow table of its own, which retention never touches: a unique key of a
-- partitioned table holds only within one time.

alter table usage_events rename to usage_events_before_partitions;
alter table usage_events_before_partitions drop constraint usage_events_pkey;
drop index usage_events_request_id, usage_events_message_id, usage_events_tags;
alter table charges rename to charges_before_partitions;
alter table charges_before_partitions drop constraint charges_pkey;
drop index charges_period;

create table usage_identities (
  source text collate "C" not null,
  event_id text collate "C" not null, -- "C": ids that begin with a time grow the index at one end
  content_sha256 bytea not null,
  request_id text collate "C",
  message_id text collate "C",
  usage_event_id uuid not null,
  occurred_at timestamptz not null, -- where to find the event
  primary key (source, event_id)
);
insert into usage_identities
       (source, event_id, content_sha256, request_id, message_id, usage_event_id, occurred_at)
select e.source, e.event_id, e.content_sha256, e.request_id, e.message_id, e.usage_event_id, e.occurred_at
  from usage_events_before_partitions e
 order by e.usage_event_id;
-- A request of Claude counts once, whichever sources report it; some know only its message.
create unique index usage_identities_request_id on usage_identities (request_id) where request_id is not null;
create unique index usage_identities_message_id on usage_identities (message_id) where message_id is not null;
create trigger usage_identities_append_only before update or delete on usage_identities
  for each row execute function refuse_change();

create table usage_events (
  occurred_at timestamptz not null,
  usage_event_id uuid not null, -- version 7: time-ordered
  received_at timestamptz not null,
  source text not null,
  event_id text collate "C" not null,
  provider text not null,
  model text not null,
  usage jsonb not null,
  request_id text collate "C",
  message_id text collate "C",
  user_email text,
  claimed_team text,
  claimed_project text,
  workspace_id text,
  api_key_id text,
  session_id text,
  operation_id text,
  tags jsonb,
  prompt_hash text,
  reported_cost_usd numeric(30, 12),
  -- What the figures rest on, and whether the stream was cut off.
  cost_basis text not null default 'computed' check (cost_basis in ('computed', 'reported')),
  is_incomplete boolean not null default false,
  primary key (occurred_at, usage_event_id)
) partition by range (occurred_at);
create index usage_events_tags on usage_events using gin (tags jsonb_path_ops) where tags is not null;
create trigger usage_events_append_only before update or delete on usage_events
  for each row execute function refuse_change();

-- No foreign keys from the tables that every event writes: what they refer to is written before or
-- with them and deleted with its month, and checking them took a quarter of the time of a batch.
create table charges (
  charge_period_start timestamptz not null, -- the event's occurred_at: joins name both, to prune
  usage_event_id uuid not null,
  charge_number smallint not null,
  charge_category text not null check (charge_category in ('Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment')),
  charge_class text check (charge_class = 'Correction'),
  spend_dimension_id integer not null,
  sku_id text not null,
  price_id text not null,
  pricing_basis text not null check (pricing_basis in ('list', 'contracted', 'estimated', 'reported')),
  consumed_quantity bigint not null,
  consumed_unit text not null,
  list_unit_price_usd numeric(30, 12) not null,
  list_cost_usd numeric(30, 12) not null,
  billed_cost_usd numeric(30, 12) not null,
  primary key (charge_period_start, usage_event_id, charge_number)
) partition by range (charge_period_start);
create trigger charges_append_only before update or delete on charges
  for each row execute function refuse_change();

-- Sees to the partitions of the month around an instant. There is no default partition: rows in it
-- would be in the way of their month. A table is filled only once it is attached, which (unlike
-- `create table … partition of`) lets others read and write the rest meanwhile.
create function ensure_usage_partitions(instant timestamptz) returns void language plpgsql as $$
declare
  month_start constant timestamptz := date_trunc('month', instant, 'UTC');
  month_end constant timestamptz := month_start + interval '1 month';
  suffix constant text := to_char(month_start at time zone 'UTC', '_YYYY_MM');
  parent text;
begin
  if to_regclass('charges' || suffix) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(7316004220); -- one creator at a time
  foreach parent in array array['usage_events', 'charges'] loop
    if to_regclass(parent || suffix) is null then
      execute format('create table %I (like %I including all)', parent || suffix, parent);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)',
                     parent, parent || suffix, month_start, month_end);
    end if;
  end loop;
end $$;

-- Drops the months that ended before an instant, and names their tables.
create function drop_usage_partitions(before timestamptz) returns setof text language plpgsql as $$
declare
  old record;
begin
  perform pg_advisory_xact_lock(7316004220);
  for old in
    select c.relname
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
     where i.inhparent in ('usage_events'::regclass, 'charges'::regclass)
       and to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= before at time zone 'UTC'
     order by c.relname
  loop
    execute format('drop table %I', old.relname);
    return next old.relname;
  end loop;
end $$;

do $$
declare
  month timestamptz;
begin
  for month in
    select distinct date_trunc('month', e.occurred_at, 'UTC') from usage_events_before_partitions e
     union
    select distinct date_trunc('month', c.charge_period_start, 'UTC') from charges_before_partitions c
  loop
    perform ensure_usage_partitions(month);
  end loop;
end $$;

insert into usage_events
       (occurred_at, usage_event_id, received_at, source, event_id, provider, model, usage,
        request_id, message_id, user_email, claimed_team, claimed_project, workspace_id, api_key_id,
        session_id, operation_id, tags, prompt_hash, reported_cost_usd, cost_basis, is_incomplete)
select e.occurred_at, e.usage_event_id, e.received_at, e.source, e.event_id, e.provider, e.model, e.usage,
       e.request_id, e.message_id, e.user_email, e.claimed_team, e.claimed_project, e.workspace_id, e.api_key_id,
       e.session_id, e.operation_id, e.tags, e.prompt_hash, e.reported_cost_usd, e.cost_basis, e.is_incomplete
  from usage_events_before_partitions e;
insert into charges
       (charge_period_start, usage_event_id, charge_number, charge_category, charge_class,
        spend_dimension_id, sku_id, price_id, pricing_basis, consumed_quantity, consumed_unit,
        list_unit_price_usd, list_cost_usd, billed_cost_usd)
select c.charge_period_start, c.usage_event_id, c.charge_number, c.charge_category, c.charge_class,
       c.spend_dimension_id, c.sku_id, c.price_id, c.pricing_basis, c.consumed_quantity, c.consumed_unit,
       c.list_unit_price_usd, c.list_cost_usd, c.billed_cost_usd
  from charges_before_partitions c;

drop table usage_events_before_partitions, charges_before_partitions;
