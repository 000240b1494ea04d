/** What a person means by the name of a scope, and whether they may see its budgets. */
import type { Email } from "../../../domain/email.ts";
import { type Scope, typedScope } from "../../../domain/scope.ts";
import type { Sql } from "../../../store/database.ts";
import {
  findPerson,
  listTeams,
  loadOrganization,
  mayViewScope,
  type Organization,
  type Person,
  resolveScopeName,
  type Team,
} from "../../organization/index.ts";
import type { ScopeProblem } from "../messages/budgets.ts";
import { scopeName } from "../rules/names.ts";

/** The person who asks, and the organization as it is now. */
export interface Asking {
  readonly person: Person;
  readonly organization: Organization;
  readonly teams: readonly Team[];
  readonly nameOf: (scope: Scope) => string;
}

export async function loadAsking(sql: Sql, email: Email): Promise<Asking> {
  const person = await findPerson({ database: sql }, email);
  const organization = await loadOrganization({ database: sql });
  const teams = await listTeams({ database: sql });
  const named = { organizationName: organization.name, teams };
  return { person, organization, teams, nameOf: (scope) => scopeName(scope, named) };
}

/**
 * The scope called `text`; refused without a word about it when the person may not see it. What is
 * near is only named to those who may see it: a suggestion tells that something exists.
 */
export function resolveVisibleScope(
  text: string,
  asking: Asking,
): { readonly kind: "found"; readonly scope: Scope } | ScopeProblem {
  const { person, organization, teams, nameOf } = asking;
  const resolution = resolveScopeName(text, {
    me: person.email,
    organizationName: organization.name,
    teams,
  });
  if (resolution.kind === "unknown") {
    const nearest = resolution.nearest
      .filter((scope) => mayViewScope(person, scope, teams))
      .map((scope) => typedScope(scope, person.email));
    return { kind: "unknown-scope", text, nearest };
  }
  const { scope } = resolution;
  return mayViewScope(person, scope, teams)
    ? { kind: "found", scope }
    : { kind: "not-allowed", name: nameOf(scope) };
}
