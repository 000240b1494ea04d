/**
 * Every difference gets a cause. Exclusions first, since they are known; then faults that the data
 * prove, the exact ones before the likely ones; what is left is unexplained. Pure.
 */
import { type Usd, usd } from "../../../domain/money.ts";
import { explainOtherBill } from "./bills.ts";
import {
  type Difference,
  type Explanation,
  isWithin,
  mergeDifferences,
  type OpenCell,
  openCellOf,
} from "./difference.ts";
import { splitOneSided, splitOwnKinds } from "./exclusions.ts";
import {
  type BilledLine,
  type Cell,
  cellsOf,
  comparable,
  groupBy,
  type Sides,
  sumOf,
} from "./lines.ts";
import {
  type CacheWritePricesOf,
  explainCacheLifetime,
  explainDiscounts,
  explainEstimates,
  explainReportedCost,
  explainTiers,
} from "./prices.ts";
import {
  explainDoubledSource,
  explainLostHour,
  explainTimeZoneShift,
  type SourceSeries,
} from "./quantities.ts";
import { withoutUnnamedWorkspaces } from "./workspaces.ts";

/** Both sides of a window of whole UTC days, and what helps to tell why they differ. */
export interface Comparison extends Sides {
  /** The days to judge, with or without any line. */
  readonly days: readonly string[];
  /** What the report that is not the bill says of the days that both have. */
  readonly otherBill?: readonly BilledLine[];
  readonly series: readonly SourceSeries[];
  readonly cacheWritePricesOf: CacheWritePricesOf;
}

/** A day as both sides have it. The differences add up to `charged` less `anthropicBilled`. */
export interface DayJudgement {
  readonly day: string;
  readonly anthropicBilled: Usd;
  readonly charged: Usd;
  readonly differences: readonly Difference[];
}

export function judgeDays(comparison: Comparison): readonly DayJudgement[] {
  const differences = groupBy(attribute(comparison), ({ day }) => day);
  const theirs = groupBy(comparison.theirs, ({ day }) => day);
  const ours = groupBy(comparison.ours, ({ day }) => day);
  return comparison.days.map((day) => ({
    day,
    anthropicBilled: sumOf(theirs.get(day) ?? []),
    charged: sumOf(ours.get(day) ?? []),
    differences: mergeDifferences(differences.get(day) ?? []),
  }));
}

function attribute(comparison: Comparison): readonly Difference[] {
  const own = splitOwnKinds(comparison);
  const oneSided = splitOneSided(withoutUnnamedWorkspaces(comparable(own)));
  const cells = cellsOf(oneSided);
  const unit = reportUnit(comparison.theirs.map(({ billedCost }) => billedCost));
  const open = cells.map((cell) => openCellOf(cell, unit)).filter(({ gap }) => gap !== 0n);
  return [...own.differences, ...oneSided.differences, ...explainAll(open, cells, comparison)];
}

function explainAll(
  open: readonly OpenCell[],
  cells: readonly Cell[],
  { series, cacheWritePricesOf, theirs, otherBill = [] }: Comparison,
): readonly Difference[] {
  const rules: readonly ((rest: readonly OpenCell[]) => readonly Explanation[])[] = [
    (rest) =>
      rest
        .filter((cell) => isWithin(cell, cell.gap))
        .map((cell) => ({ open: cell, cause: "rounding" })),
    (rest) => explainTimeZoneShift(rest, cells, series),
    explainReportedCost,
    explainEstimates,
    (rest) => explainCacheLifetime(rest, cacheWritePricesOf),
    (rest) => explainTiers(rest).filter(({ evidence }) => !isHalf(evidence)),
    explainDoubledSource,
    explainTiers,
    explainDiscounts,
    (rest) => explainOtherBill(rest, { theirs, otherBill }),
    (rest) => explainLostHour(rest, cells, series),
    (rest) => rest.map((cell) => ({ open: cell, cause: "unexplained" })),
  ];
  const explained: Explanation[] = [];
  let rest = open;
  for (const rule of rules) {
    const found = rule(rest);
    explained.push(...found);
    const done = new Set(found.map(({ open: cell }) => cell));
    rest = rest.filter((cell) => !done.has(cell));
  }
  return explained.map(differenceOf);
}

/** Half of ours may be a batch, or a source that is there twice: twice is looked at first. */
function isHalf(evidence: string | undefined): boolean {
  return evidence === "batches cost half";
}

function differenceOf({ open: { cell, gap }, cause, evidence }: Explanation): Difference {
  const { day, workspaceId, modelId, component } = cell;
  return { day, cause, workspaceId, modelId, component, amount: gap, evidence };
}

/** A hundredth of a cent: no report that is of use is coarser. */
const REPORT_UNIT_MAX = 100_000_000n;

/** What the last digit of a report's amounts is worth: all of them are multiples of it. */
function reportUnit(amounts: readonly Usd[]): Usd {
  let unit = REPORT_UNIT_MAX;
  for (const amount of amounts) while (amount % unit !== 0n) unit /= 10n;
  return usd(unit);
}
