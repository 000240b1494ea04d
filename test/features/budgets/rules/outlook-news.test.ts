import { describe, expect, test } from "vitest";
import { addMs, HOUR_MS, instant } from "../../../../src/domain/time.ts";
import {
  decideForecast,
  hasForecastRecovered,
  hasPaceRecovered,
  hasSpendRecovered,
  isAheadOfPlan,
  type Watched,
} from "../../../../src/features/budgets/rules/outlook-news.ts";
import {
  dueAfterLook,
  dueAfterSpend,
  isReset,
} from "../../../../src/features/budgets/rules/watch.ts";
import { usd } from "../../../support/builders.ts";

const NOW = instant("2026-11-16T10:00:00Z");
const NOVEMBER = { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-12-01T00:00:00Z") };

function watched(overrides: Partial<Watched> = {}): Watched {
  return {
    periodKind: "monthly",
    now: NOW,
    limit: usd(100),
    spend: usd(40),
    known: new Set(),
    sightings: new Map(),
    ...overrides,
  };
}
const forecast = (expected: number, low = expected * 0.7) => ({
  expected: usd(expected),
  low: usd(low),
  high: usd(expected * 1.4),
  accuracy: undefined,
});
const keyOf = (percent: number): string => `forecast:${String(percent)}`;
const decide = (of: Partial<Watched>, expected: number, low?: number) =>
  decideForecast(watched(of), [80, 100], { forecast: forecast(expected, low), keyOf });

describe("decideForecast", () => {
  test("a first look is remembered, not said", () => {
    expect(decide({}, 105)).toEqual({
      announced: undefined,
      silent: [],
      sighted: new Map([
        ["forecast:80", NOW],
        ["forecast:100", NOW],
      ]),
    });
  });

  test("what still holds half a day later is said once, the highest of it", () => {
    const sightings = new Map([
      ["forecast:80", addMs(NOW, -12 * HOUR_MS)],
      ["forecast:100", addMs(NOW, -12 * HOUR_MS)],
    ]);

    expect(decide({ sightings }, 105)).toMatchObject({ announced: 100, silent: [80] });
    expect(decide({ sightings, known: new Set(["forecast:80", "forecast:100"]) }, 105)).toEqual({
      announced: undefined,
      silent: [],
      sighted: new Map(),
    });
  });

  test("an hour later it is the same burst; what is gone in between begins anew", () => {
    const seen = addMs(NOW, -11 * HOUR_MS);

    expect(decide({ sightings: new Map([["forecast:100", seen]]) }, 105).announced).toBeUndefined();
    expect(decide({ sightings: new Map([["forecast:100", seen]]) }, 70).sighted.size).toBe(0);
    expect(
      decide({ periodKind: "daily", sightings: new Map([["forecast:100", seen]]) }, 105).announced,
    ).toBe(100);
  });

  test("what is nearly certain is said at once", () => {
    expect(decide({}, 120, 101)).toMatchObject({ announced: 100, silent: [80] });
  });

  test("what is spent already is no forecast, and a lower one after a higher is no news", () => {
    expect(decide({ spend: usd(85) }, 95, 90)).toEqual({
      announced: undefined,
      silent: [],
      sighted: new Map(),
    });
    expect(decide({ known: new Set(["forecast:100"]) }, 120, 110)).toMatchObject({
      announced: undefined,
      silent: [80],
    });
  });
});

describe("recovery", () => {
  test.each([
    [91, false],
    [90, false],
    [89.99, true],
  ])("a forecast of %d after 100% was said: %s", (expected, isBack) => {
    const of = { limit: usd(100), announcedPercent: 100 };
    expect(hasForecastRecovered(forecast(expected), of)).toBe(isBack);
    expect(hasSpendRecovered({ ...of, spend: usd(expected) })).toBe(isBack);
  });

  test("a pace has recovered when half of the days are gone", () => {
    expect(hasPaceRecovered({ daysAhead: 1.5, paceDays: 3 })).toBe(false);
    expect(hasPaceRecovered({ daysAhead: 1.4, paceDays: 3 })).toBe(true);
  });
});

describe("isAheadOfPlan", () => {
  const pace = { daysAhead: 3, paceDays: 3, key: "pace:3" };

  test("is news at the set number of days, once, and not when all is spent", () => {
    expect(isAheadOfPlan(watched(), pace)).toBe(true);
    expect(isAheadOfPlan(watched(), { ...pace, daysAhead: 2.99 })).toBe(false);
    expect(isAheadOfPlan(watched({ known: new Set(["pace:3"]) }), pace)).toBe(false);
    expect(isAheadOfPlan(watched({ spend: usd(100) }), pace)).toBe(false);
  });
});

describe("when the clock looks", () => {
  test("after spend at the next full hour", () => {
    expect(dueAfterSpend(instant("2026-11-16T10:00:00Z"))).toEqual(instant("2026-11-16T11:00:00Z"));
    expect(dueAfterSpend(instant("2026-11-16T10:59:59Z"))).toEqual(instant("2026-11-16T11:00:00Z"));
  });

  test("after a look a day later, or when a raise or the period ends", () => {
    const grantsEnd = [instant("2026-11-16T18:00:00Z"), instant("2026-11-16T09:00:00Z")];

    expect(dueAfterLook(NOW, { period: NOVEMBER, grantsEnd: [] })).toEqual(
      instant("2026-11-17T10:00:00Z"),
    );
    expect(dueAfterLook(NOW, { period: NOVEMBER, grantsEnd })).toEqual(grantsEnd[0]);
    expect(
      dueAfterLook(instant("2026-11-30T12:00:00Z"), { period: NOVEMBER, grantsEnd: [] }),
    ).toEqual(NOVEMBER.end);
  });

  test("a period begins anew once, in its first half, for a budget that was looked after", () => {
    const now = instant("2026-11-01T00:00:30Z");
    const before = instant("2026-10-31T12:00:00Z");

    expect(isReset(before, { period: NOVEMBER, now })).toBe(true);
    expect(isReset(undefined, { period: NOVEMBER, now })).toBe(false);
    expect(isReset(NOVEMBER.start, { period: NOVEMBER, now })).toBe(false);
    expect(isReset(before, { period: NOVEMBER, now: NOW })).toBe(false);
  });
});
