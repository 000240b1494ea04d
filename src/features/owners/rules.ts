/**
 * What belongs to nobody, and which rule would catch it. Pure. A suggestion says how much it would
 * have moved; suggestions overlap, so each amount is what that rule would have moved alone.
 */
import type { Email } from "../../domain/email.ts";
import { sumUsd, type Usd, ZERO_USD } from "../../domain/money.ts";
import type { Instant } from "../../domain/time.ts";

/** Spend of one owner-less combination. */
export interface UnallocatedSpend {
  readonly userEmail: Email | undefined;
  readonly apiKeyId: string | undefined;
  readonly workspaceId: string | undefined;
  readonly amount: Usd;
}

/** Spend without a team that carries a tag. */
export interface TaggedSpend {
  readonly name: string;
  readonly value: string;
  readonly source: string;
  readonly amount: Usd;
}

export interface ListedKey {
  readonly id: string;
  readonly name: string | undefined;
  readonly workspaceId: string | undefined;
  /** Usable, as far as Anthropic says. */
  readonly isActive: boolean;
  /** Anthropic listed it once and does no more, or it was archived. */
  readonly isGone: boolean;
  readonly createdBy: Email | undefined;
}

export interface ListedWorkspace {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly isGone: boolean;
}

interface Team {
  readonly key: string;
  readonly name: string;
  readonly costCenter?: string;
  readonly owners: readonly Email[];
  readonly members: readonly Email[];
}

/** All that is known when owners are looked for. */
export interface Known {
  readonly teams: readonly Team[];
  /** Known without a team: admins and finance. */
  readonly admins: readonly Email[];
  readonly serviceAccounts: readonly { readonly address: Email; readonly ids: readonly string[] }[];
  readonly rules: readonly {
    readonly match: { readonly apiKeyId?: string; readonly workspaceId?: string };
  }[];
  readonly keys: readonly ListedKey[];
  readonly workspaces: readonly ListedWorkspace[];
}

export interface Suggestion {
  readonly by: "api_key" | "workspace" | "email_domain" | "tag";
  /** "apikey_01", "*@acme.test", "env=prod". */
  readonly what: string;
  /** What people call it, where it has a name. */
  readonly name: string | undefined;
  /** The likely owner; undefined: nothing tells. */
  readonly team: string | undefined;
  /** Why that team. */
  readonly because: string | undefined;
  readonly amount: Usd;
  /** A line for `allocation` of the governance document. */
  readonly yaml: string;
}

/** What nobody's team spent lately. */
export interface UnallocatedReport {
  readonly days: number;
  readonly asOf: Instant;
  readonly total: Usd;
  readonly suggestions: readonly Suggestion[];
  /** Ids of people that nobody is linked to, by what they spent. */
  readonly unlinked: readonly { readonly name: string; readonly amount: Usd }[];
}

const SUGGESTIONS_MAX = 20;
/** Tags that name a person by an id are about people, not about rules. */
export const ID_TAG_NAMES = [
  "user_id",
  "user.id",
  "user.account_id",
  "user.account_uuid",
  "slack_user_id",
  "anthropic_user_id",
];

/** Rules that would catch spend without a team, the one that moves most first. */
export function suggestRules(
  spend: readonly UnallocatedSpend[],
  tagged: readonly TaggedSpend[],
  known: Known,
): readonly Suggestion[] {
  return [
    ...grouped(spend, ({ apiKeyId }) => apiKeyId).map(([id, amount]) =>
      keySuggestion(id, amount, known),
    ),
    ...grouped(spend, ({ workspaceId }) => workspaceId).map(([id, amount]) =>
      workspaceSuggestion(id, amount, known),
    ),
    ...grouped(spend, ({ userEmail }) => userEmail?.split("@")[1]).map(([domain, amount]) =>
      domainSuggestion(domain, amount, known),
    ),
    ...grouped(
      tagged.filter(({ name }) => !ID_TAG_NAMES.includes(name)),
      ({ name, value }) => JSON.stringify([name, value]),
    ).map(([tag, amount]) => tagSuggestion(tag, amount, known)),
  ]
    .filter(({ amount }) => amount > ZERO_USD)
    .toSorted((left, right) => {
      if (left.amount === right.amount) return left.what < right.what ? -1 : 1;
      return left.amount > right.amount ? -1 : 1;
    })
    .slice(0, SUGGESTIONS_MAX);
}

type Guess = { readonly team: string; readonly because: string } | undefined;

