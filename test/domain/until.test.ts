import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addMs, DAY_MS, instant, localDate, timeZone } from "../../src/domain/time.ts";
import {
  countUntilWords,
  parseUntil,
  refusalOfDate,
  type UntilRefusal,
} from "../../src/domain/until.ts";

/** A Monday. */
const NOW = instant("2026-11-23T10:00:00Z");
const BERLIN = { zone: timeZone("Europe/Berlin"), weekStartsOn: "monday" } as const;

describe("parseUntil", () => {
  test.each([
    ["2026-12-05", "2026-12-05T23:00:00.000Z"],
    ["2026-11-23", "2026-11-23T23:00:00.000Z"],
    ["today", "2026-11-23T23:00:00.000Z"],
    ["tomorrow", "2026-11-24T23:00:00.000Z"],
    ["friday", "2026-11-27T23:00:00.000Z"],
    ["Fri", "2026-11-27T23:00:00.000Z"],
    ["sunday", "2026-11-29T23:00:00.000Z"],
    ["monday", "2026-11-30T23:00:00.000Z"],
    ["end of month", "2026-11-30T23:00:00.000Z"],
    ["End of the  month", "2026-11-30T23:00:00.000Z"],
    ["end of this week", "2026-11-29T23:00:00.000Z"],
    ["end of quarter", "2026-12-31T23:00:00.000Z"],
    ["end of year", "2026-12-31T23:00:00.000Z"],
    ["dec 5", "2026-12-05T23:00:00.000Z"],
    ["December 5th", "2026-12-05T23:00:00.000Z"],
    ["5 dec", "2026-12-05T23:00:00.000Z"],
    ["nov 23", "2026-11-23T23:00:00.000Z"],
    ["jan 2", "2027-01-02T23:00:00.000Z"],
    ["mar 28, 2027", "2027-03-28T22:00:00.000Z"],
    ["sept 1", "2027-09-01T22:00:00.000Z"],
  ])("reads %j as the day that the raise still covers", (text, end) => {
    expect(parseUntil(text, NOW, BERLIN)).toEqual({ kind: "until", at: instant(end) });
  });

  test.each<[string, UntilRefusal]>([
    ["2026-11-22", "past"],
    ["nov 22 2026", "past"],
    ["2020-01-01", "past"],
    ["2027-11-25", "too-far"],
    ["9999-12-31", "too-far"],
    ["2026-02-30", "not-a-date"],
    ["2026-13-01", "not-a-date"],
    ["feb 30", "not-a-date"],
    ["soon", "not-a-date"],
    ["", "not-a-date"],
    ["12/05", "not-a-date"],
    ["end of days", "not-a-date"],
    ["5", "not-a-date"],
  ])("refuses %j: %s", (text, reason) => {
    expect(parseUntil(text, NOW, BERLIN)).toEqual({ kind: "refused", reason });
  });

  test("takes a date without a year as the next one", () => {
    expect(parseUntil("nov 22", NOW, BERLIN)).toEqual({
      kind: "until",
      at: instant("2027-11-22T23:00:00Z"),
    });
  });

  test("today is the zone's today", () => {
    const lateInUtc = instant("2026-11-23T23:30:00Z");

    expect(parseUntil("today", lateInUtc, BERLIN)).toEqual({
      kind: "until",
      at: instant("2026-11-24T23:00:00Z"),
    });
  });

  test("a day that has 25 hours is covered to its end", () => {
    const newYork = { zone: timeZone("America/New_York"), weekStartsOn: "sunday" } as const;

    expect(parseUntil("2026-11-01", instant("2026-10-31T12:00:00Z"), newYork)).toEqual({
      kind: "until",
      at: instant("2026-11-02T05:00:00Z"),
    });
  });

  test("what it accepts lies ahead and at most 366 days away", () => {
    const text = fc.oneof(
      fc
        .date({ min: new Date("2025-01-01"), max: new Date("2029-01-01"), noInvalidDate: true })
        .map((date) => date.toISOString().slice(0, 10)),
      fc.constantFrom("today", "tomorrow", "mon", "sunday", "end of week", "end of year", "feb 29"),
    );
    const zones = fc.constantFrom("UTC", "Africa/Cairo", "Pacific/Apia", "Australia/Lord_Howe");
    const at = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2028, 11, 31) });
    fc.assert(
      fc.property(text, zones, at, (typed, zone, ms) => {
        const now = instant(ms);
        const parsed = parseUntil(typed, now, { zone: timeZone(zone), weekStartsOn: "monday" });

        fc.pre(parsed.kind === "until");
        expect(parsed.at.getTime()).toBeGreaterThan(ms);
        expect(parsed.at.getTime()).toBeLessThanOrEqual(ms + 366 * DAY_MS);
        const lastDay = localDate(addMs(parsed.at, -1), timeZone(zone));
        expect(/^\d/.test(typed) ? typed : lastDay).toBe(lastDay);
      }),
    );
  });
});

describe("refusalOfDate", () => {
  test.each([
    ["2026-11-22", undefined],
    ["2026-11-21", "past"],
    ["2027-11-24", undefined],
    ["2027-11-26", "too-far"],
    ["2026-02-30", "not-a-date"],
  ])("of %s, wherever the budget is: %s", (text, refusal) => {
    expect(refusalOfDate(text, NOW)).toBe(refusal);
  });
});

describe("countUntilWords", () => {
  test.each([
    ["friday for the launch", 1],
    ["end of month please", 3],
    ["end of the month please", 4],
    ["dec 5 re-indexing", 2],
    ["5 dec 2026 re-indexing", 3],
    ["whenever", 1],
  ])("%j", (text, count) => {
    expect(countUntilWords(text.split(" "))).toBe(count);
  });
});
