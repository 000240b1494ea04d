/** Keys, people, teams and rules whose other half is missing. Pure. */
import type { Email } from "../../../domain/email.ts";
import { type Usd, ZERO_USD } from "../../../domain/money.ts";
import type { Known } from "../rules.ts";

/** Who spent how much lately, by address or by key. */
export interface SpendBy {
  readonly byPerson: ReadonlyMap<Email, Usd>;
  readonly byKey: ReadonlyMap<string, Usd>;
}

export interface Orphans {
  /** Keys in use, or usable, that no rule, no rule of their workspace and no service account names. */
  readonly keys: readonly {
    readonly id: string;
    readonly name: string | undefined;
    readonly createdBy: Email | undefined;
    readonly amount: Usd;
  }[];
  /** Addresses that spent and stand in no team. */
  readonly people: readonly { readonly email: Email; readonly amount: Usd }[];
  /** Teams that nobody answers for. */
  readonly teamsWithoutOwners: readonly string[];
  /** Rules about what no longer exists, by their position from 0. */
  readonly staleRules: readonly { readonly position: number; readonly about: string }[];
}

export function findOrphans(spend: SpendBy, known: Known): Orphans {
  const { teams, admins, serviceAccounts, rules, keys, workspaces } = known;
  const people = new Set<Email>([
    ...teams.flatMap(({ owners, members }) => [...owners, ...members]),
    ...admins,
    ...serviceAccounts.map(({ address }) => address),
  ]);
  const owned = new Set([
    ...rules.flatMap(({ match }) => (match.apiKeyId === undefined ? [] : [match.apiKeyId])),
    ...serviceAccounts.flatMap(({ ids }) =>
      ids.flatMap((id) => (id.startsWith("api_key:") ? [id.slice("api_key:".length)] : [])),
    ),
  ]);
  const ownedWorkspaces = new Set(rules.flatMap(({ match }) => match.workspaceId ?? []));
  const listed = new Map(keys.map((key) => [key.id, key]));
  const candidates = new Set([
    ...spend.byKey.keys(),
    ...keys.filter(({ isActive, isGone }) => isActive && !isGone).map(({ id }) => id),
  ]);
  return {
    keys: [...candidates]
      .filter((id) => {
        const workspaceId = listed.get(id)?.workspaceId;
        const isCovered = workspaceId !== undefined && ownedWorkspaces.has(workspaceId);
        return !owned.has(id) && !isCovered;
      })
      .map((id) => ({
        id,
        name: listed.get(id)?.name,
        createdBy: listed.get(id)?.createdBy,
        amount: spend.byKey.get(id) ?? ZERO_USD,
      }))
      .toSorted(byAmount),
    people: [...spend.byPerson]
      .filter(([email]) => !people.has(email))
      .map(([email, amount]) => ({ email, amount }))
      .toSorted(byAmount),
    teamsWithoutOwners: teams.filter(({ owners }) => owners.length === 0).map(({ key }) => key),
    staleRules: rules.flatMap(({ match }, position) => {
      const key = match.apiKeyId === undefined ? undefined : listed.get(match.apiKeyId);
      const workspace = workspaces.find(({ id }) => id === match.workspaceId);
      const about = [
        ...(key?.isGone === true ? [`api_key:${key.id}`] : []),
        ...(workspace?.isGone === true ? [`workspace:${workspace.id}`] : []),
      ];
      return about.map((what) => ({ position, about: what }));
    }),
  };
}

function byAmount(left: { readonly amount: Usd }, right: { readonly amount: Usd }): number {
  if (left.amount === right.amount) return 0;
  return left.amount > right.amount ? -1 : 1;
}
