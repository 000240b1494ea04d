-- Corrections and voids, a metering source for a workspace or key, and rejected events that can be
-- tried again.

-- Corrections ------------------------------------------------------------------------------------

alter table usage_identities
  -- Null, all three: nobody has brought the event yet, but a correction of it has come.
  alter column content_sha256 drop not null,
  alter column usage_event_id drop not null,
  alter column occurred_at drop not null,
  -- The event of the same source that this one corrects or voids.
  add column corrected_event_id text collate "C",
  add constraint usage_identities_expected check (
    (content_sha256 is null) = (usage_event_id is null)
    and (content_sha256 is null) = (occurred_at is null)
    and (content_sha256 is not null or corrected_event_id is null)),
  add constraint usage_identities_corrects_another check (corrected_event_id <> event_id);
-- An event is corrected once; whoever wants to change it again corrects the correction.
create unique index usage_identities_corrected on usage_identities (source, corrected_event_id)
  where corrected_event_id is not null;
-- One that is expected is filled in by its event, or taken back by the transaction that expected it.
drop trigger usage_identities_append_only on usage_identities;
create trigger usage_identities_append_only before update or delete on usage_identities
  for each row when (old.content_sha256 is not null) execute function refuse_change();

alter table usage_events
  add column corrects text collate "C",
  add column voids text collate "C",
  -- Why it has no charges: the past is never rewritten, so this says what was decided on arrival.
  add column not_counted_because text check (not_counted_because in ('metered_elsewhere', 'corrected')),
  add constraint usage_events_corrects_or_voids check (corrects is null or voids is null);

-- The reversal of charge n of an event is its charge -1 - n: there can't be two of them. Only a
-- reversal is negative, and nothing of it is positive.
alter table charges
  add constraint charges_reversal check ((charge_class is not null) = (charge_number < 0)),
  add constraint charges_sign check (
    case when charge_class is null
         then consumed_quantity >= 0 and list_cost_usd >= 0 and billed_cost_usd >= 0
         else consumed_quantity <= 0 and list_cost_usd <= 0 and billed_cost_usd <= 0 end);

-- Metering source --------------------------------------------------------------------------------

-- Which source counts for a workspace or key, and from when until when: by the time of the usage.
create table metering_designations (
  metering_designation_id bigint generated always as identity primary key,
  workspace_id text,
  api_key_id text,
  source text not null,
  managed_by text not null check (managed_by in ('governance', 'command')),
  valid_from timestamptz not null,
  valid_until timestamptz,
  check ((workspace_id is null) <> (api_key_id is null)),
  check (valid_from <= valid_until)
);
create unique index metering_designations_in_force
  on metering_designations (workspace_id, api_key_id) nulls not distinct where valid_until is null;

-- Rejected events --------------------------------------------------------------------------------

alter table rejected_events
  -- Of what was read of the event, or of the reason: a sender that repeats itself adds no row. Null:
  -- from before it was kept.
  add column content_sha256 bytea,
  add column last_received_at timestamptz,
  add column times_received bigint not null default 1 check (times_received > 0),
  -- What is needed to try again, without text of prompts or answers. Null: it could not be read.
  add column event jsonb,
  -- Of an element that is no event: its fields that are well-formed by themselves.
  add column readable_fields jsonb,
  add column status text not null default 'open' check (status in ('open', 'recorded', 'dismissed')),
  add column resolved_at timestamptz,
  add column resolved_by text,
  add constraint rejected_events_resolved check ((status = 'open') = (resolved_at is null));
update rejected_events set last_received_at = received_at;
alter table rejected_events alter column last_received_at set not null;
create unique index rejected_events_once on rejected_events (source, code, content_sha256);
create index rejected_events_last_received_at on rejected_events (last_received_at);
