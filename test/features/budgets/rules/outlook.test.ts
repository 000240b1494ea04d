import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addMs, DAY_MS, instant, localDate, timeZone } from "../../../../src/domain/time.ts";
import { EVEN_RHYTHM, forecastRest } from "../../../../src/features/budgets/rules/forecast.ts";
import { outlookOf } from "../../../../src/features/budgets/rules/outlook.ts";
import { daysAheadOfPlan } from "../../../../src/features/budgets/rules/pace.ts";
import {
  dateOf,
  dayNumber,
  PARTS_OF_DAY,
  type UsageHistory,
  usageHistory,
  weekdayOf,
} from "../../../../src/features/budgets/rules/usage-history.ts";
import { usd } from "../../../support/builders.ts";

const UTC = timeZone("UTC");
const NOVEMBER = { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-12-01T00:00:00Z") };
const OCTOBER = { start: instant("2026-10-01T00:00:00Z"), end: NOVEMBER.start };
const NOW = instant("2026-11-16T00:00:00Z"); // A Monday; half of November is over.
const TODAY = dayNumber("2026-11-16");

/** `days` days until yesterday, and an empty today. */
function historyOf(days: number, dollarsOn: (day: number) => number): UsageHistory {
  return Array.from({ length: days + 1 }, (_, index) => {
    const day = TODAY - days + index;
    const dollars = day === TODAY ? 0 : dollarsOn(day);
    return {
      date: dateOf(day),
      weekday: weekdayOf(day),
      parts: Array.from({ length: PARTS_OF_DAY }, () => dollars / PARTS_OF_DAY),
    };
  });
}

const isWeekend = (day: number): boolean => [0, 6].includes(weekdayOf(day));
const weekly = (day: number): number => (isWeekend(day) ? 0 : 10);
const outlook = (history: UsageHistory, overrides: object = {}) =>
  outlookOf(
    {
      period: NOVEMBER,
      timeZone: UTC,
      spend: usd(100),
      limit: usd(150),
      formerPeriods: [OCTOBER],
      ...overrides,
    },
    history,
    NOW,
  );

describe("outlookOf", () => {
  test("knows weekends: eleven working days of 10 are left of November", () => {
    const { forecast } = outlook(historyOf(56, weekly));

    // A pinch of the average day is mixed into each weekday.
    expect(Number((forecast?.expected ?? 0n) / usd(0.01)) / 100).toBeGreaterThan(205);
    expect(Number((forecast?.expected ?? 0n) / usd(0.01)) / 100).toBeLessThan(218);
  });

  test("says at what time the limit is reached, where that is today", () => {
    const today = outlook(historyOf(56, weekly), { limit: usd(102) });

    expect(today.reachesLimitOn).toBe("2026-11-16");
    expect(today.reachesLimitAt?.toISOString()).toMatch(/^2026-11-16T/);
    const later = outlook(historyOf(56, weekly), { limit: usd(145) });
    expect(later.reachesLimitAt).toBeUndefined();
    const [soon, late] = [101, 104].map(
      (limit) => outlook(historyOf(56, weekly), { limit: usd(limit) }).reachesLimitAt,
    );
    expect(soon !== undefined && late !== undefined && soon < late).toBe(true);
  });

  test("says when the limit is reached, on the scale of days", () => {
    // Ten each working day from the 16th: 45 more by Friday, November 20.
    expect(outlook(historyOf(56, weekly), { limit: usd(145) }).reachesLimitOn).toBe("2026-11-20");
    expect(outlook(historyOf(56, weekly), { limit: usd(1_000) }).reachesLimitOn).toBeUndefined();
    expect(outlook(historyOf(56, weekly), { limit: usd(90) }).reachesLimitOn).toBeUndefined();
  });

  test("is a dash before every weekday was seen once, and says what is missing", () => {
    expect(outlook(historyOf(6, () => 10))).toMatchObject({ forecast: undefined, missingDays: 1 });
    expect(outlook(historyOf(7, () => 10)).forecast).toBeDefined();
    expect(outlook([])).toMatchObject({ forecast: undefined, missingDays: 7 });
  });

  test("checks itself against former periods, from the days before that point alone", () => {
    expect(outlook(historyOf(120, () => 10)).forecast?.accuracy).toEqual({
      withinPercent: 1,
      periods: 1,
    });
    // October doubled in its second half: a forecast from its middle was far off.
    const jump = (day: number): number => (day >= dayNumber("2026-10-16") ? 20 : 10);
    expect(outlook(historyOf(120, jump)).forecast?.accuracy?.withinPercent).toBeGreaterThan(20);
    expect(outlook(historyOf(20, () => 10)).forecast?.accuracy).toBeUndefined();
  });

  test("what happens after now changes nothing", () => {
    const history = historyOf(60, weekly);
    const future = { date: "2026-11-17", weekday: 2, parts: [1e6] };

    expect(outlook([...history, future]).forecast).toEqual(outlook(history).forecast);
  });

  test("for any history the band holds the expectation, and nothing is below what was spent", () => {
    // Whole pico-dollars, as all money is.
    const dollarsADay = fc
      .oneof(
        fc.constant(0),
        fc.integer({ min: 1, max: 1_000 }).map((pico) => pico * 1e-12),
        fc.double({ min: 0, max: 1e7, noNaN: true }),
      )
      .map((amount) => Math.round(amount * 1e12) / 1e12);
    const days = fc.array(dollarsADay, { minLength: 0, maxLength: 120 });
    fc.assert(
      fc.property(days, fc.integer({ min: 0, max: 30 * 24 - 1 }), (dollars, hour) => {
        const history = historyOf(dollars.length, (day) => dollars[TODAY - 1 - day] ?? 0);
        const now = addMs(NOVEMBER.start, hour * 3_600_000);
        const { forecast, daysAhead = 0 } = outlookOf(
          {
            period: NOVEMBER,
            timeZone: UTC,
            spend: usd(100),
            limit: usd(150),
            formerPeriods: [OCTOBER],
          },
          history,
          now,
        );
        expect(Math.abs(daysAhead)).toBeLessThanOrEqual(30);
        if (forecast === undefined) return;
        expect(forecast.low).toBeGreaterThanOrEqual(usd(100));
        expect(forecast.expected).toBeGreaterThanOrEqual(forecast.low);
        expect(forecast.high).toBeGreaterThanOrEqual(forecast.expected);
      }),
      { numRuns: 150 },
    );
  });
});

describe("forecastRest", () => {
  test("a busy morning raises the rest of the day, a quiet one lowers it", () => {
    const history = historyOf(30, () => 80);
    const at = {
      now: { day: TODAY, dayShare: 0.5 },
      period: { first: TODAY, end: TODAY + 1 },
    };
    const rest = (spentToday: number): number =>
      forecastRest(history, TODAY - 30, { ...at, spentToday })?.expected ?? Number.NaN;

    expect(rest(40)).toBeCloseTo(40, 0);
    expect(rest(80)).toBeGreaterThan(55);
    expect(rest(0)).toBeLessThan(25);
  });

  test("follows growth, as far as it can be believed", () => {
    const growing = historyOf(56, (day) => 10 * 1.02 ** (day - TODAY));
    const rest = forecastRest(growing, TODAY - 56, {
      now: { day: TODAY, dayShare: 0 },
      period: { first: TODAY, end: TODAY + 7 },
    });

    expect(rest?.expected).toBeGreaterThan(70);
    expect(rest?.expected).toBeLessThan(82);
  });
});

describe("daysAheadOfPlan", () => {
  const at = (day: number, dayShare = 0) => ({
    now: { day, dayShare },
    period: { first: 0, end: 30 },
    rhythm: EVEN_RHYTHM,
  });

  test.each([
    [50, 15, 0],
    [60, 15, 3],
    [40, 15, -3],
    [0, 15, -15],
    [100, 15, 15],
    [250, 29, 1],
  ])("%d of 100 on day %d of 30: %d", (spend, day, ahead) => {
    expect(daysAheadOfPlan({ spend: usd(spend), limit: usd(100) }, at(day))).toBeCloseTo(ahead, 6);
  });

  test("a weekend is not behind plan for a team that rests", () => {
    const rhythm = { ...EVEN_RHYTHM, factors: [0, 1.4, 1.4, 1.4, 1.4, 1.4, 0] };
    const monday = 4; // January 5, 1970
    const on = (day: number): number =>
      daysAheadOfPlan(
        { spend: usd(100), limit: usd(200) },
        { now: { day, dayShare: 0 }, period: { first: monday, end: monday + 14 }, rhythm },
      );

    expect(on(monday + 7)).toBeLessThanOrEqual(0);
    expect(on(monday + 5)).toBeGreaterThanOrEqual(0);
  });
});

describe("usageHistory", () => {
  test("fills days without usage, ends with the last date, and counts credits as nothing", () => {
    const history = usageHistory(
      [
        { date: "2026-11-12", part: 1, spend: usd(2) },
        { date: "2026-11-10", part: 7, spend: usd(5) },
        { date: "2026-11-12", part: 1, spend: usd(1) },
        { date: "2026-11-11", part: 0, spend: usd(-4) },
      ],
      "2026-11-13",
    );

    expect(history.map(({ date, weekday, parts }) => [date, weekday, parts[1], parts[7]])).toEqual([
      ["2026-11-10", 2, 0, 5],
      ["2026-11-11", 3, 0, 0],
      ["2026-11-12", 4, 3, 0],
      ["2026-11-13", 5, 0, 0],
    ]);
    expect(history[1]?.parts[0]).toBe(0);
  });

  test("begins when something was spent that still counts, not with what was voided", () => {
    const part = (date: string, dollars: number) => ({ date, part: 0, spend: usd(dollars) });
    const history = usageHistory(
      [part("2026-11-08", 0), part("2026-11-09", -1), part("2026-11-10", 2), part("2026-11-11", 0)],
      "2026-11-12",
    );

    expect(history.map(({ date }) => date)).toEqual(["2026-11-10", "2026-11-11", "2026-11-12"]);
    expect(usageHistory([part("2026-11-08", 0)], "2026-11-12")).toEqual([]);
  });

  test("weekdays are those of the calendar", () => {
    for (let day = 0; day < 20; day += 1) {
      const at = addMs(instant("2026-11-01T12:00:00Z"), day * DAY_MS);
      expect(weekdayOf(dayNumber(localDate(at, UTC)))).toBe(at.getUTCDay());
    }
  });
});
