/** Whether teams can be told apart and each project belongs to one of them at a time. Pure. */
import { doOverlap } from "../../../domain/stretch.ts";
import type { Instant } from "../../../domain/time.ts";
import type { FieldPath, GovernedTeam } from "../rules.ts";
import { repeated } from "./check-names.ts";
import type { Finding, GovernanceDraft, Located } from "./draft.ts";

/** More than anybody moves. */
const TIMES_MAX = 50;

export function checkTeams(teams: GovernanceDraft["teams"]): readonly Finding[] {
  const keys = teams.map(({ path, value: team }) => ({
    name: team.key.toLowerCase(),
    path,
    where: `team ${team.key}`,
  }));
  return [
    ...checkProjects(teams),
    ...checkTimes(teams),
    ...repeated(keys).map(({ path, first }) => ({
      path,
      message: `expected a key that differs from others by more than case; there is ${first.where}`,
    })),
  ];
}

/** Who has many dates has as many stretches, each with all of their teams. */
function checkTimes(teams: GovernanceDraft["teams"]): readonly Finding[] {
  const counts = new Map<string, number>();
  return teams.flatMap(({ path, value: { dated = [] } }) =>
    dated.flatMap(({ role, name }): readonly Finding[] => {
      const key = `${role === "projects" ? "project" : "person"} ${name}`;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (count !== TIMES_MAX + 1) return [];
      const message = `expected at most ${String(TIMES_MAX)} times with dates for ${name} in all teams`;
      return [{ path: [...path, role], message }];
    }),
  );
}

interface Held {
  readonly name: string;
  readonly team: string;
  readonly path: FieldPath;
  readonly from?: Instant;
  readonly until?: Instant;
}

function checkProjects(teams: GovernanceDraft["teams"]): readonly Finding[] {
  const byName = new Map<string, Held[]>();
  return teams.flatMap(heldBy).flatMap((held): readonly Finding[] => {
    const earlier = byName.get(held.name) ?? [];
    byName.set(held.name, [...earlier, held]);
    const other = earlier.find((one) => one.team !== held.team && doOverlap(one, held));
    if (other === undefined) return [];
    const when = [held, other].some(({ from, until }) => (from ?? until) !== undefined)
      ? " in a part of that time"
      : "";
    return [
      {
        path: held.path,
        message: `expected a project of one team only; ${held.name} already belongs to team ${other.team}${when}`,
      },
    ];
  });
}

/** A project with dates stands at its team's list as a whole: what has dates is no longer in their order. */
function heldBy({ path, value: team }: Located<GovernedTeam>): readonly Held[] {
  const { projects, dated = [] } = team;
  const withDates = dated.filter(({ role }) => role === "projects");
  const datedNames = new Set(withDates.map(({ name }) => name));
  const list = [...path, "projects"];
  return [
    ...projects
      .map((name, index) => ({
        name,
        team: team.key,
        path: withDates.length === 0 ? [...list, index] : list,
      }))
      .filter(({ name }) => !datedNames.has(name)),
    ...withDates.map(({ name, from, until }) => ({
      name,
      team: team.key,
      path: list,
      ...(from === undefined ? {} : { from }),
      ...(until === undefined ? {} : { until }),
    })),
  ];
}
