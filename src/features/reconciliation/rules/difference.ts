/** A difference with its cause, and cells that still wait for one. Pure. */
import { type Usd, usd } from "../../../domain/money.ts";
import type { Cause } from "./causes.ts";
import { absolute, type Cell, gapOf, groupBy } from "./lines.ts";

export interface Difference {
  /** UTC. */
  readonly day: string;
  readonly cause: Cause;
  readonly workspaceId: string | undefined;
  readonly modelId: string | undefined;
  readonly component: string;
  /** Ours less theirs. */
  readonly amount: Usd;
  /** What shows that it is so: which source, which hours, which discount. */
  readonly evidence: string | undefined;
}

/** A cell whose sides differ. */
export interface OpenCell {
  readonly cell: Cell;
  readonly gap: Usd;
  /** Up to this much is rounding, on either side. */
  readonly bound: bigint;
}

/** What a rule says of a cell: all of its gap has this cause. */
export interface Explanation {
  readonly open: OpenCell;
  readonly cause: Cause;
  readonly evidence?: string;
}

/** `reportUnit`: what the last digit of the report's amounts is worth. */
export function openCellOf(cell: Cell, reportUnit: bigint): OpenCell {
  const charges = cell.ours.reduce((sum, { chargeCount }) => sum + chargeCount, 0);
  return {
    cell,
    gap: gapOf(cell),
    bound: (BigInt(cell.theirs.length) * reportUnit + BigInt(charges)) / 2n + 1n,
  };
}

export function isWithin({ bound }: Pick<OpenCell, "bound">, difference: bigint): boolean {
  return absolute(difference) <= bound;
}

/** Adds up differences of the same place and cause; what comes to nothing is left out. */
export function mergeDifferences(differences: readonly Difference[]): readonly Difference[] {
  const keyOf = ({ amount: _amount, ...rest }: Difference): string =>
    JSON.stringify([
      rest.day,
      rest.cause,
      rest.workspaceId ?? null,
      rest.modelId ?? null,
      rest.component,
      rest.evidence ?? null,
    ]);
  return [...groupBy(differences, keyOf)]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([, [first, ...others]]) => {
      if (first === undefined) return [];
      const amount = usd(others.reduce((sum, other) => sum + other.amount, 0n + first.amount));
      return amount === 0n ? [] : [{ ...first, amount }];
    });
}
