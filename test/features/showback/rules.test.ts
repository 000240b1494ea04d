import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sumUsd, usd as usdFromPico } from "../../../src/domain/money.ts";
import { endOfQuarterHour } from "../../../src/domain/month-to-date.ts";
import { parseReportPeriod, type ReportPeriod } from "../../../src/domain/report-period.ts";
import { type Instant, instant, type Period, timeZone } from "../../../src/domain/time.ts";
import { cacheSharePercent, topRows } from "../../../src/features/showback/rules.ts";
import { usd } from "../../support/builders.ts";
import { spendTotals } from "../../support/showback-builders.ts";

const BERLIN = "Europe/Berlin";

function calendar(zone: string) {
  return { timeZone: timeZone(zone), weekStartsOn: "monday" } as const;
}

/** "2026-11-01T00:00Z to …, compared with …": both spans as short text. */
function spans(text: string, now: string, zone = BERLIN): string | undefined {
  const period = parseReportPeriod(text, instant(now), calendar(zone));
  if (period === undefined) return undefined;
  return [period.current, period.previous]
    .map(({ start, end }) => [start, end].map((at) => at.toISOString().slice(0, 16)).join(" "))
    .join(" vs ");
}

describe("parseReportPeriod", () => {
  test.each([
    [
      "today, against yesterday by this time",
      "today",
      "2026-11-23T10:07:00Z",
      "2026-11-22T23:00 2026-11-23T10:15 vs 2026-11-21T23:00 2026-11-22T10:15",
    ],
    [
      "today on a day of 25 hours, against no more than the whole day before",
      "today",
      "2026-10-25T22:50:00Z",
      "2026-10-24T22:00 2026-10-25T23:00 vs 2026-10-23T22:00 2026-10-24T22:00",
    ],
    [
      "today after a day of 23 hours",
      "today",
      "2026-03-30T21:50:00Z",
      "2026-03-29T22:00 2026-03-30T22:00 vs 2026-03-28T23:00 2026-03-29T22:00",
    ],
    [
      "today at the first instant of the day",
      "today",
      "2026-11-22T23:00:00Z",
      "2026-11-22T23:00 2026-11-22T23:15 vs 2026-11-21T23:00 2026-11-21T23:15",
    ],
    [
      "yesterday, with 25 hours",
      "yesterday",
      "2026-10-26T09:00:00Z",
      "2026-10-24T22:00 2026-10-25T23:00 vs 2026-10-23T22:00 2026-10-24T22:00",
    ],
    [
      "seven days with today as the last one",
      "7d",
      "2026-11-23T10:07:00Z",
      "2026-11-16T23:00 2026-11-23T10:15 vs 2026-11-09T23:00 2026-11-16T10:15",
    ],
    [
      "seven days across the change to winter time",
      "7d",
      "2026-10-27T12:00:00Z",
      "2026-10-20T22:00 2026-10-27T12:15 vs 2026-10-13T22:00 2026-10-20T12:15",
    ],
    [
      "the month to date",
      "mtd",
      "2026-11-23T10:07:00Z",
      "2026-10-31T23:00 2026-11-23T10:15 vs 2026-09-30T22:00 2026-10-23T09:15",
    ],
    [
      "the month to date on the first of the month",
      "mtd",
      "2026-11-01T00:01:00Z",
      "2026-10-31T23:00 2026-11-01T00:15 vs 2026-09-30T22:00 2026-09-30T23:15",
    ],
    [
      "31 days, against no more than the whole shorter month before",
      "mtd",
      "2026-03-31T21:50:00Z",
      "2026-02-28T23:00 2026-03-31T22:00 vs 2026-01-31T23:00 2026-02-28T23:00",
    ],
    [
      "the month to date in January, against December",
      "mtd",
      "2027-01-02T11:00:00Z",
      "2026-12-31T23:00 2027-01-02T11:15 vs 2026-11-30T23:00 2026-12-02T11:15",
    ],
    [
      "the last month, whole",
      "last-month",
      "2026-11-23T10:00:00Z",
      "2026-09-30T22:00 2026-10-31T23:00 vs 2026-08-31T22:00 2026-09-30T22:00",
    ],
    [
      "a month by its name, across the year",
      "2026-01",
      "2026-11-23T10:00:00Z",
      "2025-12-31T23:00 2026-01-31T23:00 vs 2025-11-30T23:00 2025-12-31T23:00",
    ],
    [
      "this month by its name, against as much of the one before",
      "2026-11",
      "2026-11-23T10:07:00Z",
      "2026-10-31T23:00 2026-11-23T10:15 vs 2026-09-30T22:00 2026-10-23T09:15",
    ],
  ])("reads %s", (_name, text, now, expected) => {
    expect(spans(text, now)).toBe(expected);
  });

  test.each([
    ["Last Month", "last-month"],
    ["  last   month ", "last-month"],
    ["LAST-MONTH", "last-month"],
    ["this month", "mtd"],
    ["month", "mtd"],
    ["MTD", "mtd"],
    ["1d", "today"],
    ["07d", "7d"],
  ])("%j is %s", (text, same) => {
    const now = "2026-11-23T10:07:00Z";

    expect(spans(text, now)).toBe(spans(same, now));
    expect(spans(text, now)).toBeDefined();
  });

  test.each([
    "",
    " ",
    "0d",
    "367d",
    "1000d",
    "-7d",
    "7",
    "1.5d",
    "2026-13",
    "2026-00",
    "2026-1",
    "26-10",
    "1999-12",
    "last",
    "tomorrow",
    "team:search",
    "constructor",
    "٧d",
  ])("%j is no period", (text) => {
    expect(spans(text, "2026-11-23T10:00:00Z")).toBeUndefined();
  });

  test("names itself and what it is compared with", () => {
    const named = (text: string) => {
      const period = parseReportPeriod(text, instant("2026-11-23T10:00:00Z"), calendar(BERLIN));
      return `${period?.label ?? ""}, against ${period?.previousLabel ?? ""}`;
    };

    expect(["today", "1d", "7d", "mtd", "last month", "2026-10", "2026-11"].map(named)).toEqual([
      "Today, against yesterday by this time",
      "Today, against yesterday by this time",
      "Last 7 days, against the 7 days before",
      "Month to date, against same days last month",
      "Last month, against the month before",
      "October 2026, against the month before",
      "November 2026, against same days of the month before",
    ]);
  });

  describe("where months begin on the 26th", () => {
    const named = (text: string) => {
      const fiscal = { ...calendar("UTC"), fiscalMonthStartsOn: 26, fiscalYearStartsIn: 4 };
      const period = parseReportPeriod(text, instant("2026-11-23T10:07:00Z"), fiscal);
      if (period === undefined) return undefined;
      const days = [period.current, period.previous]
        .map(({ start, end }) => [start, end].map((at) => at.toISOString().slice(5, 16)).join(" "))
        .join(" vs ");
      return `${period.label} ${days} ${period.previousLabel} ${period.typed}`;
    };

    test.each([
      [
        "this month",
        "Fiscal month to date 10-26T00:00 11-23T10:15 vs 09-26T00:00 10-24T10:15 same days last fiscal month mtd",
      ],
      [
        "last month",
        "Last fiscal month 09-26T00:00 10-26T00:00 vs 08-26T00:00 09-26T00:00 the fiscal month before last-month",
      ],
      [
        "since last month",
        "Since Sat, Sep 26 09-26T00:00 11-23T10:15 vs 07-29T00:00 09-25T10:15 the 59 days before 2026-09-26..",
      ],
    ])("%j is the month of the budgets", (text, expected) => {
      expect(named(text)).toBe(expected);
      expect(
        named(expected.split(" ").at(-1) ?? "")
          ?.split(" ")
          .slice(-1),
      ).toEqual(expected.split(" ").slice(-1));
    });

    test("a month by its name is the calendar's, as on a bill, and says so", () => {
      expect(named("october")).toBe(
        "Calendar month October 2026 10-01T00:00 11-01T00:00 vs 09-01T00:00 10-01T00:00 the month before 2026-10",
      );
      expect(named("2026-11")).toMatch(/^Calendar month November 2026 11-01T00:00 /);
    });
  });

  const zones = ["UTC", BERLIN, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];
  const anyInstant = fc
    .date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
    .map(instant);
  const periodOf = (text: string, now: Instant, zone: string): ReportPeriod => {
    const period = parseReportPeriod(text, now, calendar(zone));
    if (period === undefined) throw new Error(`${text} is a period`);
    return period;
  };
  const lengthOf = ({ start, end }: Period): number => end.getTime() - start.getTime();

  test("compares no span with itself, whatever the time and zone", () => {
    const words = ["today", "7d", "30d", "366d", "mtd", "yesterday", "last-month"];
    fc.assert(
      fc.property(
        anyInstant,
        fc.constantFrom(...zones),
        fc.constantFrom(...words),
        (now, zone, text) => {
          const { current, previous } = periodOf(text, now, zone);

          expect(lengthOf(current)).toBeGreaterThan(0);
          expect(lengthOf(previous)).toBeGreaterThan(0);
          expect(previous.end <= current.start).toBe(true);
        },
      ),
    );
  });

  test("what still runs ends with this quarter of an hour, and is compared with no longer a span", () => {
    fc.assert(
      fc.property(
        anyInstant,
        fc.constantFrom(...zones),
        fc.constantFrom("today", "7d", "30d", "366d", "mtd"),
        (now, zone, text) => {
          const { current, previous } = periodOf(text, now, zone);

          expect(current.start <= now).toBe(true);
          expect(current.end).toEqual(endOfQuarterHour(now));
          expect(lengthOf(previous)).toBeLessThanOrEqual(lengthOf(current));
        },
      ),
    );
  });
});

