/** What a document says about ownership, as one whole, and what to know when its dates lie back. Pure. */
import { doOverlap, holdsAt, type Stretch } from "../../../domain/stretch.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Governance, GovernedTeam } from "../rules.ts";

type Owned = Pick<Governance, "allocation" | "teams" | "serviceAccounts">;

/** Where a name belongs in a time; who has dates has such stretches for all of time. */
interface Dated {
  readonly kind: "person" | "project";
  readonly name: string;
  readonly teams: readonly string[];
  readonly from?: Instant;
  readonly until?: Instant;
}

/** Memberships, projects, service accounts and rules; owners of a team belong to it. */
export function ownershipOf({ allocation, teams, serviceAccounts }: Owned): {
  readonly rules: Governance["allocation"];
  readonly memberships: Readonly<Record<string, readonly string[]>>;
  readonly teamByProject: Readonly<Record<string, string>>;
  readonly serviceAccountById: Readonly<Record<string, string>>;
  readonly dated?: readonly Dated[];
} {
  const memberships = new Map<string, Set<string>>();
  const add = (address: string, team: string): void => {
    memberships.set(address, (memberships.get(address) ?? new Set()).add(team));
  };
  const dated = datedBelongings(teams);
  const namesOf = (wanted: Dated["kind"]): ReadonlySet<string> =>
    new Set(dated.filter(({ kind }) => kind === wanted).map(({ name }) => name));
  const [people, datedProjects] = [namesOf("person"), namesOf("project")];
  for (const { key, owners, members } of teams) {
    for (const address of [...owners, ...members]) if (!people.has(address)) add(address, key);
  }
  for (const { address, team } of serviceAccounts) if (team !== undefined) add(address, team);
  return {
    rules: allocation,
    memberships: Object.fromEntries(
      [...memberships].map(([address, keys]) => [address, [...keys].toSorted()]),
    ),
    teamByProject: Object.fromEntries(
      teams.flatMap(({ key, projects }) =>
        projects.filter((name) => !datedProjects.has(name)).map((project) => [project, key]),
      ),
    ),
    serviceAccountById: Object.fromEntries(
      serviceAccounts.flatMap(({ address, ids }) => ids.map((id) => [id, address])),
    ),
    ...(dated.length === 0 ? {} : { dated }),
  };
}

/** The teams with the people and projects that belong to them at `at`. */
export function teamsAt(
  teams: readonly GovernedTeam[],
  at: Instant,
): readonly Omit<GovernedTeam, "dated">[] {
  return teams.map(({ dated = [], ...team }) => {
    if (dated.length === 0) return team;
    const isIn = (role: "owners" | "members" | "projects"): ((name: string) => boolean) => {
      const dates = datesByName(dated.filter((one) => one.role === role));
      return (name) => (dates.get(name) ?? [ALWAYS]).some((time) => holdsAt(time, at));
    };
    return {
      ...team,
      owners: team.owners.filter(isIn("owners")),
      members: team.members.filter(isIn("members")),
      projects: team.projects.filter(isIn("projects")),
    };
  });
}

/** When somebody or something of the teams begins or ceases to belong next after `at`. */
export function nextChangeAfter(teams: readonly GovernedTeam[], at: Instant): Instant | undefined {
  return teams
    .flatMap(({ dated = [] }) => dated.flatMap(({ from, until }) => [from, until]))
    .filter((date) => date !== undefined && date > at)
    .toSorted((left, right) => Number(left) - Number(right))[0];
}

/** Everybody and every project that has a date, with all that the document says of them. */
function datedBelongings(teams: readonly GovernedTeam[]): readonly Dated[] {
  return [...belongingsByName(teams).values()].flatMap(
    ({ kind, name, times }): readonly Dated[] => {
      const dates = times
        .flatMap(({ from, until }) => [from, until])
        .filter((date) => date !== undefined)
        .toSorted((left, right) => Number(left) - Number(right));
      if (dates.length === 0) return [];
      return [undefined, ...dates].flatMap((from, index): readonly Dated[] => {
        const until = dates[index];
        if (from !== undefined && until !== undefined && from >= until) return [];
        const held = times.filter((time) => doOverlap(time, { from, until }));
        return [
          {
            kind,
            name,
            teams: [...new Set(held.map(({ team }) => team))].toSorted(),
            ...(from === undefined ? {} : { from }),
            ...(until === undefined ? {} : { until }),
          },
        ];
      });
    },
  );
}

interface Belongings extends Pick<Dated, "kind" | "name"> {
  readonly times: ({ readonly team: string } & Stretch)[];
}

function belongingsByName(teams: readonly GovernedTeam[]): ReadonlyMap<string, Belongings> {
  const byName = new Map<string, Belongings>();
  for (const { key: team, dated = [], ...lists } of teams) {
    for (const role of ["owners", "members", "projects"] as const) {
      const kind = role === "projects" ? "project" : "person";
      const dates = datesByName(dated.filter((one) => one.role === role));
      for (const name of lists[role]) {
        const known = byName.get(`${kind} ${name}`) ?? { kind, name, times: [] };
        byName.set(`${kind} ${name}`, known);
        for (const { from, until } of dates.get(name) ?? [ALWAYS]) {
          known.times.push({ team, from, until });
        }
      }
    }
  }
  return byName;
}

const ALWAYS: Stretch = {};

function datesByName(
  dated: readonly ({ readonly name: string } & Stretch)[],
): ReadonlyMap<string, readonly Stretch[]> {
  const byName = new Map<string, Stretch[]>();
  for (const one of dated) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  return byName;
}

/**
 * Usage that was recorded stays where it is: whoever has the past say something else, from
 * `changedSince` on, is told how to move it.
 */
export function ownershipWarnings(
  changedSince: Instant | undefined,
  zone: string,
): readonly string[] {
  if (changedSince === undefined) return [];
  const day = dayIn(changedSince, zone);
  return [
    `Ownership was decided for the past, from ${day} on. Usage that was recorded since then stays with its former owners until \`claude-spend reprice --owners --from ${day}\` is run; without --apply it shows what would move.`,
  ];
}

function dayIn(at: Instant, zone: string): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short" }).format(at);
}
