/** What a person means by the name of a scope, and whether they may see its budgets. */
import type { Email } from "../../../domain/email.ts";
import type { Scope } from "../../../domain/scope.ts";
import { addMs, DAY_MS, type Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { scopeName } from "../../alerts/index.ts";
import {
  findPerson,
  listTeams,
  loadOrganization,
  type Organization,
  type Person,
  type Team,
} from "../../organization/index.ts";

/** The person who asks, and the organization as it is now. */
export interface Asking {
  readonly person: Person;
  readonly organization: Organization;
  readonly teams: readonly Team[];
  readonly nameOf: (scope: Scope) => string;
  /** What is told of budgets is not older. */
  readonly since: Instant;
}

/** The longest period is a year; forecasts look back less. */
const SHOWN_DAYS = 366;

export async function loadAsking(sql: Sql, email: Email, now: Instant): Promise<Asking> {
  const person = await findPerson({ database: sql }, email);
  const organization = await loadOrganization({ database: sql });
  const teams = await listTeams({ database: sql });
  const named = { organizationName: organization.name, teams };
  return {
    person,
    organization,
    teams,
    nameOf: (scope) => scopeName(scope, named),
    since: addMs(now, -SHOWN_DAYS * DAY_MS),
  };
}
