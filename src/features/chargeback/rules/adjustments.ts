/**
 * What closed months came to since they were stated. Pure. Always derived from the whole: current
 * value less all that was ever stated, so that repeating it or doing it later ends the same.
 */
import { areNothing, type Line, NO_COSTS, subtractCosts, sumCosts } from "../rules.ts";

/**
 * The difference of `current` and `stated` lines, by month of origin and all that tells lines apart.
 * Shared cost is left out: it only moves cost within one statement.
 */
export function adjustmentsOf(current: readonly Line[], stated: readonly Line[]): readonly Line[] {
  const wanted = sumByKey(current);
  const known = sumByKey(stated);
  const keys = [...new Set([...wanted.keys(), ...known.keys()])].toSorted();
  return keys.flatMap((key) => {
    const line = wanted.get(key) ?? known.get(key);
    if (line === undefined) return [];
    const costs = subtractCosts(
      wanted.get(key)?.costs ?? NO_COSTS,
      known.get(key)?.costs ?? NO_COSTS,
    );
    return areNothing(costs) ? [] : [{ ...line, costs }];
  });
}

function sumByKey(lines: readonly Line[]): ReadonlyMap<string, Line> {
  const byKey = new Map<string, Line>();
  for (const line of lines) {
    if (line.kind === "shared") continue;
    const key = JSON.stringify([
      line.originMonth,
      line.kind,
      line.reference,
      line.dimension?.spendDimensionId ?? null,
      line.teamKey ?? null,
      line.projectKey ?? null,
    ]);
    const known = byKey.get(key);
    byKey.set(
      key,
      known === undefined ? line : { ...line, costs: sumCosts([known.costs, line.costs]) },
    );
  }
  return byKey;
}
