import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addMs,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  localParts,
  timeZone,
} from "../../../src/domain/time.ts";
import {
  type Digest,
  type DigestSchedule,
  decideSlot,
  digestSpan,
  lastSlot,
  movedSlot,
  nextSlot,
} from "../../../src/features/digests/rules.ts";

const CALENDAR = { weekStartsOn: "monday" } as const;

const aSchedule = (overrides: Partial<DigestSchedule> = {}): DigestSchedule => ({
  every: "day",
  onWeekday: undefined,
  onDay: undefined,
  atLocalTime: "09:00",
  zone: timeZone("Europe/Berlin"),
  ...overrides,
});

describe("nextSlot", () => {
  test.each([
    ["later today", aSchedule(), "2026-11-23T07:59:59Z", "2026-11-23T08:00:00Z"],
    [
      "tomorrow, when it is that time exactly",
      aSchedule(),
      "2026-11-23T08:00:00Z",
      "2026-11-24T08:00:00Z",
    ],
    ["in summer time", aSchedule(), "2026-07-01T12:00:00Z", "2026-07-02T07:00:00Z"],
    [
      "across the change to winter time",
      aSchedule(),
      "2026-10-24T12:00:00Z",
      "2026-10-25T08:00:00Z",
    ],
    [
      "after the gap, where the zone skips the time",
      aSchedule({ atLocalTime: "02:30" }),
      "2026-03-29T00:00:00Z",
      "2026-03-29T01:30:00Z",
    ],
    [
      "the first of two, where the time comes twice",
      aSchedule({ atLocalTime: "02:30" }),
      "2026-10-25T00:00:00Z",
      "2026-10-25T00:30:00Z",
    ],
    [
      "on its weekday",
      aSchedule({ every: "week", onWeekday: "monday", zone: timeZone("America/New_York") }),
      "2026-11-23T15:00:00Z",
      "2026-11-30T14:00:00Z",
    ],
    [
      "on the first of the month",
      aSchedule({ every: "month", onDay: 1 }),
      "2026-11-01T09:00:00Z",
      "2026-12-01T08:00:00Z",
    ],
    [
      "on the last day of a month that has no such day",
      aSchedule({ every: "month", onDay: 31 }),
      "2026-01-31T09:00:00Z",
      "2026-02-28T08:00:00Z",
    ],
    [
      "on the day itself where the month has it",
      aSchedule({ every: "month", onDay: 31 }),
      "2026-02-28T08:00:00Z",
      "2026-03-31T07:00:00Z",
    ],
    [
      "on February 29 of a leap year",
      aSchedule({ every: "month", onDay: 30 }),
      "2028-02-01T00:00:00Z",
      "2028-02-29T08:00:00Z",
    ],
    [
      "the same day where the date line left one out",
      aSchedule({ zone: timeZone("Pacific/Apia") }),
      "2011-12-29T19:30:00Z",
      "2011-12-30T19:00:00Z",
    ],
  ])("is %s", (_name, schedule, after, expected) => {
    expect(nextSlot(schedule, instant(after))).toEqual(instant(expected));
  });

  test("is always ahead, within its interval, at its local time unless that is skipped", () => {
    const zones = [
      "UTC",
      "Europe/Berlin",
      "America/New_York",
      "Africa/Cairo",
      "Asia/Kolkata",
      "Australia/Lord_Howe",
    ];
    fc.assert(
      fc.property(
        fc.date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }),
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 23 }),
        (date, zone, hour) => {
          const schedule = aSchedule({
            zone: timeZone(zone),
            atLocalTime: `${String(hour).padStart(2, "0")}:15`,
          });
          const after = instant(date);
          const slot = nextSlot(schedule, after);
          expect(slot > after).toBe(true);
          expect(slot <= addMs(after, DAY_MS + 3 * HOUR_MS)).toBe(true);
          const shown = localParts(slot, schedule.zone);
          const skippedBy = (shown.hour * 60 + shown.minute - (hour * 60 + 15) + 1440) % 1440;
          expect(skippedBy).toBeLessThanOrEqual(60);
        },
      ),
    );
  });
});

