-- Which of Anthropic's organizations the reports and lists here are of: the one whose admin key read
-- first. Ids of workspaces and keys are unique among all organizations, but the default workspace has
-- none in reports, and totals have no id at all: two organizations must never meet in one installation.
create table anthropic_organization (
  only_row boolean primary key default true check (only_row),
  organization_id text not null check (organization_id <> ''),
  first_seen_at timestamptz not null
);
create trigger anthropic_organization_append_only before update or delete on anthropic_organization
  for each row execute function refuse_change();
