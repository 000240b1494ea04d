import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Instant, instant } from "../../../../src/domain/time.ts";
import {
  baseLimitAt,
  formerPeriod,
  inForce,
  type LimitEntry,
  unusedOf,
} from "../../../../src/features/budgets/rules/in-force.ts";
import { aBudget } from "../../../support/budget-builders.ts";
import { usd } from "../../../support/builders.ts";

const OCTOBER = { start: instant("2026-10-01T00:00:00Z"), end: instant("2026-11-01T00:00:00Z") };

function entry(validFrom: string, dollars: number, generation = 1): LimitEntry {
  return { validFrom: instant(validFrom), limit: usd(dollars), generation };
}

function carried(
  spend: number,
  limits: readonly LimitEntry[],
  {
    percent = 100,
    generation = 1,
  }: { readonly percent?: number; readonly generation?: number } = {},
): bigint {
  return unusedOf(
    { rollOverMaxPercent: percent, generation },
    { period: OCTOBER, spend: usd(spend), limits },
  );
}

describe("unusedOf", () => {
  const limits = [entry("2026-09-10T00:00:00Z", 500)];

  test.each([
    [0, 500],
    [120, 380],
    [500, 0],
    [600, 0],
    [-50, 500], // credits are no more than unused
  ])("of 500 with %d spent is %d", (spend, expected) => {
    expect(carried(spend, limits)).toBe(usd(expected));
  });

  test("is at most the budget's share of the limit", () => {
    expect(carried(100, limits, { percent: 25 })).toBe(usd(125));
    expect(carried(450, limits, { percent: 25 })).toBe(usd(50));
  });

  test("is nothing for a budget that does not roll over", () => {
    expect(
      unusedOf(
        { rollOverMaxPercent: undefined, generation: 1 },
        { period: OCTOBER, spend: usd(0), limits },
      ),
    ).toBe(0n);
  });

  test("rests on the limit at the end of the former period, not on today's", () => {
    const edited = [
      ...limits,
      entry("2026-10-31T23:59:59.999Z", 300),
      entry("2026-11-01T00:00:00Z", 900),
    ];

    expect(carried(100, edited)).toBe(usd(200));
  });

  test("is nothing from before the budget, or of another yardstick", () => {
    expect(carried(100, [entry("2026-11-01T00:00:00Z", 500)])).toBe(0n);
    expect(carried(100, limits, { generation: 2 })).toBe(0n);
  });
});

describe("inForce", () => {
  test("is base limit, grants and what was carried over; decided are the first two", () => {
    expect(inForce({ baseLimit: usd(500), grants: usd(200), carriedOver: usd(80) })).toMatchObject({
      limit: usd(780),
      decided: usd(700),
    });
  });
});

describe("baseLimitAt", () => {
  test("of the same instant the last entry holds, and none before the first", () => {
    const limits = [entry("2026-10-01T00:00:00Z", 1), entry("2026-10-01T00:00:00Z", 2)];

    expect(baseLimitAt(limits, instant("2026-10-01T00:00:00Z"))?.limit).toBe(usd(2));
    expect(baseLimitAt(limits, instant("2026-09-30T23:59:59.999Z"))).toBeUndefined();
  });

  test("at any instant exactly the latest entry that has begun holds", () => {
    const times = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(times, fc.integer({ min: -5, max: 1_005 }), (starts, at) => {
        const limits = starts
          .toSorted((a, b) => a - b)
          .map(
            (ms, index): LimitEntry => ({
              ...entry("2026-10-01T00:00:00Z", index + 1),
              validFrom: at0(ms),
            }),
          );
        const begun = limits.filter(({ validFrom }) => validFrom <= at0(at));

        expect(baseLimitAt(limits, at0(at))).toEqual(begun.at(-1));
      }),
    );
  });
});

test("the former period ends where the current one begins, in fiscal months too", () => {
  const budget = aBudget({ fiscalMonthStartsOn: 26 });

  expect(formerPeriod(budget, instant("2026-11-23T10:00:00Z"))).toEqual({
    start: instant("2026-09-26"),
    end: instant("2026-10-26"),
  });
});

function at0(ms: number): Instant {
  return instant(ms);
}
