import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addMs,
  atLocalTime,
  contains,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  localDate,
  localParts,
  MINUTE_MS,
  PERIOD_KINDS,
  type PeriodKind,
  parseLocalDate,
  parseTimeOfDay,
  parseTimeZone,
  periodOf,
  startOfLocalDay,
  type TimeZone,
  timeZone,
  WEEKDAYS,
} from "../../src/domain/time.ts";
import { useDatabase } from "../support/database.ts";

const db = useDatabase();

/** Half-hour and 45-minute offsets, midnights that are missing or happen twice, a day that never was. */
const ZONES = [
  "UTC",
  "America/New_York",
  "Africa/Cairo",
  "Asia/Beirut",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Pacific/Apia",
  "Australia/Lord_Howe",
  "Europe/Berlin",
  "America/Sao_Paulo",
] as const;

const UNITS: Record<PeriodKind, string> = {
  daily: "day",
  weekly: "week",
  monthly: "month",
  quarterly: "quarter",
  yearly: "year",
};

const instants = fc
  .date({
    min: new Date("2006-01-01T00:00:00Z"),
    max: new Date("2035-01-01T00:00:00Z"),
    noInvalidDate: true,
  })
  .map(instant);
const zones = fc.constantFrom(...ZONES).map(timeZone);
const fiscal = {
  weekStartsOn: fc.constantFrom(...WEEKDAYS),
  fiscalMonthStartsOn: fc.integer({ min: 1, max: 28 }),
  fiscalYearStartsIn: fc.integer({ min: 1, max: 12 }),
};
const calendars = fc.record({ kind: fc.constantFrom(...PERIOD_KINDS), zone: zones, ...fiscal });
/** Every zone that this runtime knows and we accept. */
const EVERY_ZONE = Intl.supportedValuesOf("timeZone").flatMap((name) => parseTimeZone(name) ?? []);

/**
 * Postgres' own calendar: at odd hours over 20 years, and closely around each change of the zone's
 * offset. Its end comes from a local date plus the unit, so not from its start.
 */
const POSTGRES_PERIODS = `
  with hours as (
    select t, t at time zone $1::text - t at time zone 'UTC' as utc_offset
      from generate_series('2009-12-31T12:00:00Z'::timestamptz, '2030-01-01Z', '1 hour') as t
  ), changes as (
    select t from (select t, utc_offset, lag(utc_offset) over (order by t) as before from hours) as steps
     where utc_offset <> before
  ), samples as (
    select t from generate_series('2010-01-01Z'::timestamptz, '2030-01-01Z', '331 hours') as t
    union
    select changes.t + minutes * interval '1 minute'
      from changes, generate_series(-1500, 1500, 149) as minutes
  )
  select units.unit,
         samples.t as at,
         date_trunc(units.unit, samples.t, $1::text) as start,
         (date_trunc(units.unit, samples.t at time zone $1::text)
           + case units.unit when 'quarter' then interval '3 months'
                             else ('1 ' || units.unit)::interval end)
           at time zone $1::text as end
    from samples, unnest($2::text[]) as units (unit)`;

test.each(ZONES)("periodOf agrees with Postgres in %s, for every kind of period", async (zone) => {
  const { rows } = await db.pool.query<{ unit: string; at: Date; start: Date; end: Date }>(
    POSTGRES_PERIODS,
    [zone, Object.values(UNITS)],
  );

  for (const kind of PERIOD_KINDS) {
    const calendar = { kind, zone: timeZone(zone), weekStartsOn: "monday" } as const;
    const samples = rows.filter(({ unit }) => unit === UNITS[kind]);
    const differences = samples.filter(({ at, start, end }) => {
      const period = periodOf(instant(at), calendar);
      return period.start.getTime() !== start.getTime() || period.end.getTime() !== end.getTime();
    });
    expect(samples.length).toBeGreaterThan(500);
    expect(differences.slice(0, 3)).toEqual([]);
  }
});

