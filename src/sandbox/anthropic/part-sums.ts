/** Adds up components of cost by whatever they are grouped by. */
import type { CostPart, LedgerEntry } from "./ledger.ts";

/** One sum for each group, in the order in which the groups appear. */
export function sumParts(
  entries: readonly LedgerEntry[],
  groupOf: (entry: LedgerEntry, part: CostPart) => object,
): readonly { readonly group: object; readonly pico: bigint }[] {
  const sums = new Map<string, { readonly group: object; pico: bigint }>();
  for (const entry of entries) {
    for (const part of entry.parts) {
      const group = groupOf(entry, part);
      const known = sums.get(JSON.stringify(group));
      if (known === undefined) sums.set(JSON.stringify(group), { group, pico: part.billedPico });
      else known.pico += part.billedPico;
    }
  }
  return [...sums.values()];
}
