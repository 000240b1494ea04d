import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Scope } from "../../../../src/domain/scope.ts";
import { instant, timeZone } from "../../../../src/domain/time.ts";
import {
  forecastAnswer,
  forecastContent,
  forecastRecoveredContent,
  paceContent,
  paceRecoveredContent,
  resetContent,
  type ShownOutlook,
} from "../../../../src/features/budgets/messages/outlook.ts";

import { usd } from "../../../support/builders.ts";
import { messageProblems } from "../../../support/shown.ts";

const NOVEMBER = { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-12-01T00:00:00Z") };
const FORECAST = {
  expected: usd(548.7),
  low: usd(510),
  high: usd(590.1),
  accuracy: { withinPercent: 6, periods: 3 },
};

function shown(overrides: Partial<ShownOutlook> = {}): ShownOutlook {
  return {
    budget: { budgetId: "search-monthly", periodKind: "monthly", timeZone: timeZone("UTC") },
    memberKey: "",
    scope: { kind: "team", key: "search" },
    name: "Search",
    now: instant("2026-11-21T00:00:00Z"),
    period: NOVEMBER,
    spend: usd(431.2),
    limit: usd(500),
    forecast: FORECAST,
    missingDays: 0,
    reachesLimitOn: "2026-11-27",
    daysAhead: 3.2,
    ...overrides,
  };
}

const said = (content: ReturnType<typeof forecastContent>): string =>
  content.happened.map((part) => (typeof part === "string" ? part : part.strong)).join("");
const BO: Scope = { kind: "user", key: "bo@acme.test" };

describe("what alerts say", () => {
  test("of a forecast above the limit", () => {
    const content = forecastContent({ ...shown(), forecast: FORECAST, thresholdPercent: 100 });

    expect(said(content)).toBe(
      "Search will likely exceed its monthly budget: $549 ($510 to $590) of $500 by Nov 30.",
    );
    expect(content.follows).toBe(
      "$431.20 so far. At this rate the limit is reached around Nov 27. The last 3 forecasts were within 6% of what was spent.",
    );
  });

  test("of a limit that is reached before the day is over", () => {
    const now = instant("2026-11-27T10:00:00Z");
    const content = forecastContent({
      ...shown({ now }),
      forecast: FORECAST,
      thresholdPercent: 100,
    });

    expect(content.follows).toContain("the limit is reached today.");
  });

  test.each([
    ["2026-11-27T15:10:00Z", "today around 3:30 PM"],
    ["2026-11-27T23:45:00Z", "by the end of today"],
  ])("of a limit that is reached at %s: %s", (at, expected) => {
    const day = { start: instant("2026-11-27T00:00:00Z"), end: instant("2026-11-28T00:00:00Z") };
    const content = forecastContent({
      ...shown({ now: instant("2026-11-27T12:00:00Z"), period: day, reachesLimitAt: instant(at) }),
      forecast: FORECAST,
      thresholdPercent: 100,
    });

    expect(content.follows).toContain(`the limit is reached ${expected}.`);
  });

  test("of a person's forecast below the limit, to that person", () => {
    const forecast = { ...FORECAST, expected: usd(460), accuracy: undefined };
    const own = shown({ scope: BO, reachesLimitOn: undefined });

    expect(said(forecastContent({ ...own, forecast, thresholdPercent: 90 }))).toBe(
      "You will likely use 90% of your monthly budget: $460 ($510 to $590) of $500 by Nov 30.",
    );
  });

  test.each([
    [
      paceContent(shown()),
      "Search is 3 days ahead of plan: $431.20 of $500.00 (86%) of its monthly budget.",
    ],
    [
      paceContent(shown({ scope: BO, daysAhead: 1 })),
      "You are 1 day ahead of plan: $431.20 of $500.00 (86%) of your monthly budget.",
    ],
    [paceRecoveredContent(shown()), "Search is back on plan: $431.20 of $500.00."],
    [
      forecastRecoveredContent({ ...shown(), forecast: FORECAST }),
      "The forecast of Search is back: $549 ($510 to $590) of $500 by Nov 30.",
    ],
    [
      resetContent({ ...shown(), limit: usd(500), carriedOver: usd(0) }),
      "The monthly budget of Search begins anew: $500.00 through Nov 30.",
    ],
    [
      resetContent({ ...shown({ scope: BO }), limit: usd(540), carriedOver: usd(40) }),
      "Your monthly budget begins anew: $540.00 through Nov 30, $40.00 of it left over from the last one.",
    ],
  ])("%# in one sentence", (content, text) => {
    expect(said(content)).toBe(text);
  });
});

describe("forecastAnswer", () => {
  test("of any names and amounts fits into a Slack message", () => {
    const amount = fc.bigInt({ min: 0n, max: 10n ** 21n }).map((pico) => usd(Number(pico) / 1e12));
    const outlook = fc.record({
      name: fc.string({ unit: "binary", maxLength: 400 }),
      spend: amount,
      limit: fc.option(
        amount.map((limit) => (limit > 0n ? limit : usd(1))),
        { nil: undefined },
      ),
      forecast: fc.option(
        amount.map((expected) => ({ ...FORECAST, expected, low: expected, high: expected })),
        { nil: undefined },
      ),
      daysAhead: fc.option(fc.double({ min: -366, max: 366, noNaN: true }), { nil: undefined }),
      reachesLimitOn: fc.constantFrom(undefined, "2026-11-27"),
      missingDays: fc.integer({ min: 0, max: 7 }),
    });
    fc.assert(
      fc.property(
        fc.array(outlook, { maxLength: 30 }),
        fc.string({ maxLength: 400 }),
        (outlooks, name) => {
          const message = forecastAnswer({
            about: { name, typed: name },
            outlooks: outlooks.map((one) => shown(one)),
          });

          expect(messageProblems(message)).toEqual([]);
          expect(message.text).not.toBe("");
        },
      ),
      { numRuns: 100 },
    );
  });
});
