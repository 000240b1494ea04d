/**
 * What people mean when they type the name of a scope. Forgiving about case, prefixes and names
 * instead of keys; never guessing: what is not known is answered with the nearest known scopes.
 * Slack's `<@U123|name>` is turned into an e-mail address by the caller.
 */
import { type Email, parseEmail } from "../../../domain/email.ts";
import {
  formatScope,
  ORG_SCOPE,
  parseScope,
  SCOPE_KINDS,
  type Scope,
} from "../../../domain/scope.ts";
import type { Team } from "../rules.ts";
import { nearestNames } from "./nearest-names.ts";

/** Everything that has a name. What is left out is taken as it was typed, without suggestions. */
export interface ScopeDirectory {
  /** Who is asking: what `me` means. */
  readonly me?: Email;
  readonly organizationName?: string;
  readonly teams: readonly Team[];
  readonly modelIds?: readonly string[];
  /** False: of what is unknown nothing near is looked for, which takes longest. */
  readonly suggests?: boolean;
}

export type ScopeResolution =
  | { readonly kind: "found"; readonly scope: Scope }
  | {
      readonly kind: "unknown";
      readonly nearest: readonly Scope[];
      /** Set: the nearest are all called exactly so. */
      readonly isAmbiguous?: true;
    };

/** A scope and everything that people call it. */
interface NamedScope {
  readonly scope: Scope;
  readonly names: readonly string[];
}

/** More are a list to read, not an answer. */
const NEAREST_MAX = 3;
/** As many as a row of buttons holds. */
const EQUALS_MAX = 5;

