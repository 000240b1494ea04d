/** Unit costs, the decisions: which units count for a scope, and cost ÷ units. Pure. */
import { multiplyUsd, type Usd, usd } from "../../domain/money.ts";
import type { Scope } from "../../domain/scope.ts";
import type { Instant, Period } from "../../domain/time.ts";

/** Units that nobody has to post. */
export const BUILT_IN_UNITS = ["requests", "users"] as const;
export type BuiltInUnit = (typeof BUILT_IN_UNITS)[number];

/** Places of a quantity: 12.5 story points, 0.000001 of anything. */
const QUANTITY_PLACES = 6;
const QUANTITY_SCALE = 10n ** BigInt(QUANTITY_PLACES);

/** A quantity in millionths, exact. */
export type Quantity = bigint;

export interface BusinessMetric {
  readonly name: string;
  readonly scope: Scope;
  readonly occurredAt: Instant;
  readonly quantity: Quantity;
}

const DECIMAL = /^(\d{1,18})(?:\.(\d{1,6}))?$/;

/** "12.5" → 12,500,000 millionths; undefined unless a plain decimal of at most 6 places, 0 or more. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, whole = "", fraction = ""] = match;
  return BigInt(whole) * QUANTITY_SCALE + BigInt(fraction.padEnd(QUANTITY_PLACES, "0"));
}

/** "12.5"; no zeros that say nothing. */
export function quantityToDecimal(quantity: Quantity): string {
  const fraction = (quantity % QUANTITY_SCALE)
    .toString()
    .padStart(QUANTITY_PLACES, "0")
    .replace(/0+$/, "");
  return `${String(quantity / QUANTITY_SCALE)}${fraction === "" ? "" : `.${fraction}`}`;
}

export function wholeQuantity(count: number): Quantity {
  return BigInt(count) * QUANTITY_SCALE;
}

/** Cost of one unit, rounded once, half to even; undefined where there was no unit. */
export function unitCost(cost: Usd, units: Quantity): Usd | undefined {
  if (units === 0n) return undefined;
  return multiplyUsd(cost, { numerator: QUANTITY_SCALE, denominator: units });
}

/** What was posted for one scope in one step of the period. */
export interface PostedUnits {
  readonly step: number;
  readonly scope: Scope;
  readonly quantity: Quantity;
}

/**
 * Units of `scope` in each of `steps` steps. Decided once for the whole period, so that one line of
 * a chart is about one thing: exactly that scope where anything was posted for it, else what it
 * consists of.
 */
export function unitsOf(
  scope: Scope,
  posted: readonly PostedUnits[],
  { steps, projects }: { readonly steps: number; readonly projects: ReadonlySet<string> },
): readonly Quantity[] {
  const candidates: readonly ((one: Scope) => boolean)[] = [
    (one) => one.kind === scope.kind && one.key === scope.key,
    ...(scope.kind === "team"
      ? [(one: Scope): boolean => one.kind === "project" && projects.has(one.key)]
      : []),
    ...(scope.kind === "org"
      ? [
          (one: Scope): boolean => one.kind === "team",
          (one: Scope): boolean => one.kind === "project",
        ]
      : []),
  ];
  const counts = candidates.find((isOne) => posted.some((units) => isOne(units.scope)));
  return Array.from({ length: steps }, (_, step) =>
    posted
      .filter((units) => units.step === step && counts?.(units.scope) === true)
      .reduce((sum, { quantity }) => sum + quantity, 0n),
  );
}

export interface UnitCost {
  readonly period: Period;
  readonly cost: Usd;
  readonly units: Quantity;
  readonly unitCost: Usd | undefined;
}

/** Totals over the steps; the unit cost is that of the whole period, not a mean of means. */
export function totalOf(steps: readonly UnitCost[], period: Period): UnitCost {
  const cost = usd(steps.reduce((sum, step) => sum + step.cost, 0n));
  const units = steps.reduce((sum, step) => sum + step.units, 0n);
  return { period, cost, units, unitCost: unitCost(cost, units) };
}
