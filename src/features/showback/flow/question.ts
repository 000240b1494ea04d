/** What somebody asks about: a scope and a period as people type them, and whether they may. */
import type { Email } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import { type Scope, typedScope } from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import type { Database } from "../../../store/database.ts";
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
import { parseReportPeriod, type QuestionRefusal, type ReportPeriod } from "../rules.ts";
import { listModelIds } from "../store.ts";

export interface Question {
  readonly kind: "asked";
  readonly scope: Scope;
  readonly period: ReportPeriod;
  readonly person: Person;
  readonly teams: readonly Team[];
  readonly organization: Organization;
  readonly now: Instant;
}

/**
 * Understands `text`: a scope as people write it, then perhaps a period. The last words are the
 * period when they are one; month to date otherwise. Without a scope it is about `otherwise`.
 */
export async function readQuestion(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  asked: {
    readonly asker: Email;
    readonly text: string;
    readonly otherwise?: (person: Person) => string;
  },
): Promise<Question | QuestionRefusal> {
  const { asker, text, otherwise = () => "me" } = asked;
  const now = clock();
  const [person, teams, organization] = await Promise.all([
    findPerson({ database }, asker),
    listTeams({ database }),
    loadOrganization({ database }),
  ]);
  const { scopeText: typed, period } = splitPeriod(text, now, organization);
  const scopeText = typed === "" ? otherwise(person) : typed;
  const modelIds = await listModelIds(database);
  const directory = { me: asker, organizationName: organization.name, teams, modelIds };
  const resolution = resolveScopeName(scopeText, directory);
  const viewable = viewableScopes(person, teams);
  if (resolution.kind === "unknown") {
    // Suggesting what one may not see would tell that it exists.
    const nearest = resolution.nearest
      .filter((scope) => mayViewScope(person, scope, teams))
      .map((near) => typedScope(near, asker));
    return {
      kind: "unknown-scope",
      text: scopeText,
      nearest: nearest.length > 0 ? nearest : viewable,
    };
  }
  const { scope } = resolution;
  if (!mayViewScope(person, scope, teams)) {
    return { kind: "not-allowed", name: typedScope(scope, asker), viewable };
  }
  return { kind: "asked", scope, period, person, teams, organization, now };
}

/** The scope's part of a text, empty when there is none, and the period that ends it. */
export function splitPeriod(
  text: string,
  now: Instant,
  { timeZone }: Organization,
): { readonly scopeText: string; readonly period: ReportPeriod } {
  const words = text.trim().split(/\s+/);
  for (const count of [2, 1]) {
    const period =
      words.length >= count
        ? parseReportPeriod(words.slice(-count).join(" "), now, timeZone)
        : undefined;
    if (period !== undefined) return { scopeText: words.slice(0, -count).join(" "), period };
  }
  const monthToDate = parseReportPeriod("mtd", now, timeZone);
  if (monthToDate === undefined)
    throw new AppError({ code: "internal", message: "mtd is a period" });
  return { scopeText: text.trim(), period: monthToDate };
}

/** What to offer somebody instead of what they asked for, as they would type it. */
function viewableScopes(person: Person, teams: readonly Team[]): string[] {
  const own = teams
    .map((team): Scope => ({ kind: "team", key: team.key }))
    .filter((scope) => mayViewScope(person, scope, teams))
    .map((scope) => typedScope(scope));
  return [...(person.isAdmin ? ["org"] : []), ...own.slice(0, 5), "me"];
}
