-- Every version of the governance document with where it came from and what it changed; what the
-- governance file last was; and what the set-up in Slack has to remember.

-- From where: {"via": "slack" | "api" | "cli" | "file", …}. Null: of before, or by the program itself.
alter table governance_documents
  add column origin jsonb,
  -- What this version changed against the one before, a line each. Null: of before.
  add column changes text[],
  -- The earlier version whose text this one has again.
  add column restored_version integer references governance_documents (version);

-- The content of GOVERNANCE_FILE when it was in force last, and the version that was in force then.
-- A file that still says the same at the next start has nothing new to say, whatever was edited since.
create table governance_file (
  only_row boolean primary key default true check (only_row),
  content_sha256 text not null,
  version integer not null check (version > 0),
  seen_at timestamptz not null
);

-- Lets one person become the first admin, where nobody is one. Gone when there is an admin.
create table setup_code (
  only_row boolean primary key default true check (only_row),
  code text not null,
  made_at timestamptz not null,
  claimed_by text check (claimed_by = lower(claimed_by)), -- who typed it, by address
  claimed_at timestamptz,
  check ((claimed_by is null) = (claimed_at is null))
);

-- Whether the bot can post where it was told to: it said hello there, once.
create table channel_checks (
  channel text primary key, -- "#name" or an id, as in the governance document
  status text not null check (status in ('posting', 'posted', 'refused')),
  problem text, -- what Slack answered
  checked_at timestamptz not null,
  check ((status = 'refused') = (problem is not null))
);

-- Sources made during the set-up, whose first event somebody waits for.
create table awaited_sources (
  source text primary key,
  asked_by text not null check (asked_by = lower(asked_by)),
  asked_at timestamptz not null,
  told_at timestamptz -- when they were told that it came
);
