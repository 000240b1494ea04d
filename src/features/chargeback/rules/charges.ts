/**
 * What months come to as the facts are now: usage, commitments and credits as lines, each in the
 * month that it belongs to. Pure; the same facts give the same lines in whatever order they came.
 */
import { allocate, sumUsd, type Usd, usd, ZERO_USD } from "../../../domain/money.ts";
import { type Month, monthsBetween } from "../../../domain/month.ts";
import type { Scope } from "../../../domain/scope.ts";
import { type Commitment, type Credit, type Line, type MonthUsage, NO_COSTS } from "../rules.ts";

export interface Charged {
  /** Of all months from the first with charges through the last one that is asked about. */
  readonly usage: readonly MonthUsage[];
  readonly commitments: readonly Commitment[];
  readonly credits: readonly Credit[];
  /** The last month that is asked about. */
  readonly through: Month;
  /** Only then what is left of a commitment at the end of its term is unused. */
  readonly isOver: (month: Month) => boolean;
}

/** Lines of every month through the last one that is asked about. */
export function linesOf(charged: Charged): readonly Line[] {
  return [
    ...charged.usage.map(usageLine),
    ...charged.commitments.flatMap((commitment) => commitmentLines(commitment, charged)),
    ...charged.credits.filter(({ month }) => month <= charged.through).map(creditLine),
  ];
}

function usageLine({ month, dimension, list, billed }: MonthUsage): Line {
  return {
    originMonth: month,
    kind: "usage",
    reference: "",
    dimension,
    teamKey: dimension.teamKey,
    projectKey: dimension.projectKey,
    // Discounts are negotiated prices; what a commitment paid stands in lines of its own.
    costs: { list, contracted: billed, billed, effective: billed },
  };
}

/**
 * The purchase in the first month; then each month's usage in scope, at contracted cost, uses the
 * amount up until nothing is left, so that effective cost follows consumption exactly; the rest is
 * unused in the last month. Over the term the effective cost is the amount that was paid.
 */
function commitmentLines(
  commitment: Commitment,
  { usage, through, isOver }: Charged,
): readonly Line[] {
  const { key, amount, firstMonth, lastMonth, scope } = commitment;
  if (firstMonth > through) return [];
  const owner = ownerOf(scope);
  const lines: Line[] = [
    {
      ...owner,
      originMonth: firstMonth,
      kind: "purchase",
      reference: key,
      dimension: undefined,
      costs: { list: amount, contracted: amount, billed: amount, effective: ZERO_USD },
    },
  ];
  let left: Usd = amount;
  for (const month of monthsBetween(firstMonth, lastMonth < through ? lastMonth : through)) {
    const eligible = usage
      .filter((one) => one.month === month && one.billed > 0n && isInScope(one, scope))
      .toSorted((one, other) => one.dimension.spendDimensionId - other.dimension.spendDimensionId);
    const total = sumUsd(eligible.map(({ billed }) => billed));
    const covered = total < left ? total : left;
    if (covered === 0n) continue;
    left = usd(left - covered);
    lines.push(...drawdownLines(key, covered, eligible));
  }
  if (left > 0n && lastMonth <= through && isOver(lastMonth)) {
    lines.push({
      ...owner,
      originMonth: lastMonth,
      kind: "commitment_unused",
      reference: key,
      dimension: undefined,
      costs: { ...NO_COSTS, effective: left },
    });
  }
  return lines;
}

/** Which usage a commitment paid for, in proportion to its cost. */
function drawdownLines(
  reference: string,
  covered: Usd,
  eligible: readonly MonthUsage[],
): readonly Line[] {
  const shares = allocate(
    covered,
    eligible.map((one) => ({ key: one, weight: one.billed })),
  );
  return shares
    .filter(({ amount }) => amount > 0n)
    .flatMap(({ key: { month, dimension }, amount }): readonly Line[] => {
      const line = {
        originMonth: month,
        reference,
        dimension,
        teamKey: dimension.teamKey,
        projectKey: dimension.projectKey,
      };
      const less = usd(0n - amount);
      return [
        { ...line, kind: "commitment_used", costs: { ...NO_COSTS, effective: amount } },
        {
          ...line,
          kind: "commitment_paid",
          costs: { list: less, contracted: less, billed: less, effective: less },
        },
      ];
    });
}

function isInScope({ dimension }: MonthUsage, scope: Scope): boolean {
  switch (scope.kind) {
    case "org":
      return true;
    case "team":
      return dimension.teamKey === scope.key;
    case "workspace":
      return dimension.workspaceId === scope.key;
    case "project":
    case "user":
    case "api_key":
    case "model":
    case "tag":
      return false; // No commitment has such a scope.
  }
}

function creditLine({ key, scope, amount, month }: Credit): Line {
  const less = usd(0n - amount);
  return {
    ...ownerOf(scope),
    originMonth: month,
    kind: "credit",
    reference: key,
    dimension: undefined,
    costs: { list: less, contracted: less, billed: less, effective: less },
  };
}

/** What is for no team in particular is Unallocated: a rule of shared cost does not touch it. */
function ownerOf({ kind, key }: Scope): Pick<Line, "teamKey" | "projectKey"> {
  return { teamKey: kind === "team" ? key : undefined, projectKey: undefined };
}
