/**
 * The organization, the SQL. Owns: organization_settings, admins, finance_members, teams, team_members, projects,
 * service_accounts.
 * They are a copy of the governance document in a form that SQL can join, so they are replaced as
 * a whole and never edited.
 */
import { type Email, emailFrom } from "../../domain/email.ts";
import type { Scope } from "../../domain/scope.ts";
import { timeZone, WEEKDAYS } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import type { Organization, Person, ServiceAccount, Team } from "./rules.ts";
import { PERSON_COLUMNS, PERSON_TABLES, type PersonRow, personFromRow } from "./store/people.ts";

/** Replaces the organization, its admins, teams, people and projects. Call it in a transaction. */
export async function replaceOrganization(
  sql: Sql,
  {
    organization,
    teams,
    serviceAccounts = [],
  }: {
    readonly organization: Organization;
    readonly teams: readonly Team[];
    readonly serviceAccounts?: readonly ServiceAccount[];
  },
): Promise<void> {
  await sql.query(
    `insert into organization_settings as s (name, time_zone, week_starts_on, finops_channel,
                                            fiscal_month_starts_on, fiscal_year_starts_in)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (only_row) do update
        set name = excluded.name, time_zone = excluded.time_zone,
            week_starts_on = excluded.week_starts_on, finops_channel = excluded.finops_channel,
            fiscal_month_starts_on = excluded.fiscal_month_starts_on,
            fiscal_year_starts_in = excluded.fiscal_year_starts_in`,
    [
      organization.name,
      organization.timeZone,
      organization.weekStartsOn,
      organization.finopsChannel ?? null,
      organization.fiscalMonthStartsOn ?? 1,
      organization.fiscalYearStartsIn ?? 1,
    ],
  );
  await sql.query(`delete from admins`);
  await sql.query(`insert into admins (email) select unnest($1::text[])`, [organization.admins]);
  await sql.query(`delete from finance_members`);
  await sql.query(`insert into finance_members (email) select unnest($1::text[])`, [
    organization.finance ?? [],
  ]);
  await replaceTeams(sql, teams);
  await replaceServiceAccounts(sql, serviceAccounts);
}

async function replaceServiceAccounts(
  sql: Sql,
  accounts: readonly ServiceAccount[],
): Promise<void> {
  await sql.query(`delete from service_accounts`);
  for (const account of accounts) {
    // oxlint-disable-next-line no-await-in-loop -- arrays of arrays have no unnest; they are few
    await sql.query(
      `insert into service_accounts (address, name, kind, responsible, team_key, ids)
       values ($1, $2, $3, $4, $5, $6)`,
      [
        account.address,
        account.name,
        account.kind,
        account.responsible,
        account.team ?? null,
        account.ids,
      ],
    );
  }
}

/** All service accounts and agents, by address. */
export async function listServiceAccounts(sql: Sql): Promise<ServiceAccount[]> {
  const { rows } = await sql.query<{
    readonly address: string;
    readonly name: string;
    readonly kind: "service_account" | "agent";
    readonly responsible: string;
    readonly team_key: string | null;
    readonly ids: string[];
  }>(
    `select s.address, s.name, s.kind, s.responsible, s.team_key, s.ids
       from service_accounts s
      order by s.address`,
  );
  return rows.map((row) => ({
    address: emailFrom(row.address),
    name: row.name,
    kind: row.kind,
    responsible: emailFrom(row.responsible),
    ...(row.team_key === null ? {} : { team: row.team_key }),
    ids: row.ids,
  }));
}

async function replaceTeams(sql: Sql, teams: readonly Team[]): Promise<void> {
  await sql.query(`delete from teams`); // Members and projects go with their team.
  await sql.query(
    `insert into teams (team_key, name, channel, cost_center)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])`,
    [
      teams.map((team) => team.key),
      teams.map((team) => team.name),
      teams.map((team) => team.channel ?? null),
      teams.map((team) => team.costCenter ?? null),
    ],
  );
  const people = teams.flatMap((team) => [
    ...team.owners.map((email) => ({ teamKey: team.key, email, role: "owner" })),
    ...team.members.map((email) => ({ teamKey: team.key, email, role: "member" })),
  ]);
  await sql.query(
    `insert into team_members (team_key, email, role)
     select * from unnest($1::text[], $2::text[], $3::text[])`,
    [
      people.map(({ teamKey }) => teamKey),
      people.map(({ email }) => email),
      people.map(({ role }) => role),
    ],
  );
  const projects = teams.flatMap((team) =>
    team.projects.map((key) => ({ key, teamKey: team.key })),
  );
  await sql.query(
    `insert into projects (project_key, team_key) select * from unnest($1::text[], $2::text[])`,
    [projects.map(({ key }) => key), projects.map(({ teamKey }) => teamKey)],
  );
}

