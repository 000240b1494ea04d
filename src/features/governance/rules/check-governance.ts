/**
 * Whether the parts of a document fit together: references, duplicates, ladders, reachable quorums.
 * Pure. Parts that could not be read are left out by the reader, so that one mistake does not
 * hide another; what they are called still counts as known.
 */
import type { Instant } from "../../../domain/time.ts";
import type { BudgetScope, FieldPath, GovernedAllocationRule, GovernedTeam } from "../rules.ts";
import { formatBudgetScope, SLACK_GROUP_PREFIX, TEAM_OWNERS } from "../rules.ts";

/** A readable part of the document and where it stands. */
export interface Located<Value> {
  readonly path: FieldPath;
  readonly value: Value;
}

/** What the checks look at: a document of which some parts may have been left out. */
export interface GovernanceDraft {
  readonly teams: readonly Located<GovernedTeam>[];
  readonly allocation: readonly Located<GovernedAllocationRule>[];
  readonly budgets: readonly Located<{ readonly key: string; readonly scope: BudgetScope }>[];
  readonly digests: readonly Located<{ readonly key: string; readonly scope: BudgetScope }>[];
  readonly approvals: readonly Located<{
    readonly upTo?: bigint;
    readonly approvers: readonly string[];
    readonly quorum: number;
  }>[];
  readonly discounts: readonly Located<{ readonly from?: Instant; readonly until?: Instant }>[];
  /** Every team and project that the document names, in unreadable parts too. */
  readonly teamKeys: ReadonlySet<string>;
  readonly projectKeys: ReadonlySet<string>;
  /** How many tiers the document lists, unreadable ones included. */
  readonly tierCount: number;
}

/** Something that does not fit. `known` are the names that would have been right. */
export interface Finding {
  readonly path: FieldPath;
  readonly message: string;
  readonly unknown?: { readonly name: string; readonly known: ReadonlySet<string> };
}

/** Everything that does not fit together, in no particular order. */
export function checkGovernance(draft: GovernanceDraft): Finding[] {
  return [
    ...checkTeams(draft.teams),
    ...checkAllocation(draft),
    ...checkBudgetsAndDigests(draft),
    ...checkTiers(draft),
    ...checkDiscounts(draft),
  ];
}

function checkTeams(teams: GovernanceDraft["teams"]): Finding[] {
  const projects = teams.flatMap(({ path, value: team }) =>
    team.projects.map((project, index) => ({
      name: project,
      path: [...path, "projects", index],
      where: `team ${team.key}`,
    })),
  );
  const keys = teams.map(({ path, value: team }) => ({
    name: team.key.toLowerCase(),
    path,
    where: `team ${team.key}`,
  }));
  return [
    ...repeated(projects).map(({ path, name, first }) => ({
      path,
      message: `expected a project of one team only; ${name} already belongs to ${first.where}`,
    })),
    ...repeated(keys).map(({ path, first }) => ({
      path,
      message: `expected a key that differs from others by more than case; there is ${first.where}`,
    })),
    ...teams.flatMap(({ path, value: team }) =>
      (["owners", "members"] as const).flatMap((role) =>
        repeated(
          team[role].map((email, index) => ({
            name: email,
            path: [...path, role, index],
            where: "",
          })),
        ).map((again) => ({
          path: again.path,
          message: `expected each address once; ${again.name} is repeated`,
        })),
      ),
    ),
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
    ...[...budgets, ...digests].flatMap(({ path, value: { scope } }) => {
      if (scope.kind === "team") return checkName("team", scope.key, teamKeys, [...path, "scope"]);
      if (scope.kind === "project") {
        return checkName("project", scope.key, projectKeys, [...path, "scope"]);
      }
      return [];
    }),
  ];
}

/** The amounts climb, only the last tier is open, and each quorum can be reached by somebody. */
function checkTiers({ approvals, tierCount, teams, teamKeys }: GovernanceDraft): Finding[] {
  const owners = teams.map(({ value: team }) => team.owners);
  // An unreadable team may have any number of owners.
  const areOwnersKnown = teams.length === teamKeys.size;
  return approvals.flatMap(({ path, value: tier }, index) => {
    const isLast = path.at(-1) === tierCount - 1;
    const lower = approvals[index - 1]?.value.upTo;
    const findings: Finding[] = [];
    if (isLast && tier.upTo !== undefined) {
      findings.push({
        path: [...path, "up_to"],
        message: "expected no up_to in the last tier, so that every amount has approvers",
      });
    } else if (!isLast && tier.upTo === undefined) {
      findings.push({
        path,
        message:
          "expected up_to in every tier but the last; the tiers after this one are never reached",
      });
    } else if (tier.upTo !== undefined && lower !== undefined && tier.upTo <= lower) {
      findings.push({ path: [...path, "up_to"], message: "expected more than in the tier before" });
    }
    const count = approverCount(tier.approvers, areOwnersKnown ? owners : undefined);
    if (count !== undefined && tier.quorum > count) {
      findings.push({
        path: [...path, "quorum"],
        message: `expected at most ${String(count)}, as many as can approve; got ${String(tier.quorum)}`,
      });
    }
    return findings;
  });
}

/** At most how many different people can approve; undefined when a document cannot tell. */
function approverCount(
  approvers: readonly string[],
  ownersByTeam: readonly (readonly string[])[] | undefined,
): number | undefined {
  if (approvers.some((approver) => approver.startsWith(SLACK_GROUP_PREFIX))) return undefined;
  const people = approvers.filter((approver) => approver !== TEAM_OWNERS);
  if (people.length === approvers.length) return new Set(people).size;
  if (ownersByTeam === undefined || ownersByTeam.length === 0) return undefined;
  return Math.max(...ownersByTeam.map((owners) => new Set([...owners, ...people]).size));
}

function checkDiscounts({ discounts }: GovernanceDraft): Finding[] {
  return discounts
    .filter(
      ({ value: { from, until } }) => from !== undefined && until !== undefined && until <= from,
    )
    .map(({ path }) => ({ path: [...path, "until"], message: "expected a date after from" }));
}

function checkName(
  kind: "team" | "project",
  name: string,
  known: ReadonlySet<string>,
  path: FieldPath,
): Finding[] {
  if (known.has(name)) return [];
  return [
    {
      path,
      message: `expected a ${kind} that stands under teams; there is no ${formatBudgetScope({ kind, key: name })}`,
      unknown: { name, known },
    },
  ];
}

interface Named {
  readonly name: string;
  readonly path: FieldPath;
  readonly where: string;
}

/** Every entry whose name came before, with the first of that name. */
function repeated<Entry extends Named>(
  entries: readonly Entry[],
): (Entry & { readonly first: Entry })[] {
  const firsts = new Map<string, Entry>();
  return entries.flatMap((entry) => {
    const first = firsts.get(entry.name);
    if (first !== undefined) return [{ ...entry, first }];
    firsts.set(entry.name, entry);
    return [];
  });
}
