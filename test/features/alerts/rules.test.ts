import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addMs,
  DAY_MS,
  HOUR_MS,
  instant,
  parseTimeOfDay,
  timeZone,
} from "../../../src/domain/time.ts";
import { spansOf } from "../../../src/features/alerts/rules/explanation.ts";
import {
  feedbackProblems,
  planFrom,
  planProblems,
} from "../../../src/features/alerts/rules/forms.ts";
import { quietUntil } from "../../../src/features/alerts/rules/quiet-hours.ts";
import { snoozeUntil } from "../../../src/features/alerts/rules/snooze.ts";
import { planDelivery, STORM_MESSAGES } from "../../../src/features/alerts/rules.ts";
import { usd } from "../../support/builders.ts";

const NOW = instant("2026-11-23T10:00:00Z");
const LATER = addMs(NOW, HOUR_MS);
const BERLIN = timeZone("Europe/Berlin");

describe("planDelivery", () => {
  const calm = {
    now: NOW,
    isWanted: true,
    snoozedUntil: undefined,
    periodEnd: undefined,
    quietUntil: undefined,
    isPosted: false,
    recentMessages: 0,
    isGathering: false,
  };

  test.each([
    [{}, { kind: "post" }],
    [{ isPosted: true }, { kind: "news" }],
    [{ isPosted: true, recentMessages: STORM_MESSAGES }, { kind: "news" }],
    [{ recentMessages: STORM_MESSAGES - 1 }, { kind: "post" }],
    [{ recentMessages: STORM_MESSAGES }, { kind: "gather" }],
    [{ isGathering: true }, { kind: "gather" }],
    [{ isGathering: true, isPosted: true }, { kind: "news" }],
    [
      { isGathering: true, isWanted: false },
      { kind: "drop", because: "preference" },
    ],
    [
      { isWanted: false, isPosted: true },
      { kind: "drop", because: "preference" },
    ],
    [{ snoozedUntil: NOW }, { kind: "post" }],
    [{ snoozedUntil: LATER }, { kind: "hold", until: LATER, because: "snoozed" }],
    [
      { snoozedUntil: LATER, periodEnd: LATER },
      { kind: "drop", because: "snoozed" },
    ],
    [
      { quietUntil: LATER, recentMessages: 99 },
      { kind: "hold", until: LATER, because: "quiet-hours" },
    ],
    [{ quietUntil: NOW }, { kind: "post" }],
  ])("%j", (overrides, plan) => {
    expect(planDelivery({ ...calm, ...overrides })).toEqual(plan);
  });
});