describe("periodOf", () => {
  test("contains the instant that it was asked for, and begins where the one before ends", () => {
    fc.assert(
      fc.property(instants, calendars, (at, calendar) => {
        const period = periodOf(at, calendar);

        expect(contains(period, at)).toBe(true);
        expect(periodOf(period.start, calendar)).toEqual(period);
        expect(periodOf(addMs(period.end, -1), calendar)).toEqual(period);
        expect(periodOf(period.end, calendar).start).toEqual(period.end);
      }),
      { numRuns: 500 },
    );
  });

  test("tiles time in every zone: no gap, no overlap, whatever the clocks there do", () => {
    expect(EVERY_ZONE.length).toBeGreaterThan(300);
    const anyCalendar = fc.record({
      kind: fc.constantFrom(...PERIOD_KINDS),
      zone: fc.constantFrom(...EVERY_ZONE),
      ...fiscal,
    });
    fc.assert(
      fc.property(instants, anyCalendar, (at, calendar) => {
        const period = periodOf(at, calendar);

        expect(contains(period, at)).toBe(true);
        const before = periodOf(addMs(period.start, -1), calendar);
        const after = periodOf(period.end, calendar);
        expect(before.end).toEqual(period.start);
        expect(after.start).toEqual(period.end);
        expect(contains(after, period.end)).toBe(true);
        // A rollup holds a quarter of an hour: a period is a whole number of them.
        expect(period.start.getTime() % (15 * MINUTE_MS)).toBe(0);
      }),
      { numRuns: 1_500 },
    );
  });

  test("days tile the hours around each change of a clock, also one at a minute past midnight", () => {
    for (const [zone, around] of [
      ["America/St_Johns", "2010-11-07T02:31:00Z"],
      ["Asia/Beirut", "2026-10-24T21:00:00Z"],
      ["Africa/Cairo", "2026-04-23T22:00:00Z"],
      ["Pacific/Apia", "2011-12-30T10:00:00Z"],
    ] as const) {
      for (let minutes = -180; minutes <= 180; minutes += 7) {
        const at = addMs(instant(around), minutes * MINUTE_MS);
        for (const kind of PERIOD_KINDS) {
          const calendar = { kind, zone: timeZone(zone), weekStartsOn: "monday" } as const;
          expect(contains(periodOf(at, calendar), at)).toBe(true);
        }
      }
    }
  });

  test.each([
    ["monthly", "2026-11-23T10:00:00Z", "2026-10-26", "2026-11-26"],
    ["monthly", "2026-11-26T00:00:00Z", "2026-11-26", "2026-12-26"],
    ["monthly", "2026-12-31T10:00:00Z", "2026-12-26", "2027-01-26"],
    ["quarterly", "2026-11-23T10:00:00Z", "2026-10-26", "2027-01-26"],
    ["quarterly", "2026-04-25T10:00:00Z", "2026-01-26", "2026-04-26"],
    ["yearly", "2026-04-25T23:59:59Z", "2025-04-26", "2026-04-26"],
    ["yearly", "2026-11-23T10:00:00Z", "2026-04-26", "2027-04-26"],
  ] as const)("a %s period of a fiscal year from April 26 around %s", (kind, at, start, end) => {
    expect(
      periodOf(instant(at), {
        kind,
        zone: timeZone("UTC"),
        weekStartsOn: "monday",
        fiscalMonthStartsOn: 26,
        fiscalYearStartsIn: 4,
      }),
    ).toEqual({ start: instant(start), end: instant(end) });
  });

  test("a week starts on the day that the organization says", () => {
    fc.assert(
      fc.property(instants, zones, fc.constantFrom(...WEEKDAYS), (at, zone, weekStartsOn) => {
        const { start } = periodOf(at, { kind: "weekly", zone, weekStartsOn });
        // Apia had no 30 December 2011, a Friday: that week began on the next day.
        fc.pre(!(zone === "Pacific/Apia" && localDate(start, zone) === "2011-12-31"));
        expect(WEEKDAYS[localParts(start, zone).weekday]).toBe(weekStartsOn);
      }),
    );
  });

  test.each([
    ["Europe/Berlin", "2026-03-29T10:00:00Z", 23],
    ["Europe/Berlin", "2026-10-25T10:00:00Z", 25],
    ["America/New_York", "2026-03-08T12:00:00Z", 23],
    ["America/New_York", "2026-11-01T12:00:00Z", 25],
    ["Africa/Cairo", "2026-04-24T10:00:00Z", 23], // the midnight is missing
    ["Asia/Beirut", "2026-03-29T10:00:00Z", 23], // the midnight is missing
    ["Asia/Beirut", "2026-10-24T10:00:00Z", 25], // its last hour happens twice
    ["Australia/Lord_Howe", "2026-10-04T00:00:00Z", 23.5],
    ["Australia/Lord_Howe", "2026-04-05T00:00:00Z", 24.5],
    ["Asia/Kolkata", "2026-03-29T10:00:00Z", 24],
  ])("a day in %s around %s has %s hours", (zone, at, hours) => {
    const day = periodOf(instant(at), {
      kind: "daily",
      zone: timeZone(zone),
      weekStartsOn: "monday",
    });
    expect((day.end.getTime() - day.start.getTime()) / HOUR_MS).toBe(hours);
  });

  test("a month in Berlin spans the change to winter time", () => {
    const october = periodOf(instant("2026-10-25T12:00:00Z"), {
      kind: "monthly",
      zone: timeZone("Europe/Berlin"),
      weekStartsOn: "monday",
    });

    expect(october).toEqual({
      start: instant("2026-09-30T22:00:00Z"),
      end: instant("2026-10-31T23:00:00Z"),
    });
    expect(contains(october, october.start)).toBe(true);
    expect(contains(october, october.end)).toBe(false);
  });
});

