/**
 * Cost that several teams bear together, split by rule. Pure. What a rule takes from the pool's
 * owners it gives to the teams, to the last pico-dollar.
 */
import type { Month } from "../../../domain/month.ts";
import {
  areNothing,
  type Dimension,
  type Line,
  NO_COSTS,
  type SharedCostRule,
  splitCosts,
  subtractCosts,
  sumCosts,
} from "../rules.ts";

/** What was posted of a business metric for a team in the month. */
export type UnitsOfTeam = (metric: string, teamKey: string) => bigint;

/**
 * Lines that move what the rules match, adjustments of earlier months included, from its owners to
 * the teams of each rule. The first rule that matches a line takes it.
 */
export function sharedLines(
  lines: readonly Line[],
  rules: readonly SharedCostRule[],
  { month, unitsOf }: { readonly month: Month; readonly unitsOf: UnitsOfTeam },
): readonly Line[] {
  const pools = new Map<SharedCostRule, Line[]>(rules.map((rule) => [rule, []]));
  const direct: Line[] = [];
  for (const line of lines) {
    const rule = rules.find(({ match }) => matches(match, line.dimension));
    if (rule === undefined) direct.push(line);
    else pools.get(rule)?.push(line);
  }
  return [...pools].flatMap(([rule, pool]) => {
    const total = sumCosts(pool.map(({ costs }) => costs));
    const weights = weightsOf(rule, { direct, unitsOf });
    const moved = { originMonth: month, kind: "shared", reference: rule.name } as const;
    const out = [...byOwner(pool).values()].map((owned) => ({
      ...moved,
      dimension: undefined,
      teamKey: owned.teamKey,
      projectKey: owned.projectKey,
      costs: subtractCosts(NO_COSTS, owned.costs),
    }));
    const shares = splitCosts(total, weights).map(({ key, costs }) => ({
      ...moved,
      dimension: undefined,
      teamKey: key,
      projectKey: undefined,
      costs,
    }));
    return [...out, ...shares].filter(({ costs }) => !areNothing(costs));
  });
}

function matches(match: SharedCostRule["match"], dimension: Dimension | undefined): boolean {
  if (dimension === undefined) return false;
  return (
    (match.team === undefined || match.team === dimension.teamKey) &&
    (match.project === undefined || match.project === dimension.projectKey) &&
    (match.apiKeyId === undefined || match.apiKeyId === dimension.apiKeyId) &&
    (match.workspaceId === undefined || match.workspaceId === dimension.workspaceId) &&
    (match.model === undefined || match.model === dimension.modelId)
  );
}

interface Weight {
  readonly key: string;
  readonly weight: bigint;
}

/** In the order of the teams' keys. Where nothing can be told (no cost, no units): even. */
function weightsOf(
  { split }: SharedCostRule,
  { direct, unitsOf }: { readonly direct: readonly Line[]; readonly unitsOf: UnitsOfTeam },
): readonly Weight[] {
  if (split.kind === "percent") {
    return inOrder(
      split.shares.map(({ team, tenThousandths }) => ({
        key: team,
        weight: BigInt(tenThousandths),
      })),
    );
  }
  const even = split.teams.map((key) => ({ key, weight: 1n }));
  const weighted = split.teams.map((key) => {
    switch (split.kind) {
      case "even":
        return { key, weight: 1n };
      case "metric":
        return { key, weight: unitsOf(split.metric, key) };
      case "proportional": {
        const own = direct.filter(({ teamKey }) => teamKey === key);
        const { effective } = sumCosts(own.map(({ costs }) => costs));
        return { key, weight: effective > 0n ? effective : 0n };
      }
    }
  });
  return inOrder(weighted.some(({ weight }) => weight > 0n) ? weighted : even);
}

/** Equal remainders go to the earlier team: always the same one. */
function inOrder(weights: readonly Weight[]): readonly Weight[] {
  return weights.toSorted((one, other) => (one.key < other.key ? -1 : 1));
}

function byOwner(lines: readonly Line[]): ReadonlyMap<string, Line> {
  const owned = new Map<string, Line>();
  for (const line of lines) {
    const key = JSON.stringify([line.teamKey ?? null, line.projectKey ?? null]);
    const known = owned.get(key);
    owned.set(
      key,
      known === undefined ? line : { ...known, costs: sumCosts([known.costs, line.costs]) },
    );
  }
  return owned;
}