describe("quietUntil", () => {
  test.each([
    ["22:00", "07:00", "2026-11-23T21:00:00Z", "2026-11-24T06:00:00Z"],
    ["22:00", "07:00", "2026-11-23T02:00:00Z", "2026-11-23T06:00:00Z"],
    ["22:00", "07:00", "2026-11-23T06:00:00Z", undefined],
    ["22:00", "07:00", "2026-11-23T20:59:59Z", undefined],
    ["12:00", "13:00", "2026-11-23T11:30:00Z", "2026-11-23T12:00:00Z"],
    ["08:00", "08:00", "2026-11-23T07:00:00Z", undefined],
    // 02:30 happens twice on October 25, and never on March 29.
    ["22:00", "02:30", "2026-10-25T01:15:00Z", "2026-10-25T01:30:00Z"],
    ["22:00", "02:30", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"],
  ])("from %s until %s at %s", (from, until, at, end) => {
    expect(quietUntil({ from, until }, instant(at), BERLIN)?.toISOString()).toBe(
      end === undefined ? undefined : instant(end).toISOString(),
    );
  });

  test("ends after now, within a day and an hour, outside the quiet hours", () => {
    const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"];
    const time = fc
      .record({ hour: fc.integer({ min: 0, max: 23 }), minute: fc.constantFrom(0, 30) })
      .map(
        ({ hour, minute }) => parseTimeOfDay(`${String(hour)}:${minute === 0 ? "00" : "30"}`) ?? "",
      );
    fc.assert(
      fc.property(
        time,
        time,
        fc.integer({ min: 0, max: 366 * 96 }),
        fc.constantFrom(...zones),
        (from, until, quarter, name) => {
          const zone = timeZone(name);
          const now = addMs(instant("2026-01-01T00:00:00Z"), quarter * 900_000);
          const end = quietUntil({ from, until }, now, zone);
          if (end === undefined) return;
          expect(end > now).toBe(true);
          expect(end.getTime() - now.getTime()).toBeLessThanOrEqual(DAY_MS + HOUR_MS);
          expect(quietUntil({ from, until }, end, zone)).toBeUndefined();
        },
      ),
    );
  });
});

describe("snoozeUntil", () => {
  const at = { now: NOW, periodEnd: instant("2026-12-01T00:00:00Z"), zone: BERLIN };

  test.each([
    ["hour", "2026-11-23T11:00:00.000Z"],
    ["tomorrow", "2026-11-24T08:00:00.000Z"],
    ["period", "2026-12-01T00:00:00.000Z"],
  ] as const)("%s", (how, until) => {
    expect(snoozeUntil(how, at).toISOString()).toBe(until);
  });

  test("without a period ends after a week", () => {
    expect(snoozeUntil("period", { ...at, periodEnd: undefined })).toEqual(addMs(NOW, 7 * DAY_MS));
  });
});

describe("spansOf", () => {
  test("compares the period so far with as much time before it", () => {
    const period = { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-12-01T00:00:00Z") };

    expect(spansOf(period, instant("2026-11-03T10:07:00Z"))).toEqual({
      span: { start: period.start, end: instant("2026-11-03T10:15:00Z") },
      before: { start: instant("2026-10-29T13:45:00Z"), end: period.start },
    });
    expect(spansOf(period, instant("2027-01-01T00:00:00Z")).span).toEqual(period);
    expect(spansOf(undefined, NOW).span).toEqual({ start: addMs(NOW, -DAY_MS), end: NOW });
  });

  test.each([1, 7])("compares %d days so far with the same hours of those before", (days) => {
    const start = instant("2026-11-16T00:00:00Z");
    const end = instant("2026-11-16T10:15:00Z");

    expect(spansOf({ start, end: addMs(start, days * DAY_MS) }, end)).toEqual({
      span: { start, end },
      before: { start: addMs(start, -days * DAY_MS), end: addMs(end, -days * DAY_MS) },
    });
  });
});

describe("forms", () => {
  const PLAN = {
    scope: "search",
    name: "launch",
    from: "2026-11-24",
    until: "2026-11-25",
    amount: "1.5k",
  };

  test("a plan says for whom, what, when and how much", () => {
    expect(planProblems(PLAN, NOW)).toEqual({});
    expect(planFrom(PLAN)).toEqual({
      name: "launch",
      from: "2026-11-24",
      until: "2026-11-25",
      expected: usd(1_500),
    });
    expect(Object.keys(planProblems({}, NOW)).toSorted()).toEqual([
      "amount",
      "from",
      "name",
      "scope",
      "until",
    ]);
    expect(planProblems({ ...PLAN, until: "2026-11-23" }, NOW)).toEqual({
      until: "The last day comes before the first: choose that day or a later one.",
    });
  });

  test.each([
    [{ from: "2026-11-01", until: "2026-11-21" }, { until: "That day is over" }],
    [{ amount: "12 EUR" }, { amount: "US dollars" }],
    [{ amount: "0" }, { amount: "above $0" }],
    [{ name: "x".repeat(101) }, { name: "at most 100 characters" }],
    [{ scope: " " }, { scope: "for whom" }],
  ])("of a plan, %j is refused at its field, with what was expected", (wrong, problems) => {
    const found = planProblems({ ...PLAN, ...wrong }, NOW);
    expect(Object.keys(found)).toEqual(Object.keys(problems));
    for (const [field, text] of Object.entries(problems)) expect(found[field]).toContain(text);
  });

  test("a last day that is not over somewhere on earth is left to the zone of the organization", () => {
    const last = { ...PLAN, from: "2026-11-01", until: "2026-11-22" };
    expect(planProblems(last, instant("2026-11-23T11:59:59Z"))).toEqual({});
    expect(planProblems(last, instant("2026-11-23T12:00:00Z"))).not.toEqual({});
  });

  test.each([
    [{}, ["what"]],
    [{ what: "real", amount: "x" }, []],
    [{ what: "planned" }, []],
    [{ what: "planned", until: "2026-11-25", amount: "20" }, []],
    [{ what: "planned", amount: "20" }, ["until"]],
    [{ what: "planned", until: "2026-11-20", amount: "20" }, ["until"]],
    [{ what: "planned", until: "2026-11-25", amount: "20", name: "x".repeat(101) }, ["name"]],
    [{ what: "planned", until: "2026-11-25" }, ["amount"]],
  ])("feedback %j", (values, fields) => {
    expect(Object.keys(feedbackProblems(values, NOW))).toEqual(fields);
  });
});