describe("digestSpan", () => {
  test("is the local day before, also when it has 25 hours", () => {
    expect(digestSpan(aSchedule(), instant("2026-10-26T08:00:00Z"), CALENDAR).current).toEqual({
      start: instant("2026-10-24T22:00:00Z"),
      end: instant("2026-10-25T23:00:00Z"),
    });
  });

  test("of a month is the month before, compared with the one before that", () => {
    const { current, previous } = digestSpan(
      aSchedule({ every: "month", onDay: 1, zone: timeZone("UTC") }),
      instant("2026-03-01T09:00:00Z"),
      CALENDAR,
    );
    expect(current.start).toEqual(instant("2026-02-01T00:00:00Z"));
    expect(current.end).toEqual(instant("2026-03-01T00:00:00Z"));
    expect(previous.start).toEqual(instant("2026-01-01T00:00:00Z"));
  });
});

describe("digestSpan of weeks and fiscal months", () => {
  const berlin = (text: string) => instant(`${text}+01:00`);

  test.each([
    ["monday", "2026-11-16T00:00:00", "2026-11-23T00:00:00", "2026-11-22"],
    ["sunday", "2026-11-15T00:00:00", "2026-11-22T00:00:00", "2026-11-21"],
    ["wednesday", "2026-11-18T00:00:00", "2026-11-25T00:00:00", "2026-11-24"],
  ] as const)("a week that starts on %s is whole and over", (weekStartsOn, start, end, through) => {
    const schedule = aSchedule({ every: "week", onWeekday: "wednesday" });
    const slot = instant("2026-11-25T08:00:00Z");

    const span = digestSpan(schedule, slot, { weekStartsOn });

    expect(span.current).toEqual({ start: berlin(start), end: berlin(end) });
    expect(span.previous.end).toEqual(span.current.start);
    expect(span.through).toBe(through);
  });

  test("a fiscal month from the 26th is told on the 26th, with the one before", () => {
    const schedule = aSchedule({ every: "month", onDay: 26, zone: timeZone("UTC") });
    const span = digestSpan(schedule, instant("2026-03-26T09:00:00Z"), {
      weekStartsOn: "monday",
      fiscalMonthStartsOn: 26,
    });

    expect(span.current).toEqual({
      start: instant("2026-02-26T00:00:00Z"),
      end: instant("2026-03-26T00:00:00Z"),
    });
    expect(span.previous.start).toEqual(instant("2026-01-26T00:00:00Z"));
    expect(span.through).toBe("2026-03-25");
  });
});

const SCHEDULES: readonly DigestSchedule[] = [
  aSchedule(),
  aSchedule({ every: "week", onWeekday: "thursday" }),
  aSchedule({ every: "month", onDay: 31 }),
];
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Pacific/Apia"];

test("the last slot and the next one enclose any moment, with none between", () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date("2011-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }),
      fc.constantFrom(...SCHEDULES),
      fc.constantFrom(...ZONES),
      (date, base, zone) => {
        const schedule = { ...base, zone: timeZone(zone) };
        const at = instant(date);
        const [last, next] = [lastSlot(schedule, at), nextSlot(schedule, at)];
        expect(last <= at && at < next).toBe(true);
        expect(nextSlot(schedule, last)).toEqual(next);
      },
    ),
  );
});

