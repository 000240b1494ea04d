/** Whether service accounts end at people that there are, and each id is used by one of them. Pure. */
import type { Email } from "../../../domain/email.ts";
import type { Finding, GovernanceDraft } from "./draft.ts";

type Draft = Pick<GovernanceDraft, "serviceAccounts" | "teams" | "organization" | "teamKeys">;

export function checkServiceAccounts(draft: Draft): readonly Finding[] {
  const { serviceAccounts, teams, organization, teamKeys } = draft;
  const responsibleFor = new Map(
    serviceAccounts.map(({ value }) => [value.address, value.responsible]),
  );
  const people = new Set<Email>([
    ...teams.flatMap(({ value }) => [...value.owners, ...value.members]),
    ...organization.flatMap(({ value }) => [...value.admins, ...(value.finance ?? [])]),
  ]);
  const leaving = peopleLeaving(draft);
  const known = new Set<string>([...people, ...responsibleFor.keys()]);
  const firstOf = new Map<string, string>();
  const addresses = new Set<Email>();
  return serviceAccounts.flatMap(({ path, value }) => {
    const findings: Finding[] = [];
    if (addresses.has(value.address)) {
      findings.push({ path, message: "expected each address once; this one is repeated" });
    }
    addresses.add(value.address);
    if (people.has(value.address)) {
      findings.push({
        path,
        message: "expected an address of its own; a person of the teams or an admin has this one",
      });
    }
    if (value.team !== undefined && !teamKeys.has(value.team)) {
      findings.push({
        path: [...path, "team"],
        message: `expected a team that stands under teams; there is no team:${value.team}`,
        unknown: { name: value.team, known: teamKeys },
      });
    }
    if (!known.has(value.responsible)) {
      findings.push({
        path: [...path, "responsible"],
        message: `expected a person of a team, an admin or another service account; nobody is ${value.responsible}`,
        unknown: { name: value.responsible, known },
      });
    } else if (leaving.has(value.responsible)) {
      findings.push({
        path: [...path, "responsible"],
        message: `expected somebody who stays; every membership of ${value.responsible} ends (until)`,
      });
    } else if (!endsAtPerson(value.responsible, responsibleFor)) {
      findings.push({
        path: [...path, "responsible"],
        message:
          "expected somebody who is responsible in the end; these service accounts answer for each other in a circle",
      });
    }
    for (const [index, id] of value.ids.entries()) {
      const first = firstOf.get(id);
      if (first === undefined) firstOf.set(id, value.address);
      else {
        findings.push({
          path: [...path, "ids", index],
          message: `expected an id of one service account only; ${id} already belongs to ${first}`,
        });
      }
    }
    return findings;
  });
}

/** Who is a person of teams only, and of none of them without end. */
function peopleLeaving({ teams, organization }: Draft): ReadonlySet<Email> {
  const staying = new Set<Email>(
    organization.flatMap(({ value }) => [...value.admins, ...(value.finance ?? [])]),
  );
  const ending = new Set<Email>();
  for (const { value: team } of teams) {
    for (const role of ["owners", "members"] as const) {
      const dated = (team.dated ?? []).filter((one) => one.role === role);
      for (const address of team[role]) {
        const times = dated.filter(({ name }) => name === address);
        const isEnding = times.length > 0 && times.every(({ until }) => until !== undefined);
        (isEnding ? ending : staying).add(address);
      }
    }
  }
  return new Set([...ending].filter((address) => !staying.has(address)));
}

function endsAtPerson(address: Email, responsibleFor: ReadonlyMap<Email, Email>): boolean {
  const seen = new Set<Email>();
  let at = address;
  for (;;) {
    const next = responsibleFor.get(at);
    if (next === undefined) return true;
    if (seen.has(at)) return false;
    seen.add(at);
    at = next;
  }
}
