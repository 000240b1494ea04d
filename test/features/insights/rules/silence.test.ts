import { describe, expect, test } from "vitest";
import {
  addMs,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  localParts,
  timeZone,
} from "../../../../src/domain/time.ts";
import {
  evaluateSilence,
  type Reporting,
} from "../../../../src/features/insights/rules/silence.ts";

const UTC = timeZone("UTC");
/** A Monday. */
const NOW = instant("2026-11-23T14:00:00Z");

function reporting(of: {
  readonly reports: (at: Instant) => boolean;
  readonly looks?: (at: Instant) => boolean;
  readonly days?: number;
}): Reporting {
  const reported = new Set<number>();
  const observed = new Set<number>();
  for (let at = addMs(NOW, -(of.days ?? 28) * DAY_MS); at < NOW; at = addMs(at, HOUR_MS)) {
    if (of.looks?.(at) === false) continue;
    observed.add(at.getTime());
    if (of.reports(at)) reported.add(at.getTime());
  }
  return { reported, observed };
}

const hoursAgo = (at: Instant): number => (NOW.getTime() - at.getTime()) / HOUR_MS;
const isOffice = (at: Instant): boolean => {
  const { hour, weekday } = localParts(at, UTC);
  return weekday >= 1 && weekday <= 5 && hour >= 8 && hour < 18;
};

describe("evaluateSilence", () => {
  test.each([
    ["one that reports all the time", (at: Instant) => hoursAgo(at) > 0, "reporting"],
    ["one that missed the last hour", (at: Instant) => hoursAgo(at) > 1, "reporting"],
    ["one that always reported and missed two hours", (at: Instant) => hoursAgo(at) > 2, "silent"],
    ["one of office hours, on Monday after its weekend", isOffice, "reporting"],
    [
      "one of office hours that was gone since Monday morning",
      (at: Instant) => isOffice(at) && hoursAgo(at) > 5,
      "silent",
    ],
    ["one that reports once a day", (at: Instant) => localParts(at, UTC).hour === 3, "reporting"],
    ["one that never did", () => false, "unknown"],
  ])("%s", (_, reports, verdict) => {
    expect(evaluateSilence(reporting({ reports }), NOW, UTC).kind).toBe(verdict);
  });

  test("says since when, and in how many whole hours", () => {
    const verdict = evaluateSilence(reporting({ reports: (at) => hoursAgo(at) > 3 }), NOW, UTC);

    expect(verdict).toEqual({ kind: "silent", since: instant("2026-11-23T11:00:00Z"), hours: 3 });
  });

  test("a source that sends at random is given more time", () => {
    const halfOfAll = (at: Instant): boolean =>
      Math.imul(at.getTime() / HOUR_MS, 2_654_435_761) % 2 ** 20 > 0;
    const often = reporting({ reports: (at) => hoursAgo(at) > 4 && halfOfAll(at) });

    expect(evaluateSilence(often, NOW, UTC).kind).toBe("reporting");
  });

  test("hours in which nobody looked say nothing", () => {
    const down = reporting({
      reports: (at) => hoursAgo(at) > 6,
      looks: (at) => hoursAgo(at) > 6 || hoursAgo(at) <= 1,
    });

    expect(evaluateSilence(down, NOW, UTC).kind).toBe("reporting");
  });

  test("a source that is younger than a week has no rhythm yet", () => {
    const young = reporting({ days: 6, reports: (at) => hoursAgo(at) > 5 });

    expect(evaluateSilence(young, NOW, UTC).kind).toBe("unknown");
  });
});