function keySuggestion(id: string, amount: Usd, known: Known): Suggestion {
  const key = known.keys.find((one) => one.id === id);
  const guess =
    (key?.createdBy === undefined
      ? undefined
      : teamOfPerson(key.createdBy, known, `${key.createdBy} created the key`)) ??
    teamOfWorkspace(key?.workspaceId, known);
  const match = `{ api_key_id: ${quoted(id)} }`;
  return suggestion({ by: "api_key", what: id, name: key?.name, amount, match, guess });
}

function workspaceSuggestion(id: string, amount: Usd, known: Known): Suggestion {
  const name = known.workspaces.find((one) => one.id === id)?.name;
  const match = `{ workspace_id: ${quoted(id)} }`;
  const guess = teamOfWorkspace(id, known);
  return suggestion({ by: "workspace", what: id, name, amount, match, guess });
}

/** The team whose people all have that domain, when there is one such team only. */
function domainSuggestion(domain: string, amount: Usd, known: Known): Suggestion {
  const ofDomain = known.teams.filter((team) => {
    const people = [...team.owners, ...team.members];
    return people.length > 0 && people.every((email) => email.endsWith(`@${domain}`));
  });
  const [only] = ofDomain;
  const isClear = ofDomain.length === 1 && !usedElsewhere(domain, only, known);
  const guess: Guess =
    isClear && only !== undefined
      ? { team: only.key, because: "only its people have addresses there" }
      : undefined;
  const what = `*@${domain}`;
  const match = `{ user_email: ${quoted(what)} }`;
  return suggestion({ by: "email_domain", what, name: undefined, amount, match, guess });
}

function usedElsewhere(domain: string, only: Team | undefined, { teams }: Known): boolean {
  return teams.some(
    (team) =>
      team !== only &&
      [...team.owners, ...team.members].some((email) => email.endsWith(`@${domain}`)),
  );
}

function tagSuggestion(tag: string, amount: Usd, known: Known): Suggestion {
  const [name = "", value = ""] = parsedPair(tag);
  const guess = teamCalled(value, known, `the tag ${name} says so`);
  const match = `{ tags: { ${quoted(name)}: ${quoted(value)} } }`;
  return suggestion({ by: "tag", what: `${name}=${value}`, name: undefined, amount, match, guess });
}

function parsedPair(text: string): readonly string[] {
  const pair: unknown = JSON.parse(text);
  return Array.isArray(pair) ? pair.map(String) : [];
}

function suggestion(parts: {
  readonly by: Suggestion["by"];
  readonly what: string;
  readonly name: string | undefined;
  readonly amount: Usd;
  readonly match: string;
  readonly guess: Guess;
}): Suggestion {
  const { match, guess, ...rest } = parts;
  const to = guess === undefined ? "TEAM" : quoted(guess.team);
  return {
    ...rest,
    team: guess?.team,
    because: guess?.because,
    yaml: `- { match: ${match}, to: { team: ${to} } }`,
  };
}

function teamOfPerson(email: Email, { teams }: Known, because: string): Guess {
  const theirs = teams.filter(({ owners, members }) => [...owners, ...members].includes(email));
  const [only] = theirs;
  return only === undefined || theirs.length > 1 ? undefined : { team: only.key, because };
}

/** A workspace whose tags, or whose name, are a team's. */
function teamOfWorkspace(id: string | undefined, known: Known): Guess {
  const workspace = known.workspaces.find((one) => one.id === id);
  if (workspace === undefined) return undefined;
  for (const [name, value] of Object.entries(workspace.tags)) {
    const guess = teamCalled(value, known, `the workspace's tag ${name} says so`);
    if (guess !== undefined) return guess;
  }
  return teamCalled(workspace.name, known, "the workspace has its name");
}

function teamCalled(text: string, { teams }: Known, because: string): Guess {
  const folded = text.toLowerCase();
  const team = teams.find(({ key, name, costCenter }) =>
    [key, name, costCenter].some((called) => called?.toLowerCase() === folded),
  );
  return team === undefined ? undefined : { team: team.key, because };
}

/** Always in quotes: valid YAML whatever the text. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Sums by key; what has none is left out. */
function grouped<Spend extends { readonly amount: Usd }>(
  spend: readonly Spend[],
  keyOf: (one: Spend) => string | undefined,
): readonly (readonly [string, Usd])[] {
  const amounts = new Map<string, Usd[]>();
  for (const one of spend) {
    const key = keyOf(one);
    if (key !== undefined) amounts.set(key, [...(amounts.get(key) ?? []), one.amount]);
  }
  return [...amounts].map(([key, all]) => [key, sumUsd(all)]);
}
