/** What a person means by the name of a scope, and whether they may see its budgets. */
import type { Email } from "../../../domain/email.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Sql } from "../../../store/database.ts";
import { scopeName } from "../../alerts/index.ts";
import {
  findPerson,
  findScope,
  listTeams,
  loadOrganization,
  type Organization,
  type Person,
  type Team,
} from "../../organization/index.ts";
import type { ScopeProblem } from "../messages/budgets.ts";

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

/** The scope called `text` for a command that asks for something; says only what may be known. */
export function resolveVisibleScope(
  text: string,
  asking: Asking,
): { readonly kind: "found"; readonly scope: Scope } | ScopeProblem {
  const finding = findScope(text, asking);
  switch (finding.kind) {
    case "found":
      return finding;
    case "unknown-scope":
      return { kind: "unknown-scope", text, nearest: finding.nearest.map(({ typed }) => typed) };
    case "not-allowed":
      return { kind: "not-allowed", name: finding.text };
  }
}
