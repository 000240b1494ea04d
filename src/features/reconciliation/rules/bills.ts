/**
 * Anthropic's two reports of costs, held against each other: what they differ by is not ours to
 * explain. Compared by day, model and type of token over all workspaces, since only one of them names
 * the default workspace. Pure.
 */
import { type Usd, usd, ZERO_USD } from "../../../domain/money.ts";
import { addMs, DAY_MS, type Instant } from "../../../domain/time.ts";
import { dayPeriod } from "./days.ts";
import { type Explanation, isWithin, type OpenCell } from "./difference.ts";
import { absolute, type BilledLine, type Component, groupBy, isTokens, sumOf } from "./lines.ts";

/**
 * - priority_tier: in `analytics/cost` only, since `cost_report` leaves it out
 * - discount: `cost_report` has what `analytics/cost` calls the list price
 * - rounding: less than half of the last digit of each row
 * - may_be_revised: one of the two has been revised and the other may follow: the day is not 30 days old
 * - unexplained: both are as they will stay
 */
export const BILL_CAUSES = {
  priority_tier: "Priority Tier, which cost_report leaves out",
  discount: "cost_report has the list price, analytics/cost what is paid after discounts",
  rounding: "rounding of the reports",
  may_be_revised: "one of the two was revised; Anthropic revises for up to 30 days",
  unexplained: "unexplained: ask Anthropic's support, with the day and the model",
} as const;
export type BillCause = keyof typeof BILL_CAUSES;

export interface BillDifference {
  readonly day: string;
  readonly modelId: string | undefined;
  readonly component: Component;
  readonly cause: BillCause;
  /** `analytics/cost` less `cost_report`. */
  readonly amount: Usd;
}

export interface BillComparison {
  /** UTC days that both reports have. */
  readonly days: readonly string[];
  readonly analytics: Usd;
  readonly costReport: Usd;
  /** They add up to `analytics` less `costReport`. */
  readonly differences: readonly BillDifference[];
}

/** Anthropic says that it revises its reports for so long. */
const REVISED_DAYS = 30;
/** A hundredth of a cent: what the last digit of either report is worth at most. */
const REPORT_UNIT = 100_000_000n;

export function compareBills({
  days,
  analytics,
  costReport,
  now,
}: {
  readonly days: readonly string[];
  readonly analytics: readonly BilledLine[];
  readonly costReport: readonly BilledLine[];
  readonly now: Instant;
}): BillComparison {
  const paidInAdvance = analytics.filter(isPriority).map((line) => ({
    ...placeOf(line),
    cause: "priority_tier" as const,
    amount: line.billedCost,
  }));
  const pairs = pairsOf(
    analytics.filter((line) => !isPriority(line)),
    costReport,
  );
  const others = pairs.flatMap(({ place, left, right }): readonly BillDifference[] => {
    const amount = usd(sumOf(left) - sumOf(right));
    return amount === 0n ? [] : [{ ...place, cause: causeOf({ place, left, right }, now), amount }];
  });
  return {
    days,
    analytics: sumOf(analytics),
    costReport: sumOf(costReport),
    differences: [...paidInAdvance.filter(({ amount }) => amount !== 0n), ...others],
  };
}

interface Place {
  readonly day: string;
  readonly modelId: string | undefined;
  readonly component: Component;
}

interface Pair {
  readonly place: Place;
  readonly left: readonly BilledLine[];
  readonly right: readonly BilledLine[];
}

function causeOf({ place, left, right }: Pair, now: Instant): BillCause {
  const units = BigInt(left.length + right.length) * REPORT_UNIT;
  const isSame = (one: bigint, other: bigint): boolean => absolute(one - other) * 2n <= units;
  const paid = sumOf(right);
  if (isSame(sumOf(left), paid)) return "rounding";
  if (isSame(listOf(left), paid)) return "discount";
  const isSettled = addMs(dayPeriod(place.day).end, REVISED_DAYS * DAY_MS) <= now;
  return isSettled ? "unexplained" : "may_be_revised";
}

function listOf(lines: readonly BilledLine[]): Usd {
  return usd(
    lines.reduce((sum, { listCost, billedCost }) => sum + (listCost ?? billedCost), 0n + ZERO_USD),
  );
}

function isPriority({ serviceTier }: BilledLine): boolean {
  return serviceTier === "priority";
}

/** What is billed by the piece has no model; see `comparable`. */
function placeOf({ day, modelId, component }: BilledLine): Place {
  return { day, modelId: isTokens(component) ? modelId : undefined, component };
}

/** Like beside like: where one report does not tell types of tokens apart, those of the other are put together. */
function pairsOf(left: readonly BilledLine[], right: readonly BilledLine[]): readonly Pair[] {
  const modelOf = ({ day, modelId }: BilledLine): string => JSON.stringify([day, modelId ?? null]);
  const undivided = new Set(
    [...left, ...right]
      .filter(({ component }) => component === "tokens" || component === "other")
      .map(modelOf),
  );
  const together = (line: BilledLine): BilledLine =>
    isTokens(line.component) && undivided.has(modelOf(line))
      ? { ...line, component: "tokens" }
      : line;
  const keyOf = (line: BilledLine): string => {
    const { day, modelId, component } = placeOf(line);
    return JSON.stringify([day, modelId ?? null, component]);
  };
  const lefts = groupBy(left.map(together), keyOf);
  const rights = groupBy(right.map(together), keyOf);
  return [...new Set([...lefts.keys(), ...rights.keys()])].toSorted().flatMap((key) => {
    const pair = { left: lefts.get(key) ?? [], right: rights.get(key) ?? [] };
    const line = pair.left[0] ?? pair.right[0];
    return line === undefined ? [] : [{ ...pair, place: placeOf(line) }];
  });
}

/**
 * Where our total is what the report that is not the bill has: in all workspaces together our gap to
 * the bill is just what the two reports differ by.
 */
export function explainOtherBill(
  open: readonly OpenCell[],
  {
    theirs,
    otherBill,
  }: { readonly theirs: readonly BilledLine[]; readonly otherBill: readonly BilledLine[] },
): readonly Explanation[] {
  if (otherBill.length === 0) return [];
  const keyOf = ({ day, modelId, component }: Place): string =>
    JSON.stringify([day, modelId ?? null, component]);
  const days = new Set(otherBill.map(({ day }) => day));
  const pairs = pairsOf(
    theirs.filter((line) => days.has(line.day) && !isPriority(line)),
    otherBill.filter((line) => !isPriority(line)),
  );
  const apart = new Map(
    pairs.map(({ place, left, right }) => [keyOf(place), sumOf(right) - sumOf(left)]),
  );
  return [...groupBy(open, ({ cell }) => keyOf(cell)).values()].flatMap((alike) => {
    const [first] = alike;
    const between = first === undefined ? 0n : (apart.get(keyOf(first.cell)) ?? 0n);
    const gap = alike.reduce((sum, one) => sum + one.gap, 0n);
    const bound = alike.reduce((sum, one) => sum + one.bound, 0n);
    if (between === 0n || isWithin({ bound }, between)) return [];
    if (!isWithin({ bound }, gap - between)) return [];
    return alike.map((one) => ({ open: one, cause: "bills_differ" as const }));
  });
}
