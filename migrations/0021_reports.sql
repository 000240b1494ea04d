-- People who see all spend and change nothing: a copy of the governance document, as admins are.
create table finance_members (email text primary key check (email = lower(email)));

-- Another one whenever teams, their people or projects change, by whatever statement: what was read
-- under the same revision is still true, so that a question need not read a thousand teams again.
alter table organization_settings add column revision uuid not null default gen_random_uuid();

create function organization_changed() returns trigger language plpgsql as $$
begin
  update organization_settings set revision = gen_random_uuid();
  return null;
end
$$;

create trigger teams_changed after insert or update or delete or truncate on teams
  for each statement execute function organization_changed();
create trigger team_members_changed after insert or update or delete or truncate on team_members
  for each statement execute function organization_changed();
create trigger projects_changed after insert or update or delete or truncate on projects
  for each statement execute function organization_changed();
