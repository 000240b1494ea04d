/**
 * Re-rating, the decisions: whether charges of an event would be others today, and the statement of
 * what that changes. Pure. Nothing is edited: what differs is taken back and charged again.
 */
import { type Usd, usd, ZERO_USD } from "../../../domain/money.ts";
import type { Instant, Period } from "../../../domain/time.ts";

/** Which part of the past, and what of it. */
export interface RerateRange {
  /** By the time of the usage. */
  readonly period: Period;
  /** Only usage some of whose charges rest on an assumption, such as that of unknown models. */
  readonly onlyEstimated: boolean;
  /** Its owners too, by what held when it happened; else usage stays with whom it belongs to. */
  readonly includesAllocation: boolean;
}

/** One run over a range. */
export interface Rerate {
  readonly rerateId: string;
  readonly range: RerateRange;
  readonly requestedBy: string;
  readonly requestedAt: Instant;
  /** The last event that was looked at. */
  readonly place: { readonly occurredAt: Instant; readonly usageEventId: string } | undefined;
  readonly eventsExamined: number;
  readonly eventsChanged: number;
  /** Of billed cost, so far. */
  readonly difference: Usd;
  readonly isFinished: boolean;
}

/** What of a charge makes it another one. Its number does not. */
export interface RatedCharge {
  readonly spendDimensionId: number;
  readonly skuId: string;
  readonly priceId: string;
  readonly pricingBasis: string;
  readonly consumedQuantity: number;
  readonly consumedUnit: string;
  readonly listUnitPrice: Usd;
  readonly listCost: Usd;
  readonly billedCost: Usd;
}

/** Whether the same was charged, line by line; the first line also stands for the request. */
export function isSameRating(left: readonly RatedCharge[], right: readonly RatedCharge[]): boolean {
  return (
    left.length === right.length &&
    left[0]?.spendDimensionId === right[0]?.spendDimensionId &&
    ratingText(left) === ratingText(right)
  );
}

function ratingText(charges: readonly RatedCharge[]): string {
  return charges
    .map((charge) =>
      [
        charge.spendDimensionId,
        charge.skuId,
        charge.priceId,
        charge.pricingBasis,
        charge.consumedQuantity,
        charge.consumedUnit,
        charge.listUnitPrice,
        charge.listCost,
        charge.billedCost,
      ].join(" "),
    )
    .toSorted()
    .join("\n");
}

/** Billed cost of one owner, before and after. */
export interface RerateLine {
  /** Undefined: Unallocated. */
  readonly teamKey: string | undefined;
  readonly before: Usd;
  readonly after: Usd;
}

/** What re-rating changes, or changed. */
export interface RerateStatement {
  readonly eventsExamined: number;
  readonly eventsChanged: number;
  /** Only teams for which something changes, the largest change first. */
  readonly teams: readonly RerateLine[];
  readonly before: Usd;
  readonly after: Usd;
}

export const EMPTY_STATEMENT: RerateStatement = {
  eventsExamined: 0,
  eventsChanged: 0,
  teams: [],
  before: ZERO_USD,
  after: ZERO_USD,
};

/** One amount of a changed event, as it was or as it will be. */
export interface OwnedAmount {
  readonly teamKey: string | undefined;
  readonly amount: Usd;
}

/** Adds one portion to a statement. */
export function addToStatement(
  statement: RerateStatement,
  portion: {
    readonly examined: number;
    readonly changed: number;
    readonly before: readonly OwnedAmount[];
    readonly after: readonly OwnedAmount[];
  },
): RerateStatement {
  const teams = new Map(statement.teams.map((line) => [line.teamKey, line]));
  const lineOf = (teamKey: string | undefined): RerateLine =>
    teams.get(teamKey) ?? { teamKey, before: ZERO_USD, after: ZERO_USD };
  for (const { teamKey, amount } of portion.before) {
    const line = lineOf(teamKey);
    teams.set(teamKey, { ...line, before: usd(line.before + amount) });
  }
  for (const { teamKey, amount } of portion.after) {
    const line = lineOf(teamKey);
    teams.set(teamKey, { ...line, after: usd(line.after + amount) });
  }
  const lines = [...teams.values()];
  return {
    eventsExamined: statement.eventsExamined + portion.examined,
    eventsChanged: statement.eventsChanged + portion.changed,
    teams: lines.toSorted((left, right) => compare(change(right), change(left))),
    before: usd(lines.reduce((sum, { before }) => sum + before, 0n)),
    after: usd(lines.reduce((sum, { after }) => sum + after, 0n)),
  };
}

function change({ before, after }: RerateLine): bigint {
  return after > before ? after - before : before - after;
}

function compare(left: bigint, right: bigint): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
