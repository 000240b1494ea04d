import { describe, expect, test } from "vitest";
import { instant } from "../../../../src/domain/time.ts";
import { daysLeft, projectSpend } from "../../../../src/features/budgets/rules/pace.ts";
import { usd } from "../../../support/builders.ts";

const NOVEMBER = { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-12-01T00:00:00Z") };
const A_DAY = { start: instant("2026-11-23T00:00:00Z"), end: instant("2026-11-24T00:00:00Z") };
const YEAR = { start: instant("2026-01-01T00:00:00Z"), end: instant("2027-01-01T00:00:00Z") };

describe("projectSpend", () => {
  test("goes on at the pace so far", () => {
    expect(projectSpend(usd(100), NOVEMBER, instant("2026-11-11T00:00:00Z"))).toBe(usd(300));
  });

  test.each([
    ["three days of a month", NOVEMBER, "2026-11-04T00:00:00Z", true],
    ["less than three days of a month", NOVEMBER, "2026-11-03T23:59:59Z", false],
    ["a fifth of a day", A_DAY, "2026-11-23T04:48:00Z", true],
    ["less than a fifth of a day", A_DAY, "2026-11-23T04:47:59Z", false],
    ["three days of a year", YEAR, "2026-01-04T00:00:00Z", true],
    ["the end", NOVEMBER, "2026-12-01T00:00:00Z", false],
  ])("after %s", (_, period, now, isKnown) => {
    expect(projectSpend(usd(100), period, instant(now)) !== undefined).toBe(isKnown);
  });

  test("projects nothing from nothing", () => {
    expect(projectSpend(usd(0), NOVEMBER, instant("2026-11-20T00:00:00Z"))).toBeUndefined();
  });
});

describe("daysLeft", () => {
  test.each([
    ["2026-11-01T00:00:00Z", 30],
    ["2026-11-29T23:59:59Z", 2],
    ["2026-11-30T00:00:00Z", 1],
    ["2026-12-02T00:00:00Z", 0],
  ])("at %s: %i", (now, days) => {
    expect(daysLeft(NOVEMBER, instant(now))).toBe(days);
  });
});
