-- The audit trail becomes tamper-evident, and limits that are kept elsewhere (Anthropic, LiteLLM,
-- the Claude apps gateway) follow decisions made here.

-- Audit --------------------------------------------------------------------------------------------

alter table audit_entries
  add column rule jsonb,   -- under which rule: a policy, a version of governance
  add column origin jsonb; -- from which message, request or command

-- The links of the chain: one for each entry, numbered without a gap. Apart from the entries, since
-- those are never updated and a number is only known at the commit.
create table audit_chain (
  sequence bigint primary key check (sequence > 0),
  audit_entry_id uuid not null unique,
  previous_hash bytea not null,
  entry_hash bytea not null
);
create trigger audit_chain_append_only before update or delete on audit_chain
  for each row execute function refuse_change();

-- Where the chain ends: what the next link refers to, and what shows that its end was cut off. Its
-- row lock is what makes transactions that commit together take turns.
create table audit_chain_head (
  only_row boolean primary key default true check (only_row),
  last_sequence bigint not null,
  last_hash bytea not null
) with (fillfactor = 10);
insert into audit_chain_head (last_sequence, last_hash) values (0, sha256('claude-spend audit'));

-- "5:value," for each field and "-," for null: no two different entries have the same text.
create function audit_field(value text) returns text language sql immutable as $$
  select coalesce(octet_length(convert_to(value, 'UTF8')) || ':' || value, '-') || ','
$$;

-- The hash of an entry at its place. src/store/audit-chain.ts computes the same, on its own.
create function audit_entry_hash(entry audit_entries, sequence bigint, previous_hash bytea)
returns bytea language sql stable as $$
  select sha256(convert_to(
    audit_field(sequence::text) || audit_field(encode(previous_hash, 'hex')) ||
    audit_field(entry.audit_entry_id::text) ||
    audit_field(to_char(entry.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) ||
    audit_field(entry.actor) || audit_field(entry.action) || audit_field(entry.subject) ||
    audit_field(entry.before::text) || audit_field(entry.after::text) ||
    audit_field(entry.rule::text) || audit_field(entry.origin::text), 'UTF8'))
$$;

create function link_audit_entry(entry audit_entries) returns void language plpgsql as $$
declare
  head audit_chain_head;
  hash bytea;
begin
  select * into strict head from audit_chain_head for update;
  hash := audit_entry_hash(entry, head.last_sequence + 1, head.last_hash);
  insert into audit_chain (sequence, audit_entry_id, previous_hash, entry_hash)
  values (head.last_sequence + 1, entry.audit_entry_id, head.last_hash, hash);
  update audit_chain_head set last_sequence = head.last_sequence + 1, last_hash = hash;
end $$;

create function chain_audit_entry() returns trigger language plpgsql as $$
begin
  perform link_audit_entry(new);
  return null;
end $$;

-- What was recorded before: ids are of version 7, so their order is that of writing.
do $$
declare
  entry audit_entries;
begin
  for entry in select * from audit_entries order by audit_entry_id loop
    perform link_audit_entry(entry);
  end loop;
end $$;

-- Deferred to the commit: the head is the last thing that a transaction locks, so it can't be part
-- of a deadlock, and nobody waits for it longer than a commit takes.
create constraint trigger audit_entries_chained after insert on audit_entries
  deferrable initially deferred for each row execute function chain_audit_entry();

create index audit_entries_occurred_at on audit_entries (occurred_at);

-- Limits elsewhere -----------------------------------------------------------------------------------

-- Which budgets' raises are carried out where: limit_pushes of governance.yml.
create table limit_push_rules (
  position integer primary key,
  budget_id text not null,
  target text not null,
  unique (budget_id, target)
);

-- Claude Enterprise's requests for more, as last seen there.
create table limit_increase_requests (
  increase_request_id text primary key,
  user_id text not null,
  email text,
  period text not null,
  limit_usd numeric(30, 12),
  spend_usd numeric(30, 12),
  status text not null check (status in ('pending', 'approved', 'denied', 'gone')),
  approval_request_id text unique,
  problem text, -- why there is no card
  requested_at timestamptz not null,
  first_seen_at timestamptz not null,
  resolved_at timestamptz,
  check ((status = 'pending') = (resolved_at is null))
);
create index limit_increase_requests_pending on limit_increase_requests (requested_at) where status = 'pending';

-- One limit somewhere else that we have changed: what was there before, and what we last wrote.
create table limit_targets (
  target text not null,
  period text not null,
  own_limit_usd numeric(30, 12), -- null: it had none of its own, but inherited one
  last_written_usd numeric(30, 12), -- null: given back, nothing of ours stands there
  written_at timestamptz not null,
  primary key (target, period)
);

-- One change of one limit elsewhere, on its way there and back.
create table limit_pushes (
  limit_push_id uuid primary key,
  operation text not null check (operation in ('raise', 'approve_increase', 'deny_increase')),
  target text not null,
  rule_target text not null, -- as the rule says it, before a person was looked up
  period text not null,
  amount_usd numeric(30, 12) not null check (amount_usd >= 0),
  approval_request_id text not null,
  increase_request_id text,
  -- Who hears of it.
  requester_email text not null,
  decided_by text, -- null: granted automatically
  ends_at timestamptz, -- null: not undone
  direction text not null default 'forward' check (direction in ('forward', 'back')),
  status text not null check (status in ('pending', 'sending', 'done', 'unknown', 'failed', 'reversed')),
  -- What was there and what is to be there: written down before it is sent, so that a crash or a
  -- lost answer leaves no doubt which of the two it is.
  before_usd numeric(30, 12),
  before_is_own boolean,
  intended_usd numeric(30, 12),
  is_applied boolean not null default false, -- it was seen to stand there
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  leased_until timestamptz,
  detail text, -- what an operator reads: why it failed, or what was found
  version integer not null default 0, -- counts what people were told
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (approval_request_id, operation, rule_target),
  check (status <> 'sending' or leased_until is not null),
  check ((operation = 'raise') = (increase_request_id is null))
);
create index limit_pushes_due on limit_pushes (next_attempt_at) where status in ('pending', 'sending', 'unknown');
create index limit_pushes_target on limit_pushes (target, period) where status in ('sending', 'unknown');
create index limit_pushes_ending on limit_pushes (ends_at) where direction = 'forward' and ends_at is not null;