describe("cacheSharePercent", () => {
  const none = { uncached_input: 0, cache_write_5m: 0, cache_write_1h: 0, cache_read: 0 };

  test.each([
    ["everything", { cache_read: 10 }, 100],
    ["nothing", { uncached_input: 10 }, 0],
    [
      "a third, writes counting as prompt",
      { cache_read: 1, cache_write_5m: 1, cache_write_1h: 1 },
      33,
    ],
    ["half a percent more", { cache_read: 2, uncached_input: 1 }, 67],
  ])("%s", (_name, tokens, expected) => {
    expect(cacheSharePercent(spendTotals({ tokens: { ...none, output: 7, ...tokens } }))).toBe(
      expected,
    );
  });

  test("is unknown without a prompt", () => {
    expect(cacheSharePercent(spendTotals({ tokens: { ...none, output: 7 } }))).toBeUndefined();
  });
});

describe("topRows", () => {
  test("are the costliest, equal ones by name, and the others as one sum", () => {
    const rows = [
      { key: "b", cost: usd(2) },
      { key: null, cost: usd(2) },
      { key: "a", cost: usd(2) },
      { key: "c", cost: usd(9) },
      { key: "d", cost: usd(-1) },
    ];

    const { top, othersCount, others } = topRows(rows, 3);

    expect(top.map(({ key }) => key)).toEqual(["c", null, "a"]);
    expect({ othersCount, others }).toEqual({ othersCount: 2, others: usd(1) });
    expect(topRows(rows, 3, { count: 40, cost: usd(5) })).toEqual({
      top,
      othersCount: 42,
      others: usd(6),
    });
  });

  test("of any rows lose nothing, and none that is left out costs more", () => {
    const row = fc.record({
      key: fc.option(fc.string()),
      cost: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(usdFromPico),
    });
    fc.assert(
      fc.property(fc.array(row), fc.nat(10), (rows, count) => {
        const { top, othersCount, others } = topRows(rows, count);

        expect(top.length + othersCount).toBe(rows.length);
        expect(top.length).toBe(Math.min(count, rows.length));
        expect(sumUsd([...top.map(({ cost }) => cost), others])).toBe(
          sumUsd(rows.map(({ cost }) => cost)),
        );
        expect(top.map(({ cost }) => cost)).toEqual(
          rows
            .map(({ cost }) => cost)
            .toSorted((left, right) => (left < right ? 1 : left > right ? -1 : 0))
            .slice(0, count),
        );
      }),
    );
  });
});