describe("a slot that moves", () => {
  const at = instant("2026-11-24T12:00:00Z"); // 13:00 on Tuesday, in Berlin
  const moved = (schedule: DigestSchedule, toldThrough: string | undefined) =>
    movedSlot(schedule, { toldThrough, now: at }, CALENDAR);

  test.each([
    [
      "told today already: tomorrow",
      aSchedule({ atLocalTime: "14:00" }),
      "2026-11-23",
      "2026-11-24T13:00:00Z",
    ],
    [
      "moved before now, not told yet: at once",
      aSchedule({ atLocalTime: "12:30" }),
      "2026-11-22",
      "2026-11-24T11:30:00Z",
    ],
    [
      "moved before now, told: tomorrow",
      aSchedule({ atLocalTime: "12:30" }),
      "2026-11-23",
      "2026-11-25T11:30:00Z",
    ],
    [
      "so long ago that it is no news: tomorrow",
      aSchedule({ atLocalTime: "03:00" }),
      "2026-11-22",
      "2026-11-25T02:00:00Z",
    ],
    [
      "a week that was told on Monday: not again on Tuesday",
      aSchedule({ every: "week", onWeekday: "tuesday" }),
      "2026-11-22",
      "2026-12-01T08:00:00Z",
    ],
    [
      "a week that was not told: now",
      aSchedule({ every: "week", onWeekday: "tuesday" }),
      "2026-11-15",
      "2026-11-24T08:00:00Z",
    ],
    [
      "nothing was ever told: the next one",
      aSchedule({ atLocalTime: "12:30" }),
      undefined,
      "2026-11-25T11:30:00Z",
    ],
  ])("%s", (_name, schedule, toldThrough, expected) => {
    expect(moved(schedule, toldThrough)).toEqual(instant(expected));
  });

  test("of one hour later is silent when the day was told", () => {
    const digest: Digest = {
      ...aSchedule({ atLocalTime: "14:00" }),
      digestKey: "d",
      destination: { channel: "#finops" },
      scope: { kind: "org", key: "" },
      nextRunAt: instant("2026-11-24T13:00:00Z"),
      toldThrough: "2026-11-23",
    };
    expect(decideSlot(digest, digest.nextRunAt, CALENDAR)).toEqual({
      kind: "skip",
      reason: "told",
      next: instant("2026-11-25T13:00:00Z"),
    });
  });

  test("however often, in time and place: no day is told twice", () => {
    const change = fc.record({
      afterHours: fc.integer({ min: 1, max: 100 }),
      atLocalTime: fc.constantFrom("00:15", "06:00", "09:00", "18:30", "23:45"),
      zone: fc.constantFrom(...ZONES.slice(0, 3)),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        let now = instant("2026-03-20T00:00:00Z");
        let digest: Digest = {
          ...aSchedule(),
          digestKey: "d",
          destination: { channel: "#finops" },
          scope: { kind: "org", key: "" },
          nextRunAt: nextSlot(aSchedule(), now),
          toldThrough: undefined,
        };
        const told: string[] = [];
        const runUntil = (end: Instant): void => {
          while (digest.nextRunAt <= end) {
            const decision = decideSlot(digest, digest.nextRunAt, CALENDAR);
            if (decision.kind === "send") told.push(decision.span.through);
            digest = { ...digest, nextRunAt: decision.next, toldThrough: told.at(-1) };
          }
        };
        for (const { afterHours, atLocalTime, zone } of changes) {
          now = addMs(now, afterHours * HOUR_MS);
          runUntil(now);
          const schedule = aSchedule({ atLocalTime, zone: timeZone(zone) });
          const { toldThrough } = digest;
          digest = {
            ...digest,
            ...schedule,
            nextRunAt: movedSlot(schedule, { toldThrough, now }, CALENDAR),
          };
        }
        runUntil(addMs(now, 5 * DAY_MS));
        expect(new Set(told).size).toBe(told.length);
        expect(told).toEqual(told.toSorted());
      }),
    );
  });
});

describe("decideSlot", () => {
  const digest: Digest = {
    ...aSchedule(),
    digestKey: "d",
    destination: { channel: "#finops" },
    scope: { kind: "org", key: "" },
    nextRunAt: instant("2026-11-23T08:00:00Z"),
    toldThrough: undefined,
  };

  test.each([
    ["sends in time", "2026-11-23T08:00:00Z", "send", "2026-11-24T08:00:00Z"],
    ["catches up after a short outage", "2026-11-23T13:59:00Z", "send", "2026-11-24T08:00:00Z"],
    ["skips what is no news any more", "2026-11-23T14:00:01Z", "skip", "2026-11-24T08:00:00Z"],
    [
      "skips once after many days, not once a day",
      "2026-11-28T12:00:00Z",
      "skip",
      "2026-11-29T08:00:00Z",
    ],
  ])("%s", (_name, now, kind, next) => {
    expect(decideSlot(digest, instant(now), CALENDAR)).toMatchObject({ kind, next: instant(next) });
  });
});
