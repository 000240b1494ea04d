import { describe, expect, test } from "vitest";
import type { Usd } from "../../../../src/domain/money.ts";
import {
  addMs,
  DAY_MS,
  HOUR_MS,
  instant,
  localParts,
  timeZone,
} from "../../../../src/domain/time.ts";
import { normsOf, startOfLocalHour } from "../../../../src/features/insights/rules/rhythm.ts";
import { usd } from "../../../support/builders.ts";

const UTC = timeZone("UTC");
/** A Monday. */
const NOW = instant("2026-11-23T10:20:00Z");

/** Spend by hour of the four weeks before `now`. */
function past(
  zone: ReturnType<typeof timeZone>,
  dollars: (clock: ReturnType<typeof localParts>, daysAgo: number) => number,
  now = NOW,
): Map<number, Usd> {
  const hours = new Map<number, Usd>();
  const first = startOfLocalHour(now, zone);
  for (
    let at = addMs(first, -HOUR_MS);
    at >= addMs(first, -29 * DAY_MS);
    at = addMs(at, -HOUR_MS)
  ) {
    const amount = dollars(localParts(at, zone), (first.getTime() - at.getTime()) / DAY_MS);
    if (amount > 0) hours.set(at.getTime(), usd(amount));
  }
  return hours;
}

describe("normsOf", () => {
  test("compares with the same hours of workdays, on a workday", () => {
    const hours = past(UTC, ({ hour, weekday }) =>
      weekday === 0 || weekday === 6 ? 500 : hour >= 9 && hour <= 11 ? 7 : 1,
    );

    expect(normsOf(hours, NOW, UTC).hour).toMatchObject({ normal: usd(7), sampleCount: 60 });
  });

  test("compares with weekends, on a weekend", () => {
    const saturday = instant("2026-11-21T10:20:00Z");
    const hours = past(UTC, ({ weekday }) => (weekday === 0 || weekday === 6 ? 3 : 90), saturday);

    expect(normsOf(hours, saturday, UTC).hour.normal).toBe(usd(3));
  });

  test("adds up days until the end of this hour only", () => {
    const hours = past(UTC, ({ hour }) => (hour <= 10 ? 2 : 1_000));

    expect(normsOf(hours, NOW, UTC).day.normal).toBe(usd(22));
  });

  test("knows nothing of a series that is younger than a week", () => {
    const young = past(UTC, (_, daysAgo) => (daysAgo <= 6 ? 5 : 0));
    const older = past(UTC, (_, daysAgo) => (daysAgo <= 9 ? 5 : 0));

    expect(normsOf(young, NOW, UTC).hour.sampleCount).toBe(0);
    expect(normsOf(older, NOW, UTC).hour.sampleCount).toBeGreaterThanOrEqual(12);
    expect(normsOf(new Map(), NOW, UTC).hour.sampleCount).toBe(0);
  });

  test("follows the clock on the wall across a change of daylight saving", () => {
    const newYork = timeZone("America/New_York");
    const now = instant("2026-11-09T15:10:00Z"); // 10:10 in New York; clocks changed on November 1.
    const hours = past(newYork, ({ hour }) => (hour === 10 ? 8 : 1), now);

    const { hour } = normsOf(hours, now, newYork);
    expect(hour.usualMax).toBe(usd(8));
    expect(normsOf(hours, addMs(now, 3 * HOUR_MS), newYork).hour.usualMax).toBe(usd(1));
  });

  test("starts hours where a clock does, in a zone of half hours", () => {
    expect(startOfLocalHour(instant("2026-11-23T10:20:30Z"), timeZone("Asia/Kolkata"))).toEqual(
      instant("2026-11-23T09:30:00Z"),
    );
  });
});
