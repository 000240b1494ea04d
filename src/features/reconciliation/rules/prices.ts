/**
 * Faults of price: the tokens may agree and the dollars do not. Each rule proves its cause by exact
 * arithmetic, up to the rounding of both sides, or says nothing. Pure.
 */
import type { Usd } from "../../../domain/money.ts";
import type { Explanation, OpenCell } from "./difference.ts";
import { isWithin } from "./difference.ts";
import { groupBy, isTokens, sumOf } from "./lines.ts";

/** What one token costs that is written to the cache, by lifetime. */
export interface CacheWritePrices {
  readonly write5m: Usd;
  readonly write1h: Usd;
}
export type CacheWritePricesOf = (modelId: string, day: string) => CacheWritePrices | undefined;

const ofModel = ({ cell }: OpenCell): string =>
  JSON.stringify([cell.day, cell.workspaceId, cell.modelId]);

/** A source's own figure was taken; by the list, or by nothing else that it sent, it would agree. */
export function explainReportedCost(open: readonly OpenCell[]): Explanation[] {
  return open
    .filter((cell) => {
      const { ours } = cell.cell;
      const reported = ours.filter(({ basis }) => basis === "reported");
      if (reported.length === 0) return false;
      // A discount that was taken off the reported figure comes off the computed one as well.
      const computed = ours.reduce(
        (sum, line) =>
          sum +
          (line.basis === "reported" && line.listCost !== 0n
            ? (line.computedCost * line.billedCost) / line.listCost
            : line.billedCost),
        0n,
      );
      return reported.length === ours.length || isWithin(cell, computed - sumOf(cell.cell.theirs));
    })
    .map((cell) => ({
      open: cell,
      cause: "reported_cost",
      evidence: sourcesOf(cell, (line) => line.basis === "reported"),
    }));
}

/** What had to be assumed is the only part that can be wrong: the rest is not more than the bill. */
export function explainEstimates(open: readonly OpenCell[]): Explanation[] {
  return open.flatMap((cell): Explanation[] => {
    const estimated = cell.cell.ours.filter(({ basis }) => basis === "estimated");
    if (estimated.length === 0) return [];
    const certain = sumOf(cell.cell.ours) - sumOf(estimated);
    if (certain > sumOf(cell.cell.theirs) + cell.bound) return [];
    const isUnknown = estimated.some(({ isUnknownModel }) => isUnknownModel);
    return [{ open: cell, cause: isUnknown ? "unknown_model" : "estimated_price" }];
  });
}

const MULTIPLIERS: readonly {
  readonly name: string;
  readonly numerator: bigint;
  readonly denominator: bigint;
}[] = [
  { name: "fast mode costs twice as much", numerator: 2n, denominator: 1n },
  { name: "batches cost half", numerator: 1n, denominator: 2n },
  { name: "inference in the US costs a tenth more", numerator: 11n, denominator: 10n },
  { name: "long prompts cost five times as much", numerator: 5n, denominator: 1n },
];

/** Anthropic's own tiers tell, or all tokens of a model differ by one published multiplier. */
export function explainTiers(open: readonly OpenCell[]): Explanation[] {
  const byTier = open.flatMap((cell) => {
    const evidence = tierOf(cell);
    return evidence === undefined
      ? []
      : [{ open: cell, cause: "unpriced_tier" as const, evidence }];
  });
  const told = new Set(byTier.map(({ open: cell }) => cell));
  const rest = open.filter((cell) => !told.has(cell) && isTokens(cell.cell.component));
  return [...byTier, ...[...groupBy(rest, ofModel).values()].flatMap(explainMultiplier)];
}

function tierOf(open: OpenCell): string | undefined {
  const { theirs, ours } = open.cell;
  // Charged in full, batches are charged twice: what is too much is what they are billed.
  const batchTheirs = sumOf(theirs.filter(({ serviceTier }) => serviceTier === "batch"));
  const batchOurs = sumOf(ours.filter(({ isBatchPrice }) => isBatchPrice));
  if (batchTheirs !== batchOurs && isWithin(open, open.gap - (batchTheirs - batchOurs))) {
    return "batches, priced in full";
  }
  const isSpecial = ({ serviceTier }: { readonly serviceTier: string | undefined }): boolean =>
    serviceTier !== undefined && !["standard", "batch"].includes(serviceTier);
  const tiers = theirs.filter(isSpecial).map(({ serviceTier }) => serviceTier ?? "");
  const special = [...new Set(tiers)];
  if (special.length === 0) return undefined;
  const gap = sumOf(ours.filter(isSpecial)) - sumOf(theirs.filter(isSpecial));
  return isWithin(open, open.gap - gap)
    ? `tier ${special.toSorted().join(", ")}, priced as standard`
    : undefined;
}

