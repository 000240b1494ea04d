/**
 * The scope that somebody means, if they may see it; else what to offer instead. One place decides
 * what a refusal tells: never the name of something that the person may not see. Pure.
 */
import {
  ORG_SCOPE,
  type Scope,
  type ScopeOption,
  type ScopeRefusal,
  typedScope,
} from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import {
  elsewhereUntil,
  mayViewScope,
  type Organization,
  type Person,
  seesEverything,
  type Team,
} from "../rules.ts";
import { resolveScopeName } from "./resolve-scope-name.ts";

/** The person who asks, and what has a name. */
export interface Asking {
  readonly person: Person;
  readonly organization: Pick<Organization, "name">;
  readonly teams: readonly Team[];
  readonly modelIds?: readonly string[];
  /** When what is to be shown begins; undefined: whenever the first of it was. */
  readonly since?: Instant;
  /** False: it is only asked whether the text names a scope; a refusal offers nothing near. */
  readonly suggests?: boolean;
}

export type ScopeFinding = { readonly kind: "found"; readonly scope: Scope } | ScopeRefusal;

/** More are a list to read, not an answer. */
const VIEWABLE_MAX = 5;

/** Suggestions are only what the person may see: a suggestion tells that something exists. */
export function findScope(text: string, asking: Asking): ScopeFinding {
  const { person, organization, teams, modelIds, suggests = true } = asking;
  const resolution = resolveScopeName(text, {
    me: person.email,
    organizationName: organization.name,
    teams,
    suggests,
    ...(modelIds === undefined ? {} : { modelIds }),
  });
  if (resolution.kind === "found") {
    return refusalOf(resolution.scope, text, asking) ?? resolution;
  }
  const nearest = resolution.nearest.filter((scope) =>
    mayViewScope(person, scope, teams, asking.since),
  );
  const [only] = nearest;
  // Of several of one name the one that the person may see is meant; nobody is told of the others.
  if (resolution.isAmbiguous === true && nearest.length === 1 && only !== undefined) {
    return { kind: "found", scope: only };
  }
  return {
    kind: "unknown-scope",
    text,
    nearest: nearest.map((scope) => optionOf(scope, asking)),
    isAmbiguous: resolution.isAmbiguous === true && nearest.length > 1,
    viewable: viewableScopes(asking),
  };
}

/** Undefined: they may see all of `scope` that is to be shown. */
export function refusalOf(scope: Scope, text: string, asking: Asking): ScopeRefusal | undefined {
  const { person, teams, since } = asking;
  if (mayViewScope(person, scope, teams, since)) return undefined;
  const until = mayViewScope({ ...person, elsewhere: [] }, scope, teams)
    ? elsewhereUntil(person, scope)
    : undefined;
  return {
    kind: "not-allowed",
    text,
    viewable: viewableScopes(asking),
    ...(until === undefined ? {} : { elsewhereUntil: until }),
  };
}

/**
 * A refusal that offers only what `isOffered`: what somebody may see is more than they may plan for
 * or read the audit trail of.
 */
export function offering(
  refusal: ScopeRefusal,
  asking: Asking,
  isOffered: (scope: Scope) => boolean,
): ScopeRefusal {
  const offered = (options: readonly ScopeOption[]): readonly ScopeOption[] =>
    options.filter(({ typed }) => {
      const finding = findScope(typed, { ...asking, suggests: false });
      return finding.kind === "found" && isOffered(finding.scope);
    });
  const viewable = offered(refusal.viewable);
  if (refusal.kind === "not-allowed") return { ...refusal, viewable };
  const nearest = offered(refusal.nearest);
  return {
    ...refusal,
    viewable,
    nearest,
    isAmbiguous: refusal.isAmbiguous && nearest.length > 1,
  };
}

/** What somebody may always ask for: the whole where they see it, some of their teams, themselves. */
export function viewableScopes(asking: Asking): readonly ScopeOption[] {
  const { person, teams } = asking;
  const theirs = teams.filter(
    ({ key }) => person.ownedTeams.includes(key) || person.memberTeams.includes(key),
  );
  const shown = theirs.length === 0 && seesEverything(person) ? teams : theirs;
  const scopes: readonly Scope[] = [
    ...(seesEverything(person) ? [ORG_SCOPE] : []),
    ...shown.map(({ key }): Scope => ({ kind: "team", key })).slice(0, VIEWABLE_MAX - 2),
    { kind: "user", key: person.email },
  ];
  return scopes.map((scope) => optionOf(scope, asking));
}

function optionOf(scope: Scope, { person, organization, teams }: Asking): ScopeOption {
  return {
    name: scope.key === person.email ? "Me" : scopeName(scope, teams, organization),
    typed: typedScope(scope, person.email),
  };
}

/** How people call a scope: a team by its name, the organization by its own. */
export function scopeName(
  scope: Scope,
  teams: readonly Team[],
  organization: Pick<Organization, "name">,
): string {
  switch (scope.kind) {
    case "org":
      return organization.name;
    case "team":
      return teams.find((team) => team.key === scope.key)?.name ?? scope.key;
    case "project":
    case "user":
    case "api_key":
    case "workspace":
    case "model":
    case "tag":
      return scope.key;
  }
}
