-- Several sources of usage events, each with secrets of its own and its own trust.

create table sources (
  source text primary key check (source ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  -- Whether what its events say about team and project counts.
  is_trusted boolean not null,
  created_at timestamptz not null,
  removed_at timestamptz
);

-- A source has one secret, two while one is rotated.
create table source_secrets (
  source_secret_id uuid primary key,
  source text not null references sources (source),
  -- How a bearer token is found: it is never stored.
  token_sha256 bytea not null unique,
  -- For signatures, which need the secret itself: AES-256-GCM under SECRETS_KEY. Null: bearer only.
  encrypted_secret bytea,
  created_at timestamptz not null,
  valid_until timestamptz -- set by a rotation; null: until further notice
);
create index source_secrets_source on source_secrets (source);

alter table usage_events
  -- What the figures rest on, and whether the stream was cut off.
  add column cost_basis text not null default 'computed' check (cost_basis in ('computed', 'reported')),
  add column is_incomplete boolean not null default false;

-- Some sources know only the message, not the request that led to it; a request has one message.
create unique index usage_events_message_id on usage_events (message_id) where message_id is not null;

alter table charges drop constraint charges_pricing_basis_check;
alter table charges add constraint charges_pricing_basis_check
  check (pricing_basis in ('list', 'contracted', 'estimated', 'reported'));
