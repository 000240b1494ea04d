/**
 * Whether rules of shared cost, commitments and credits fit the teams and each other. Pure. Refused
 * here is what would lose money or count it twice: shares that are not the whole, pools that flow
 * into pools, commitments that would both pay for the same usage.
 */
import { formatScope, type Scope } from "../../../domain/scope.ts";
import type {
  FieldPath,
  GovernedCommitment,
  GovernedCredit,
  GovernedSharedCost,
  GovernedTeam,
} from "../rules.ts";
import { checkName, repeated } from "./check-names.ts";
import type { Finding, Located } from "./draft.ts";

interface ChargebackDraft {
  readonly sharedCosts: readonly Located<GovernedSharedCost>[];
  readonly commitments: readonly Located<GovernedCommitment>[];
  readonly credits: readonly Located<GovernedCredit>[];
  readonly teams: readonly Located<GovernedTeam>[];
  readonly teamKeys: ReadonlySet<string>;
  readonly projectKeys: ReadonlySet<string>;
}

const WHOLE = 1_000_000;

export function checkChargeback(draft: ChargebackDraft): Finding[] {
  return [
    ...draft.sharedCosts.flatMap((rule, index) => [
      ...checkMatch(rule, draft),
      ...checkReach(rule, draft.sharedCosts.slice(0, index), draft),
      ...checkTargets(rule, draft),
    ]),
    ...repeated(draft.sharedCosts.map(({ path, value: { name } }) => ({ name, path }))).map(
      ({ path, name }) => ({
        path: [...path, "name"],
        message: `expected a name of its own; another rule is called ${name} already`,
      }),
    ),
    ...checkKeys("commitment", draft.commitments),
    ...checkKeys("credit", draft.credits),
    ...[...draft.commitments, ...draft.credits].flatMap(({ path, value: { scope } }) =>
      checkScope(scope, [...path, "scope"], draft),
    ),
    ...checkTerms(draft.commitments),
  ];
}

type Rule = Located<GovernedSharedCost>;

function checkMatch({ path, value: { match } }: Rule, draft: ChargebackDraft): Finding[] {
  const at = [...path, "match"];
  const owner = match.project === undefined ? undefined : ownerOf(match.project, draft.teams);
  return [
    ...(match.team === undefined
      ? []
      : checkName("team", match.team, draft.teamKeys, [...at, "team"])),
    ...(match.project === undefined
      ? []
      : checkName("project", match.project, draft.projectKeys, [...at, "project"])),
    ...(owner === undefined || match.team === undefined || owner === match.team
      ? []
      : [
          {
            path: [...at, "project"],
            message: `expected a project of team ${match.team}; this rule can never match, since ${match.project ?? ""} belongs to team ${owner}`,
          },
        ]),
  ];
}

/** Whether an earlier rule takes everything that this one matches. */
function checkReach(rule: Rule, earlier: readonly Rule[], draft: ChargebackDraft): Finding[] {
  const own = fieldsOf(rule.value.match, draft.teams);
  const first = earlier.find(({ value }) =>
    Object.entries(value.match).every(([field, wanted]) => own[field] === wanted),
  );
  if (first === undefined) return [];
  return [
    {
      path: [...rule.path, "match"],
      message: `expected a rule that can match; ${first.value.name} comes first and takes all of it`,
    },
  ];
}

/** The conditions, and the team that a project implies. */
function fieldsOf(
  match: GovernedSharedCost["match"],
  teams: ChargebackDraft["teams"],
): Readonly<Record<string, string>> {
  const team =
    match.team ?? (match.project === undefined ? undefined : ownerOf(match.project, teams));
  return { ...match, ...(team === undefined ? {} : { team }) };
}

function checkTargets({ path, value: { split } }: Rule, draft: ChargebackDraft): Finding[] {
  const targets =
    split.kind === "percent"
      ? split.shares.map(({ team }) => ({
          name: team,
          path: [...path, "split", "percent", team] as FieldPath,
        }))
      : split.teams.map((team, index) => ({ name: team, path: [...path, "to", index] }));
  const sum =
    split.kind === "percent"
      ? split.shares.reduce((total, { tenThousandths }) => total + tenThousandths, 0)
      : WHOLE;
  return [
    ...targets.flatMap((target) => [
      ...checkName("team", target.name, draft.teamKeys, target.path),
      ...checkPool(target, draft.sharedCosts),
    ]),
    ...repeated(targets).map((again) => ({
      path: again.path,
      message: `expected each team once; ${again.name} is repeated`,
    })),
    ...(sum === WHOLE
      ? []
      : [
          {
            path: [...path, "split", "percent"],
            message: `expected percentages that add up to 100, got ${String(sum / 10_000)}`,
          },
        ]),
  ];
}

/** A team whose whole cost is shared can't take a share: it would flow on, or round in a circle. */
function checkPool(
  target: { readonly name: string; readonly path: FieldPath },
  rules: readonly Rule[],
): Finding[] {
  const pool = rules.find(({ value: { match } }) => {
    return match.team === target.name && Object.keys(match).length === 1;
  });
  if (pool === undefined) return [];
  return [
    {
      path: target.path,
      message: `expected a team that keeps its cost; all of team ${target.name} is shared itself, by ${pool.value.name}`,
    },
  ];
}

function ownerOf(project: string, teams: ChargebackDraft["teams"]): string | undefined {
  return teams.find(({ value: { projects } }) => projects.includes(project))?.value.key;
}

function checkKeys(
  noun: string,
  entries: readonly Located<{ readonly key: string }>[],
): readonly Finding[] {
  return repeated(entries.map(({ path, value }) => ({ name: value.key, path }))).map(
    ({ path, name }) => ({
      path: [...path, "key"],
      message: `expected a key of its own; another ${noun} is called ${name} already`,
    }),
  );
}

function checkScope(scope: Scope, path: FieldPath, draft: ChargebackDraft): readonly Finding[] {
  return scope.kind === "team" ? checkName("team", scope.key, draft.teamKeys, path) : [];
}

/** Of two commitments that hold at once it must be clear which one pays. */
function checkTerms(commitments: readonly Located<GovernedCommitment>[]): readonly Finding[] {
  return commitments.flatMap(({ path, value }, index): readonly Finding[] => {
    if (value.lastMonth < value.firstMonth) {
      return [{ path: [...path, "through"], message: "expected a month that is not before from" }];
    }
    const other = commitments.slice(0, index).find(({ value: before }) => {
      const isApart =
        before.scope.kind === value.scope.kind && before.scope.key !== value.scope.key;
      const isLater = value.firstMonth > before.lastMonth || before.firstMonth > value.lastMonth;
      return !isApart && !isLater;
    });
    if (other === undefined) return [];
    const { key, scope, firstMonth, lastMonth } = other.value;
    return [
      {
        path: [...path, "from"],
        message: `expected terms that do not overlap; ${key} pays for ${formatScope(scope)} from ${firstMonth} through ${lastMonth}`,
      },
    ];
  });
}
