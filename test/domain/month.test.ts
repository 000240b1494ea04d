import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addMonths,
  monthFrom,
  monthOf,
  monthPeriod,
  monthsBetween,
  parseMonth,
} from "../../src/domain/month.ts";
import { contains, instant, timeZone } from "../../src/domain/time.ts";

describe("a month", () => {
  test.each(["2026-13", "2026-00", "2026-1", "0999-01", "26-10", "2026-10-01", ""])(
    "is not %j",
    (text) => {
      expect(parseMonth(text)).toBeUndefined();
    },
  );

  test("is counted on over the years, both ways", () => {
    expect(addMonths(monthFrom("2026-11"), 2)).toBe("2027-01");
    expect(addMonths(monthFrom("2026-01"), -1)).toBe("2025-12");
    expect(monthsBetween(monthFrom("2026-12"), monthFrom("2027-01"))).toEqual([
      "2026-12",
      "2027-01",
    ]);
    expect(monthsBetween(monthFrom("2026-12"), monthFrom("2026-11"))).toEqual([]);
  });

  test("contains exactly the instants that it is shown at, and months tile", () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date("2000-01-01T00:00:00Z"),
          max: new Date("2100-01-01T00:00:00Z"),
          noInvalidDate: true,
        }),
        fc.constantFrom(
          "UTC",
          "Europe/Berlin",
          "America/New_York",
          "Asia/Kathmandu",
          "Pacific/Apia",
        ),
        (date, name) => {
          const [at, zone] = [instant(date), timeZone(name)];
          const month = monthOf(at, zone);
          const period = monthPeriod(month, zone);

          expect(contains(period, at)).toBe(true);
          expect(monthPeriod(addMonths(month, 1), zone).start).toEqual(period.end);
        },
      ),
      { numRuns: 200 },
    );
  });
});
