import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  endOfQuarterHour,
  monthToDate,
  monthWord,
  wholeMonth,
} from "../../src/domain/month-to-date.ts";
import { addMs, DAY_MS, HOUR_MS, instant, periodOf, timeZone } from "../../src/domain/time.ts";

const UTC = timeZone("UTC");

function spans(now: string, fiscalMonthStartsOn?: number): string {
  const month = {
    timeZone: UTC,
    ...(fiscalMonthStartsOn === undefined ? {} : { fiscalMonthStartsOn }),
  };
  const { current, previous } = monthToDate(instant(now), month);
  return [current.start, current.end, previous.start, previous.end]
    .map((at) => at.toISOString().slice(0, 16))
    .join(" ");
}

describe("monthToDate", () => {
  test.each([
    [
      "2026-11-23T10:07:00Z",
      undefined,
      "2026-11-01T00:00 2026-11-23T10:15 2026-10-01T00:00 2026-10-23T10:15",
    ],
    [
      "2026-11-23T10:07:00Z",
      1,
      "2026-11-01T00:00 2026-11-23T10:15 2026-10-01T00:00 2026-10-23T10:15",
    ],
    [
      "2026-11-23T10:07:00Z",
      26,
      "2026-10-26T00:00 2026-11-23T10:15 2026-09-26T00:00 2026-10-24T10:15",
    ],
    [
      "2026-11-26T00:00:00Z",
      26,
      "2026-11-26T00:00 2026-11-26T00:15 2026-10-26T00:00 2026-10-26T00:15",
    ],
    // No more than all of the shorter month before.
    [
      "2026-03-31T21:50:00Z",
      undefined,
      "2026-03-01T00:00 2026-03-31T22:00 2026-02-01T00:00 2026-03-01T00:00",
    ],
  ])("at %s with months from the %s", (now, day, expected) => {
    expect(spans(now, day)).toBe(expected);
  });

  test("is the month that budgets of the organization have, at any time, day and zone", () => {
    const anyNow = fc
      .date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
      .map(instant);
    const anyZone = fc.constantFrom("UTC", "Europe/Berlin", "Africa/Cairo", "Pacific/Apia");
    fc.assert(
      fc.property(anyNow, fc.integer({ min: 1, max: 28 }), anyZone, (now, day, name) => {
        const zone = timeZone(name);
        const calendar = { timeZone: zone, fiscalMonthStartsOn: day, fiscalYearStartsIn: 4 };
        const budget = periodOf(now, {
          kind: "monthly",
          zone,
          weekStartsOn: "sunday",
          fiscalMonthStartsOn: day,
          fiscalYearStartsIn: 4,
        });
        const { current, previous } = monthToDate(now, calendar);

        expect(current.start).toEqual(budget.start);
        expect(wholeMonth(now, calendar)).toEqual(budget);
        expect(previous.start < previous.end && previous.end <= current.start).toBe(true);
      }),
    );
  });
});

test("months that don't begin on the 1st are called fiscal", () => {
  expect([{}, { fiscalMonthStartsOn: 1 }, { fiscalMonthStartsOn: 26 }].map(monthWord)).toEqual([
    "month",
    "month",
    "fiscal month",
  ]);
  // A fiscal year alone moves no month.
  expect(monthWord({ fiscalYearStartsIn: 4 })).toBe("month");
});

test("endOfQuarterHour is ahead of now, by a quarter of an hour at most", () => {
  const ends = ["2026-11-23T10:00:00Z", "2026-11-23T10:14:59.999Z"].map((now) =>
    endOfQuarterHour(instant(now)),
  );
  expect(ends).toEqual([instant("2026-11-23T10:15:00Z"), instant("2026-11-23T10:15:00Z")]);
  expect(endOfQuarterHour(addMs(instant("2026-11-23T10:15:00Z"), DAY_MS + HOUR_MS))).toEqual(
    instant("2026-11-24T11:30:00Z"),
  );
});
