import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usd, usdFromDecimal } from "../../../src/domain/money.ts";
import { parseScope, type Scope } from "../../../src/domain/scope.ts";
import {
  parseQuantity,
  quantityToDecimal,
  unitCost,
  unitsOf,
} from "../../../src/features/unit-costs/rules.ts";

function scope(text: string): Scope {
  const parsed = parseScope(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

describe("a quantity", () => {
  test.each([
    ["128", 128_000_000n],
    ["12.5", 12_500_000n],
    ["0.000001", 1n],
    ["0", 0n],
  ])("of %s is exact and comes back as it was", (text, quantity) => {
    expect(parseQuantity(text)).toBe(quantity);
    expect(quantityToDecimal(quantity)).toBe(text);
  });

  test.each(["-1", "1e3", "", "1.0000001", "NaN", "1,000", " 1"])("is not %j", (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });
});

describe("unitCost", () => {
  test.each([
    ["412.50", "2750", "0.15"],
    ["1", "3", "0.333333333333"],
    ["2", "3", "0.666666666667"],
    ["-1", "4", "-0.25"],
    ["0.000000000001", "2", "0"],
    ["0.000000000003", "2", "0.000000000002"],
    ["10", "2.5", "4"],
  ])("of $%s for %s units is $%s", (cost, units, expected) => {
    expect(unitCost(usdFromDecimal(cost), parseQuantity(units) ?? 0n)).toBe(
      usdFromDecimal(expected),
    );
  });

  test("is none without units, rather than zero or infinite", () => {
    expect(unitCost(usdFromDecimal("1"), 0n)).toBeUndefined();
  });

  test("times the units is the cost, but for half a pico-dollar a unit", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 24n), fc.bigInt(1n, 10n ** 15n), (cost, units) => {
        const one = unitCost(usd(cost), units) ?? 0n;
        const difference = one * units - cost * 1_000_000n;
        expect(difference < 0n ? -difference * 2n : difference * 2n).toBeLessThanOrEqual(units);
      }),
    );
  });
});

describe("unitsOf", () => {
  const posted = (text: string, step: number, quantity: bigint) => ({
    scope: scope(text),
    step,
    quantity,
  });
  const SHAPE = { steps: 2, projects: new Set(["checkout", "ranking"]) };

  test("takes what was posted for exactly the scope", () => {
    const units = [posted("team:search", 0, 5n), posted("project:checkout", 1, 7n)];
    expect(unitsOf(scope("team:search"), units, SHAPE)).toEqual([5n, 0n]);
  });

  test("adds up a team's projects where nothing was posted for the team", () => {
    const units = [
      posted("project:checkout", 0, 5n),
      posted("project:ranking", 0, 2n),
      posted("project:billing", 0, 100n),
    ];
    expect(unitsOf(scope("team:search"), units, SHAPE)).toEqual([7n, 0n]);
  });

  test("adds up teams for the organization, and projects only where no team has any", () => {
    const projects = [posted("project:checkout", 1, 5n), posted("project:billing", 1, 2n)];
    expect(unitsOf(scope("org"), projects, SHAPE)).toEqual([0n, 7n]);
    const both = [...projects, posted("team:search", 0, 3n)];
    expect(unitsOf(scope("org"), both, SHAPE)).toEqual([3n, 0n]);
  });

  test("has none for a scope that nothing was posted for", () => {
    expect(unitsOf(scope("tag:feature=summary"), [posted("org", 0, 5n)], SHAPE)).toEqual([0n, 0n]);
  });
});