interface OrganizationRow {
  readonly name: string;
  readonly time_zone: string;
  readonly week_starts_on: string;
  readonly finops_channel: string | null;
  readonly fiscal_month_starts_on: number;
  readonly fiscal_year_starts_in: number;
  readonly admins: string[];
  readonly finance: string[];
}

const ORGANIZATION_COLUMNS = `s.name, s.time_zone, s.week_starts_on, s.finops_channel,
            s.fiscal_month_starts_on, s.fiscal_year_starts_in,
            array(select a.email from admins a order by a.email) as admins,
            array(select f.email from finance_members f order by f.email) as finance`;

/** Undefined until a governance document was applied. */
export async function findOrganization(sql: Sql): Promise<Organization | undefined> {
  const { rows } = await sql.query<OrganizationRow>(
    `select ${ORGANIZATION_COLUMNS} from organization_settings s`,
  );
  return rows[0] === undefined ? undefined : organizationFromRow(rows[0]);
}

function organizationFromRow(row: OrganizationRow): Organization {
  return {
    name: row.name,
    timeZone: timeZone(row.time_zone),
    weekStartsOn: WEEKDAYS.find((weekday) => weekday === row.week_starts_on) ?? "monday",
    fiscalMonthStartsOn: row.fiscal_month_starts_on,
    fiscalYearStartsIn: row.fiscal_year_starts_in,
    ...(row.finops_channel === null ? {} : { finopsChannel: row.finops_channel }),
    admins: row.admins.map(emailFrom),
    ...(row.finance.length === 0 ? {} : { finance: row.finance.map(emailFrom) }),
  };
}

/** The organization, the revision of its teams and one person in one go; undefined before governance. */
export async function findAsker(
  sql: Sql,
  email: Email,
): Promise<
  | {
      readonly person: Person;
      readonly organization: Organization;
      readonly revision: string;
    }
  | undefined
> {
  // Prepared: nearly every question begins with it, and planning it takes longer than doing it.
  const { rows } = await sql.query<OrganizationRow & PersonRow & { readonly revision: string }>({
    name: "asker",
    text: `${PERSON_TABLES}
     select ${ORGANIZATION_COLUMNS}, s.revision::text as revision, ${PERSON_COLUMNS}
       from organization_settings s`,
    values: [email],
  });
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    person: personFromRow(email, row),
    organization: organizationFromRow(row),
    revision: row.revision,
  };
}

/** All teams, by key, with their people and projects in alphabetical order; or the one that `of` is, or belongs to. */
export async function listTeams(sql: Sql, of?: Scope): Promise<Team[]> {
  const { rows } = await sql.query<{
    readonly team_key: string;
    readonly name: string;
    readonly channel: string | null;
    readonly cost_center: string | null;
    readonly owners: string[];
    readonly members: string[];
    readonly projects: string[];
  }>(
    `select t.team_key, t.name, t.channel, t.cost_center,
            array(select m.email from team_members m
                   where m.team_key = t.team_key and m.role = 'owner' order by m.email) as owners,
            array(select m.email from team_members m
                   where m.team_key = t.team_key and m.role = 'member' order by m.email) as members,
            array(select p.project_key from projects p
                   where p.team_key = t.team_key order by p.project_key) as projects
       from teams t
      where $1::text is null
         or ($1 = 'team' and t.team_key = $2)
         or ($1 = 'project'
             and t.team_key in (select p.team_key from projects p where p.project_key = $2))
      order by t.team_key`,
    [of?.kind ?? null, of?.key ?? null],
  );
  return rows.map((row) => ({
    key: row.team_key,
    name: row.name,
    ...(row.channel === null ? {} : { channel: row.channel }),
    ...(row.cost_center === null ? {} : { costCenter: row.cost_center }),
    owners: row.owners.map(emailFrom),
    members: row.members.map(emailFrom),
    projects: row.projects,
  }));
}

/** Another one whenever teams, people in them or projects change; undefined before governance. */
export async function findRevision(sql: Sql): Promise<string | undefined> {
  const { rows } = await sql.query<{ readonly revision: string }>(
    `select s.revision::text as revision from organization_settings s`,
  );
  return rows[0]?.revision;
}
