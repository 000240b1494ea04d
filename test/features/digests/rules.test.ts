import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addMs, DAY_MS, HOUR_MS, instant, localParts, timeZone } from "../../../src/domain/time.ts";
import {
  type Digest,
  type DigestSchedule,
  decideSlot,
  digestSpan,
  movers,
  nextSlot,
} from "../../../src/features/digests/rules.ts";
import { usd } from "../../support/builders.ts";

const aSchedule = (overrides: Partial<DigestSchedule> = {}): DigestSchedule => ({
  every: "day",
  onWeekday: undefined,
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
      aSchedule({ every: "month" }),
      "2026-11-01T09:00:00Z",
      "2026-12-01T08:00:00Z",
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
    expect(digestSpan(aSchedule(), instant("2026-10-26T08:00:00Z")).current).toEqual({
      start: instant("2026-10-24T22:00:00Z"),
      end: instant("2026-10-25T23:00:00Z"),
    });
  });

  test("of a month is the month before, compared with the one before that", () => {
    const { current, previous } = digestSpan(
      aSchedule({ every: "month", zone: timeZone("UTC") }),
      instant("2026-03-01T09:00:00Z"),
    );
    expect(current.start).toEqual(instant("2026-02-01T00:00:00Z"));
    expect(current.end).toEqual(instant("2026-03-01T00:00:00Z"));
    expect(previous.start).toEqual(instant("2026-01-01T00:00:00Z"));
  });
});

describe("decideSlot", () => {
  const digest: Digest = {
    ...aSchedule(),
    digestKey: "d",
    channel: "#finops",
    scope: { kind: "org", key: "" },
    nextRunAt: instant("2026-11-23T08:00:00Z"),
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
    expect(decideSlot(digest, instant(now))).toMatchObject({ kind, next: instant(next) });
  });
});

test("movers pairs both spans and sorts by cost", () => {
  const rows = (list: [string | null, number][]) =>
    list.map(([key, dollars]) => ({ key, cost: usd(dollars) }));
  expect(
    movers(
      rows([
        ["a", 1],
        ["b", 5],
        [null, 2],
      ]),
      rows([
        ["a", 3],
        ["c", 4],
      ]),
    ),
  ).toEqual([
    { key: "b", cost: usd(5), previousCost: usd(0) },
    { key: null, cost: usd(2), previousCost: usd(0) },
    { key: "a", cost: usd(1), previousCost: usd(3) },
    { key: "c", cost: usd(0), previousCost: usd(4) },
  ]);
});
