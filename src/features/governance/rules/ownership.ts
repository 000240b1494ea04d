/** What a document says about ownership, as one whole, and what to know when its dates lie back. Pure. */
import type { Instant } from "../../../domain/time.ts";
import type { Governance } from "../rules.ts";

type Owned = Pick<Governance, "allocation" | "teams" | "serviceAccounts">;

/** Memberships, projects, service accounts and rules; owners of a team belong to it. */
export function ownershipOf({ allocation, teams, serviceAccounts }: Owned): {
  readonly rules: Governance["allocation"];
  readonly memberships: Readonly<Record<string, readonly string[]>>;
  readonly teamByProject: Readonly<Record<string, string>>;
  readonly serviceAccountById: Readonly<Record<string, string>>;
} {
  const memberships = new Map<string, Set<string>>();
  const add = (address: string, team: string): void => {
    memberships.set(address, (memberships.get(address) ?? new Set()).add(team));
  };
  for (const { key, owners, members } of teams) {
    for (const address of [...owners, ...members]) add(address, key);
  }
  for (const { address, team } of serviceAccounts) if (team !== undefined) add(address, team);
  return {
    rules: allocation,
    memberships: Object.fromEntries(
      [...memberships].map(([address, keys]) => [address, [...keys].toSorted()]),
    ),
    teamByProject: Object.fromEntries(
      teams.flatMap(({ key, projects }) => projects.map((project) => [project, key])),
    ),
    serviceAccountById: Object.fromEntries(
      serviceAccounts.flatMap(({ address, ids }) => ids.map((id) => [id, address])),
    ),
  };
}

/** Usage that was recorded stays where it is: whoever dates something back is told how to move it. */
export function ownershipWarnings(
  governance: Governance,
  { now, isFirst }: { readonly now: Instant; readonly isFirst: boolean },
): readonly string[] {
  const dates = [governance.ownershipFrom, ...governance.allocation.map((rule) => rule.from)]
    .filter((date) => date !== undefined && date < now)
    .toSorted((left, right) => Number(left) - Number(right));
  const [earliest] = dates;
  if (isFirst || earliest === undefined) return [];
  const day = dayIn(earliest, governance.organization.timeZone);
  return [
    `Ownership was decided for the past, from ${day} on. Usage that was recorded since then stays with its former owners until \`claude-spend reprice --owners --from ${day}\` is run; without --apply it shows what would move.`,
  ];
}

function dayIn(at: Instant, zone: string): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short" }).format(at);
}