/** Finds the scope that `text` names; at most three nearest ones when it names none. */
export function resolveScopeName(text: string, directory: ScopeDirectory): ScopeResolution {
  const wanted = text
    .trim()
    .replace(/^[`"'“]+|[`"'”]+$/g, "")
    .trim();
  if (wanted === "") return { kind: "unknown", nearest: [] };
  if (/^(org|organization|organisation)$/i.test(wanted)) return found(ORG_SCOPE);
  if (/^me$/i.test(wanted) && directory.me !== undefined) {
    return found({ kind: "user", key: directory.me });
  }

  const prefixed = splitKind(wanted);
  if (prefixed !== undefined) return resolveOfKind(prefixed, directory);

  const email = parseEmail(wanted.replace(/^(?:mailto:|@)/i, ""));
  if (email !== undefined) return found({ kind: "user", key: email });

  if (directory.teams.some(({ key }) => key === wanted))
    return found({ kind: "team", key: wanted });
  const candidates = namedScopes(directory);
  const exact = matching(wanted, candidates);
  if (exact !== undefined) return exact;
  // "team-search", "project checkout", "the Search team" for team:search and project:checkout,
  // unless a team is really called so.
  const worded = splitKindWord(wanted);
  if (worded !== undefined) {
    const resolution = resolveOfKind(worded, directory);
    if (resolution.kind === "found" || resolution.nearest.length > 0) return resolution;
  }
  // "@bo" that Slack did not turn into an address: a person, but nobody is guessed.
  if (wanted.startsWith("@")) return unknown(wanted.slice(1), namedPeople, directory);
  return unknown(wanted, () => candidates, directory);
}

function resolveOfKind(
  { kind, key }: { readonly kind: Scope["kind"]; readonly key: string },
  directory: ScopeDirectory,
): ScopeResolution {
  switch (kind) {
    case "org":
      return found(ORG_SCOPE);
    case "team":
    case "project": {
      const candidates = namedScopes(directory).filter(({ scope }) => scope.kind === kind);
      return matching(key, candidates) ?? unknown(key, () => candidates, directory);
    }
    case "model": {
      if (directory.modelIds === undefined) return found({ kind, key });
      const candidates = namedScopes(directory).filter(({ scope }) => scope.kind === kind);
      return matching(key, candidates) ?? unknown(key, () => candidates, directory);
    }
    case "user": {
      if (/^me$/i.test(key) && directory.me !== undefined) {
        return found({ kind, key: directory.me });
      }
      const email = parseEmail(key);
      return email === undefined
        ? unknown(key, namedPeople, directory)
        : found({ kind, key: email });
    }
    case "api_key":
    case "workspace":
    case "tag": {
      const scope = parseScope(`${kind}:${key}`);
      return scope === undefined ? unknown(key, () => [], directory) : found(scope);
    }
  }
}

/** "Team: Search" → team, Search. Undefined when no kind of scope stands before the colon. */
function splitKind(
  text: string,
): { readonly kind: Scope["kind"]; readonly key: string } | undefined {
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  const prefix = text.slice(0, colon).trim().toLowerCase();
  const kind = SCOPE_KINDS.find((known) => known === prefix);
  const key = text.slice(colon + 1).trim();
  return kind === undefined || key === "" ? undefined : { kind, key };
}

/** "team-search", "Search team" → team, search. */
function splitKindWord(
  text: string,
): { readonly kind: Scope["kind"]; readonly key: string } | undefined {
  const before = /^(?:the )?(team|project|model|user|person)[-_ ]+(.+)$/i.exec(text);
  const after = /^(?:the )?(.+?)[-_ ]+(team|project)$/i.exec(text);
  const word = (before?.[1] ?? after?.[2])?.toLowerCase();
  const key = before?.[2] ?? after?.[1];
  const kind = word === "person" ? "user" : SCOPE_KINDS.find((known) => known === word);
  return kind === undefined || key === undefined ? undefined : { kind, key };
}

function namedScopes({ organizationName, teams, modelIds }: ScopeDirectory): NamedScope[] {
  return [
    ...teams.map((team) => ({
      scope: { kind: "team" as const, key: team.key },
      names: [team.key, team.name, ...(team.channel === undefined ? [] : [team.channel])],
    })),
    ...teams.flatMap((team) =>
      team.projects.map((key) => ({ scope: { kind: "project" as const, key }, names: [key] })),
    ),
    ...(modelIds ?? []).map((key) => ({ scope: { kind: "model" as const, key }, names: [key] })),
    {
      scope: ORG_SCOPE,
      names: ["org", "organization", ...(organizationName === undefined ? [] : [organizationName])],
    },
  ];
}

function namedPeople({ teams }: ScopeDirectory): NamedScope[] {
  const emails = new Set(teams.flatMap((team) => [...team.owners, ...team.members]));
  return [...emails].map((email) => ({
    scope: { kind: "user" as const, key: email },
    names: [email, email.slice(0, email.indexOf("@"))],
  }));
}

/**
 * The scope called `name`. A key, written exactly, wins over a key in other case, that over any
 * other name, and a team over a project over a model. Two scopes of one kind with the same name
 * are both offered instead of one being picked.
 */
function matching(name: string, candidates: readonly NamedScope[]): ScopeResolution | undefined {
  const folded = name.toLowerCase();
  const byKey = candidates.find(({ scope }) => scope.key === name);
  if (byKey !== undefined) return found(byKey.scope);
  const byKeyInAnyCase = candidates.filter(({ scope }) => scope.key.toLowerCase() === folded);
  const byName = candidates.filter(({ names }) =>
    names.some((one) => one.toLowerCase() === folded),
  );
  const [first, ...others] = byKeyInAnyCase.length > 0 ? byKeyInAnyCase : byName;
  if (first === undefined) return undefined;
  const equals = others.filter(({ scope }) => scope.kind === first.scope.kind);
  if (equals.length === 0) return found(first.scope);
  return {
    kind: "unknown",
    nearest: [first, ...equals].map(({ scope }) => scope).slice(0, EQUALS_MAX),
    isAmbiguous: true,
  };
}

function unknown(
  name: string,
  candidatesIn: (directory: ScopeDirectory) => readonly NamedScope[],
  directory: ScopeDirectory,
): ScopeResolution {
  if (directory.suggests === false) return { kind: "unknown", nearest: [] };
  const candidates = candidatesIn(directory);
  const nearest = nearestNames(
    name,
    candidates.flatMap(({ names }) => names),
  ).flatMap((near) =>
    candidates.filter(({ names }) => names.includes(near)).map(({ scope }) => scope),
  );
  return { kind: "unknown", nearest: nearestOf(nearest) };
}

/** A scope may be near by its key and by its name; it is offered once, at its best place. */
function nearestOf(scopes: readonly Scope[]): Scope[] {
  return [...new Map(scopes.map((scope) => [formatScope(scope), scope])).values()].slice(
    0,
    NEAREST_MAX,
  );
}

function found(scope: Scope): ScopeResolution {
  return { kind: "found", scope };
}
