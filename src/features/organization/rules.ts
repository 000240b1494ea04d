/**
 * The organization, its teams and people: who may see and change what. Pure. What a name that
 * somebody typed means is rules/resolve-scope-name.ts.
 */
import type { Email } from "../../domain/email.ts";
import type { Scope } from "../../domain/scope.ts";
import type { Instant, TimeZone, Weekday } from "../../domain/time.ts";

export interface Organization {
  readonly name: string;
  readonly timeZone: TimeZone;
  readonly weekStartsOn: Weekday;
  /** Where fiscal months begin, 1 to 28, and in which month, 1 to 12, fiscal years do. Default 1. */
  readonly fiscalMonthStartsOn?: number;
  readonly fiscalYearStartsIn?: number;
  /** "#finops" or a channel id: where news that concerns everybody's money goes. */
  readonly finopsChannel?: string;
  readonly admins: readonly Email[];
  /** Who sees everything and changes nothing. Default nobody. */
  readonly finance?: readonly Email[];
}

export interface Team {
  readonly key: string;
  readonly name: string;
  readonly channel?: string;
  readonly costCenter?: string;
  /** May see each person's amounts in this team. Owners belong to the team without being members. */
  readonly owners: readonly Email[];
  readonly members: readonly Email[];
  /** Keys; a project belongs to one team. */
  readonly projects: readonly string[];
}

/** An owner that is no person: reports and budgets call it by its address. */
export interface ServiceAccount {
  readonly address: Email;
  readonly name: string;
  readonly kind: "service_account" | "agent";
  /** A person, or another service account that answers to one. */
  readonly responsible: Email;
  readonly team?: string;
  /** Under which ids it uses Claude: "api_key:apikey_02". */
  readonly ids: readonly string[];
}

/** Somebody, as far as authority goes. Who stands nowhere in the governance is a person too. */
export interface Person {
  readonly email: Email;
  readonly isAdmin: boolean;
  /** Sees what admins see and changes nothing. Default no. */
  readonly isFinance?: boolean;
  readonly ownedTeams: readonly string[];
  readonly memberTeams: readonly string[];
  /** People and projects of the teams that they own, some of whose spend is another team's. */
  readonly elsewhere?: readonly Elsewhere[];
  /** Service accounts and agents that are theirs to look after, also through another one. */
  readonly answersFor?: readonly Email[];
}

/** Spend belongs to the team it was allocated to when it happened, wherever its person is now. */
export interface Elsewhere {
  readonly scope: Scope;
  /** When the last of it was over. */
  readonly until: Instant;
}

/** Whether `person` may see everything that anybody spent: admins, who may change it too, and finance. */
export function seesEverything(person: Person): boolean {
  return person.isAdmin || person.isFinance === true;
}

/** Whether `person` owns the team or is a member of it. */
function belongsToTeam(person: Person, teamKey: string): boolean {
  return person.ownedTeams.includes(teamKey) || person.memberTeams.includes(teamKey);
}

/**
 * Whether `person` may see the total of `scope`: admins and finance everything; people of a team its total and
 * its projects; everybody their own, and that of programs that they answer for. An owner also sees a person all of whose teams are the
 * owner's, as far back as all that they spent belongs to those: then nothing of another team shows through. Whatever cuts across teams
 * (the organization, a model, a key, a workspace, a tag) is for admins and finance.
 *
 * `since`: what is shown begins then; without it, whenever the first of it was.
 */
export function mayViewScope(
  person: Person,
  scope: Scope,
  teams: readonly Team[],
  since?: Instant,
): boolean {
  if (seesEverything(person)) return true;
  switch (scope.kind) {
    case "team":
      return belongsToTeam(person, scope.key);
    case "project": {
      const team = teamOfProject(scope.key, teams);
      return team !== undefined && belongsToTeam(person, team.key);
    }
    case "user":
      return (
        scope.key === person.email ||
        (person.answersFor ?? []).some((address) => address === scope.key) ||
        (ownsAllTeamsOf(person, scope.key, teams) && !isElsewhere(person, scope, since))
      );
    case "org":
    case "api_key":
    case "workspace":
    case "model":
    case "tag":
      return false;
  }
}

/**
 * Whether `person` may see who in `scope` spent how much: admins, finance, owners in their team. Of a
 * project that was another team's before, as far back as it is theirs; `since` as above.
 */
export function mayViewPeopleOf(
  person: Person,
  scope: Scope,
  teams: readonly Team[],
  since?: Instant,
): boolean {
  if (seesEverything(person)) return true;
  switch (scope.kind) {
    case "team":
      return person.ownedTeams.includes(scope.key);
    case "project":
      return ownsProject(person, scope, teams) && !isElsewhere(person, scope, since);
    case "user":
      return mayViewScope(person, scope, teams, since);
    case "org":
    case "api_key":
    case "workspace":
    case "model":
    case "tag":
      return false;
  }
}

/**
 * Whether `person` may say what is to be expected of `scope`, which mutes alerts: admins, and owners
 * inside their team, whatever was before. Finance only sees.
 */
export function mayPlanFor(person: Person, scope: Scope, teams: readonly Team[]): boolean {
  return mayViewPeopleOf({ ...person, isFinance: false, elsewhere: [] }, scope, teams);
}

/**
 * Whether `person` may set the limit of `scope` without asking: admins any; owners that of their
 * team's projects and people. A team's own limit is what its owners were given: changing it
 * directly would make approvals pointless, so they ask for a raise.
 */
export function mayChangeBudget(person: Person, scope: Scope, teams: readonly Team[]): boolean {
  if (person.isAdmin) return true;
  switch (scope.kind) {
    case "project":
      return ownsProject(person, scope, teams);
    case "user":
      return scope.key !== person.email && ownsAllTeamsOf(person, scope.key, teams);
    case "team":
    case "org":
    case "api_key":
    case "workspace":
    case "model":
    case "tag":
      return false;
  }
}

/** When the spend of `scope` that belongs to teams of others was over; undefined: all is theirs. */
export function elsewhereUntil(person: Person, scope: Scope): Instant | undefined {
  return person.elsewhere?.find(
    (one) => one.scope.kind === scope.kind && one.scope.key === scope.key,
  )?.until;
}

function isElsewhere(person: Person, scope: Scope, since: Instant | undefined): boolean {
  const until = elsewhereUntil(person, scope);
  return until !== undefined && (since === undefined || since < until);
}

function ownsProject(person: Person, { key }: Scope, teams: readonly Team[]): boolean {
  const team = teamOfProject(key, teams);
  return team !== undefined && person.ownedTeams.includes(team.key);
}

function teamOfProject(projectKey: string, teams: readonly Team[]): Team | undefined {
  return teams.find((team) => team.projects.includes(projectKey));
}

function ownsAllTeamsOf(person: Person, email: string, teams: readonly Team[]): boolean {
  const theirs = teams.filter((team) =>
    [...team.owners, ...team.members].some((one) => one === email),
  );
  return theirs.length > 0 && theirs.every((team) => person.ownedTeams.includes(team.key));
}
