-- Several Slack workspaces of one organization, each with a token of its own (ADR 0032). With one
-- workspace by SLACK_BOT_TOKEN these tables stay empty.

create table slack_installations (
  -- Slack's id: 'T…' of a workspace, or 'E…' of an Enterprise Grid that installed for all of them.
  slack_installation_id text primary key check (slack_installation_id ~ '^[TE][A-Z0-9]+$'),
  name text not null,
  enterprise_id text,
  -- The workspaces that the token speaks for; of a single workspace: itself.
  slack_team_ids text[] not null check (cardinality(slack_team_ids) > 0),
  -- AES-256-GCM under SECRETS_KEY, bound to the id of this row. Gone once it is revoked.
  bot_token bytea,
  bot_user_id text not null,
  scopes text[] not null,
  installed_by text not null, -- the Slack user who pressed "Allow"
  first_installed_at timestamptz not null, -- the first workspace of all is what "#name" means
  installed_at timestamptz not null,
  revoked_at timestamptz,
  revoked_because text,
  check ((bot_token is null) = (revoked_at is not null)),
  check ((revoked_at is null) = (revoked_because is null))
);

-- Who may install: whoever has a link that an operator made, once.
create table slack_install_links (
  link_sha256 bytea primary key, -- the link itself is shown once and kept nowhere
  only_for text, -- the workspace or Enterprise Grid that it is for; null: any
  made_by text not null,
  made_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);

-- Where there are several workspaces, slack_user_id is 'T…/U…' and this its first part. Direct
-- messages go to the one that the person used last.
alter table slack_users
  add column slack_team_id text,
  add column last_used_at timestamptz;