describe("local dates", () => {
  test("are read back as the day that they name", () => {
    fc.assert(
      fc.property(instants, zones, (at, zone) => {
        const date = localDate(at, zone);
        const start = parseLocalDate(date, zone);
        expect(start).toEqual(periodOf(at, { kind: "daily", zone, weekStartsOn: "monday" }).start);
      }),
    );
  });

  test.each([
    "2026-02-29",
    "2026-13-01",
    "2026-00-10",
    "2026-1-1",
    "2026-11-23T00:00",
    "",
    "today",
  ])("refuses %j", (text) => {
    expect(parseLocalDate(text, timeZone("UTC"))).toBeUndefined();
  });

  test("29 February exists in leap years only", () => {
    expect(parseLocalDate("2028-02-29", timeZone("UTC"))).toEqual(instant("2028-02-29T00:00:00Z"));
  });

  test("a day that the zone skipped begins where the next one does", () => {
    const apia = timeZone("Pacific/Apia");
    expect(startOfLocalDay([2011, 12, 30], apia)).toEqual(startOfLocalDay([2011, 12, 31], apia));
  });
});

describe("atLocalTime", () => {
  test.each([
    ["Europe/Berlin", [2026, 11, 23], "09:00", "2026-11-23T08:00:00Z"],
    ["Europe/Berlin", [2026, 3, 29], "02:30", "2026-03-29T01:30:00Z"], // skipped: shows 03:30
    ["Europe/Berlin", [2026, 10, 25], "02:30", "2026-10-25T00:30:00Z"], // twice: the first
    ["America/New_York", [2026, 11, 1], "01:30", "2026-11-01T05:30:00Z"],
    ["Asia/Kolkata", [2026, 11, 23], "09:30", "2026-11-23T04:00:00Z"],
    ["Asia/Kathmandu", [2026, 11, 23], "09:30", "2026-11-23T03:45:00Z"],
    ["UTC", [2026, 11, 31], "00:00", "2026-12-01T00:00:00Z"], // rolls over
  ] as const)("in %s on %j at %s is %s", (zone, date, time, expected) => {
    expect(atLocalTime(date, time, timeZone(zone))).toEqual(instant(expected));
  });

  test("is the first moment at which the clock on the wall shows that time, or has jumped over it", () => {
    const times = fc.record({
      hour: fc.integer({ min: 0, max: 23 }),
      minute: fc.integer({ min: 0, max: 59 }),
    });
    fc.assert(
      fc.property(instants, zones, times, (at, zone, { hour, minute }) => {
        const { year, month, day } = localParts(at, zone);
        const asked = Date.UTC(year, month - 1, day, hour, minute);
        const time = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;

        const result = atLocalTime([year, month, day], time, zone);

        expect(shownAt(result, zone)).toBeGreaterThanOrEqual(asked);
        expect(
          shownAt(addMs(result, shownAt(result, zone) > asked ? -DAY_MS : -1), zone),
        ).toBeLessThan(asked);
      }),
      { numRuns: 500 },
    );
  });
});

/** What the clock on the wall shows, as if it were UTC, for comparing. */
function shownAt(at: Instant, zone: TimeZone): number {
  const { year, month, day, hour, minute } = localParts(at, zone);
  return Date.UTC(year, month - 1, day, hour, minute);
}

describe("time zones", () => {
  test.each(["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5"])(
    "knows %s",
    (name) => {
      expect(parseTimeZone(name)).toBe(name);
    },
  );

  test.each(["", "Mars/Olympus", "+01:00", "berlin", "Europe/Berlin ", "Europe"])(
    "refuses %j",
    (name) => {
      expect(parseTimeZone(name)).toBeUndefined();
    },
  );

  test("a name that our own database should not hold is a bug", () => {
    expect(() => timeZone("Mars/Olympus")).toThrow("not a time zone: Mars/Olympus");
  });
});

test("an instant is a point in time, or a bug", () => {
  expect(() => instant("yesterday")).toThrow("not a point in time: yesterday");
});

test.each([
  ["7", "07:00"],
  ["7:30", "07:30"],
  [" 23:59 ", "23:59"],
  ["24:00", undefined],
  ["7:3", undefined],
  ["", undefined],
  ["noon", undefined],
])("reads the time of day %j as %j", (text, time) => {
  expect(parseTimeOfDay(text)).toBe(time);
});