function explainMultiplier(open: readonly OpenCell[]): Explanation[] {
  // One type of tokens alone may agree by chance.
  if (open.length < 2 || open.some(isDiscountedList)) return [];
  const found = MULTIPLIERS.find(({ numerator, denominator }) =>
    open.every((cell) =>
      isWithin(
        { bound: cell.bound * (numerator + denominator) },
        sumOf(cell.cell.theirs) * denominator - sumOf(cell.cell.ours) * numerator,
      ),
    ),
  );
  return found === undefined
    ? []
    : open.map((cell) => ({ open: cell, cause: "unpriced_tier", evidence: found.name }));
}

/** As many tokens, of the other lifetime: what is too much of one is what the other lacks. */
export function explainCacheLifetime(
  open: readonly OpenCell[],
  pricesOf: CacheWritePricesOf,
): Explanation[] {
  return [...groupBy(open, ofModel).values()].flatMap((cells): Explanation[] => {
    const short = cells.find(({ cell }) => cell.component === "cache_write_5m");
    const long = cells.find(({ cell }) => cell.component === "cache_write_1h");
    const { day, modelId } = cells[0]?.cell ?? {};
    if (short === undefined || long === undefined) return [];
    if (day === undefined || modelId === undefined) return [];
    const prices = pricesOf(modelId, day);
    if (prices === undefined) return [];
    // Both gaps in tokens, brought to one denominator; multipliers of tiers fall out.
    const difference = short.gap * prices.write1h + long.gap * prices.write5m;
    const bound = short.bound * prices.write1h + long.bound * prices.write5m;
    if (!isWithin({ bound }, difference)) return [];
    const evidence =
      short.gap > 0n
        ? "1-hour writes counted as 5-minute writes"
        : "5-minute writes counted as 1-hour writes";
    return [short, long].map((cell) => ({ open: cell, cause: "wrong_cache_lifetime", evidence }));
  });
}

/** Discounts have at most four decimal places of a percent. */
const SHARES = 1_000_000n;

/** The bill is our list cost less one and the same percentage, in several places or by its own list. */
export function explainDiscounts(open: readonly OpenCell[]): Explanation[] {
  const shares = open.flatMap((cell) => {
    const share = discountOf(cell);
    return share === undefined ? [] : [{ cell, share }];
  });
  return [...groupBy(shares, ({ share }) => String(share)).values()].flatMap((alike) =>
    alike.length < 2 && !alike.some(({ cell }) => isDiscountedList(cell))
      ? []
      : alike.map(({ cell, share }): Explanation => {
          const percent = String(Number(share) / 10_000);
          return cell.gap > 0n
            ? { open: cell, cause: "missed_discount", evidence: `Anthropic takes ${percent} % off` }
            : {
                open: cell,
                cause: "undue_discount",
                evidence:
                  share === 0n ? "Anthropic takes nothing off" : `Anthropic takes ${percent} % off`,
              };
        }),
  );
}

/** Parts in a million that the bill is below our list cost; undefined: no whole number of them. */
function discountOf(open: OpenCell): bigint | undefined {
  const list = open.cell.ours.reduce((sum, { listCost }) => sum + listCost, 0n);
  const billed = sumOf(open.cell.theirs);
  if (list <= 0n || billed <= 0n || billed > list + open.bound) return undefined;
  const share = ((list - billed) * SHARES * 2n + list) / (list * 2n);
  if (share < 0n || share >= SHARES) return undefined;
  return isWithin({ bound: open.bound * SHARES }, billed * SHARES - list * (SHARES - share))
    ? share
    : undefined;
}

/** Whether the report's own list cost is ours: then only a discount can be in between. */
export function isDiscountedList(open: OpenCell): boolean {
  let theirs = 0n;
  for (const { listCost } of open.cell.theirs) {
    if (listCost === undefined) return false;
    theirs += listCost;
  }
  const ours = open.cell.ours.reduce((sum, { listCost }) => sum + listCost, 0n);
  return theirs > 0n && isWithin(open, theirs - ours);
}

function sourcesOf(
  { cell }: OpenCell,
  isMeant: (line: OpenCell["cell"]["ours"][number]) => boolean,
): string {
  return [...new Set(cell.ours.filter(isMeant).map(({ source }) => source))].toSorted().join(", ");
}
