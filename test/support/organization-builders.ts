/** Builders for teams and people. */
import { emailFrom } from "../../src/domain/email.ts";
import type { Person, Team } from "../../src/features/organization/index.ts";

export function aTeam(overrides: Partial<Team> = {}): Team {
  return { key: "search", name: "Search", owners: [], members: [], projects: [], ...overrides };
}

export function aPerson(overrides: Partial<Person> = {}): Person {
  return {
    email: emailFrom("bo@acme.test"),
    isAdmin: false,
    ownedTeams: [],
    memberTeams: [],
    ...overrides,
  };
}
