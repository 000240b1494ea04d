-- Ownership that holds from when until when, identities of people, and what other products say of
-- workspaces, keys, people and groups.

-- Effective dating -------------------------------------------------------------------------------

-- Who owned what, in stretches that tile time. A null end is open. Kept whole, because the order of
-- rules means something only among those decided together. No rows: what teams and rules say has
-- held since ever.
create table ownership_periods (
  ownership_period_id bigint generated always as identity primary key,
  valid_from timestamptz,
  valid_until timestamptz,
  ownership jsonb not null,
  check (valid_from < valid_until),
  exclude using gist (tstzrange(valid_from, valid_until) with &&)
);

alter table allocation_rules
  add column valid_from timestamptz,
  add column valid_until timestamptz,
  add constraint allocation_rules_validity check (valid_from < valid_until);

-- Owners that are no people: a copy of the governance document. The address needs no mailbox.
create table service_accounts (
  address text primary key check (address = lower(address)),
  name text not null,
  kind text not null check (kind in ('service_account', 'agent')),
  responsible text not null, -- a person's address, or another service account's
  team_key text,
  ids text[] not null, -- 'anthropic_user:svac_01', 'api_key:apikey_02'
  check (responsible <> address)
);

alter table sources add column is_trusted_for_people boolean not null default true;

-- Identities -------------------------------------------------------------------------------------

-- Under which other names a person uses Claude, and since when that is known to hold.
create table person_identities (
  person_identity_id uuid primary key,
  kind text not null check (kind in ('email', 'slack_user', 'anthropic_user', 'anthropic_account', 'gateway_user')),
  source text not null, -- of gateway users: at which source; '' for every other kind
  external_id text not null,
  person_email text not null check (person_email = lower(person_email)),
  verified_by text not null check (verified_by in ('anthropic', 'slack', 'confirmation', 'admin')),
  linked_by text not null,
  linked_at timestamptz not null,
  valid_from timestamptz, -- null: since ever
  valid_until timestamptz,
  ended_by text,
  check (valid_from < valid_until),
  check ((ended_by is null) = (valid_until is null)),
  check ((kind = 'gateway_user') or (source = '')),
  -- One person at a time. The hash stands for the id: ranges need no extension, and two ids whose
  -- 64 bits are equal do not happen.
  exclude using gist (
    int8range(hashtextextended(kind || ' ' || source || ' ' || external_id, 0),
              hashtextextended(kind || ' ' || source || ' ' || external_id, 0), '[]') with &&,
    tstzrange(valid_from, valid_until) with &&)
);
create index person_identities_person on person_identities (person_email);

-- What somebody claims to be, until whoever owns that address says yes in Slack.
create table identity_claims (
  identity_claim_id uuid primary key,
  kind text not null,
  source text not null,
  external_id text not null,
  person_email text not null, -- who claims it
  confirmer_email text not null, -- who can say whether it is so
  claimed_at timestamptz not null,
  expires_at timestamptz not null,
  decided_at timestamptz,
  is_confirmed boolean,
  check (claimed_at < expires_at),
  check ((decided_at is null) = (is_confirmed is null))
);
create unique index identity_claims_open
  on identity_claims (kind, source, external_id, person_email) where decided_at is null;

-- What other products say ------------------------------------------------------------------------

create table synced_workspaces (
  workspace_id text primary key,
  name text not null,
  tags jsonb not null,
  archived_at timestamptz,
  seen_at timestamptz not null,
  gone_at timestamptz -- no longer listed
);

create table synced_api_keys (
  api_key_id text primary key,
  name text not null,
  workspace_id text,
  status text not null,
  created_by text, -- 'user:user_01', 'service_account:svac_01'
  seen_at timestamptz not null,
  gone_at timestamptz
);

create table synced_users (
  user_id text primary key,
  email text not null check (email = lower(email)),
  name text not null,
  seen_at timestamptz not null,
  gone_at timestamptz
);

create table synced_groups (
  group_id text primary key,
  handle text not null,
  name text not null,
  member_ids text[] not null, -- Slack users
  seen_at timestamptz not null,
  gone_at timestamptz
);

-- How far the reading of each list has come. A list that was interrupted goes on at its cursor.
create table directory_syncs (
  list text primary key check (list in ('workspaces', 'api_keys', 'users', 'groups')),
  run_started_at timestamptz, -- null: no run is under way
  cursor text,
  completed_at timestamptz,
  next_attempt_at timestamptz not null,
  failures integer not null default 0,
  error text,
  needs_operator boolean not null default false,
  leased_until timestamptz
);
