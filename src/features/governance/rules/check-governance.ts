/**
 * Whether the parts of a document fit together: references, duplicates, ladders, reachable quorums.
 * Pure. Parts that could not be read are left out by the reader, so that one mistake does not
 * hide another; what they are called still counts as known.
 */

import { checkMatching } from "./check-matching.ts";
import { checkName, repeated } from "./check-names.ts";
import { checkPolicies } from "./check-policies.ts";
import { checkTeams } from "./check-teams.ts";
import type { Finding, GovernanceDraft } from "./draft.ts";

export type { Finding, GovernanceDraft, Located } from "./draft.ts";

/** Everything that does not fit together, in no particular order. */
export function checkGovernance(draft: GovernanceDraft): Finding[] {
  return [
    ...checkTeams(draft.teams),
    ...checkAllocation(draft),
    ...checkMatching(draft.allocation),
    ...checkBudgetsAndDigests(draft),
    ...checkPolicies(draft),
    ...checkDiscounts(draft),
    ...checkMetering(draft),
  ];
}

function checkAllocation({ allocation, teams, teamKeys, projectKeys }: GovernanceDraft): Finding[] {
  return allocation.flatMap(({ path, value: { to } }) => {
    const owner = teams.find(
      ({ value: team }) => to.project !== undefined && team.projects.includes(to.project),
    );
    return [
      ...(to.team === undefined
        ? []
        : checkName("team", to.team, teamKeys, [...path, "to", "team"])),
      ...(to.project === undefined
        ? []
        : checkName("project", to.project, projectKeys, [...path, "to", "project"])),
      ...(owner === undefined || to.team === undefined || owner.value.key === to.team
        ? []
        : [
            {
              path: [...path, "to", "project"],
              message: `expected a project of team ${to.team}; ${to.project ?? ""} belongs to team ${owner.value.key}`,
            },
          ]),
    ];
  });
}

function checkBudgetsAndDigests({
  budgets,
  digests,
  teamKeys,
  projectKeys,
}: GovernanceDraft): Finding[] {
  const named = ({ path, value: { key } }: GovernanceDraft["budgets"][number]) => ({
    name: key,
    path,
    where: "",
  });
  return [
    ...repeated(budgets.map(named)).map(({ path, name }) => ({
      path: [...path, "key"],
      message: `expected a key of its own; another budget is called ${name} already`,
    })),
    ...repeated(digests.map(named)).map(({ path }) => ({
      path,
      message: "expected each digest once; this one repeats another",
    })),
    ...digests
      .filter(({ value: { scope } }) => scope.kind === "each" && scope.key === "user")
      .slice(1)
      .map(({ path }) => ({
        path: [...path, "scope"],
        message: "expected each:user once; a person gets one digest of their own",
      })),
    ...[...budgets, ...digests].flatMap(({ path, value: { scope } }) => {
      if (scope.kind === "team") return checkName("team", scope.key, teamKeys, [...path, "scope"]);
      if (scope.kind === "project") {
        return checkName("project", scope.key, projectKeys, [...path, "scope"]);
      }
      return [];
    }),
  ];
}

function checkDiscounts({ discounts }: GovernanceDraft): Finding[] {
  return discounts
    .filter(
      ({ value: { from, until } }) => from !== undefined && until !== undefined && until <= from,
    )
    .map(({ path }) => ({ path: [...path, "until"], message: "expected a date after from" }));
}

/** Two sources can't both be the one that counts. */
function checkMetering({ metering }: GovernanceDraft): Finding[] {
  const named = metering.map(({ path, value: { match } }) => ({
    name: "apiKeyId" in match ? `api_key:${match.apiKeyId}` : `workspace:${match.workspaceId}`,
    path,
    where: "",
  }));
  return repeated(named).map(({ path, name }) => ({
    path: [...path, "match"],
    message: `expected one source for each workspace or key; ${name} has one already`,
  }));
}
