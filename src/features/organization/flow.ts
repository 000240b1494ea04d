/** The organization, the steps. Everything here only looks; governance writes. */
import type { Email } from "../../domain/email.ts";
import type { Scope } from "../../domain/scope.ts";
import { timeZone } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import type { Organization, Person, Team } from "./rules.ts";
import { loadPerson } from "./store/people.ts";
import * as store from "./store.ts";

interface Deps {
  /** The pool, or the transaction of a caller that needs one picture. */
  readonly database: Sql;
}

/** What holds until somebody applies a governance document. */
const ORGANIZATION_BEFORE_GOVERNANCE: Organization = {
  name: "Organization",
  timeZone: timeZone("UTC"),
  weekStartsOn: "monday",
  fiscalMonthStartsOn: 1,
  fiscalYearStartsIn: 1,
  admins: [],
};

/** The authority of whoever has that address; somebody who stands nowhere has none. */
export async function findPerson({ database }: Deps, email: Email): Promise<Person> {
  return await loadPerson(database, email);
}

export async function loadOrganization({ database }: Deps): Promise<Organization> {
  return (await store.findOrganization(database)) ?? ORGANIZATION_BEFORE_GOVERNANCE;
}

/** Who asks, and the organization as it is now: what nearly every question begins with. */
export async function loadAsker(
  { database }: Deps,
  email: Email,
): Promise<{
  readonly person: Person;
  readonly teams: readonly Team[];
  readonly organization: Organization;
}> {
  const asker = await store.findAsker(database, email);
  if (asker === undefined) {
    return {
      person: await findPerson({ database }, email),
      teams: await listTeams({ database }),
      organization: ORGANIZATION_BEFORE_GOVERNANCE,
    };
  }
  const { person, organization, revision } = asker;
  return { person, organization, teams: await teamsOf(database, revision) };
}

/** All teams by key, with owners, members and projects; or the one that `of` is, or belongs to. */
export async function listTeams({ database }: Deps, of?: Scope): Promise<Team[]> {
  if (of !== undefined) return await store.listTeams(database, of);
  // Read before the teams: what changes meanwhile is read again the next time.
  const revision = await store.findRevision(database);
  return await teamsOf(database, revision);
}

async function teamsOf(database: Sql, revision: string | undefined): Promise<Team[]> {
  const known = teamsRead.get(database);
  if (revision !== undefined && known?.revision === revision) return [...known.teams];
  const teams = await store.listTeams(database);
  if (revision !== undefined) teamsRead.set(database, { revision, teams });
  return [...teams];
}

/** What was read last through each connection or pool: everybody's question begins with the teams. */
const teamsRead = new WeakMap<
  Sql,
  { readonly revision: string; readonly teams: readonly Team[] }
>();
