import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sumUsd, ZERO_USD } from "../../../../src/domain/money.ts";
import { instant, timeZone } from "../../../../src/domain/time.ts";
import {
  budgetsInDanger,
  chartPeriod,
  dayPoints,
  isBudgetOf,
  isWorthTelling,
  type Mover,
  movedMost,
  movers,
  piecesOf,
  topAndOthers,
} from "../../../../src/features/digests/rules/content.ts";
import { digestSpan } from "../../../../src/features/digests/rules.ts";
import { usd } from "../../../support/builders.ts";

const mover = (key: string | null, cost: number, previousCost: number): Mover => ({
  key,
  cost: usd(cost),
  previousCost: usd(previousCost),
});

test("rows of one key are added up, the costliest first, Unallocated among them", () => {
  const rows = [mover("a", 1, 3), mover("b", 5, 0), mover(null, 2, 0), mover("a", 2, 1)];

  expect(movers(rows, ({ key }) => key)).toEqual([
    mover("b", 5, 0),
    mover("a", 3, 4),
    mover(null, 2, 0),
  ]);
});

describe("what moved most", () => {
  test("is the largest change, whichever way, three at most", () => {
    const all = [
      mover("a", 60, 40),
      mover("b", 10, 50),
      mover("c", 30, 31),
      mover("d", 9, 0),
      mover("e", 0, 10),
    ];
    expect(movedMost(all).map(({ key }) => key)).toEqual(["b", "a", "e"]);
  });

  test("is nothing when there was no span before, or every change is small", () => {
    expect(movedMost([mover("a", 60, 0)])).toEqual([]);
    expect(movedMost([mover("a", 101, 100), mover("b", 100, 100)])).toEqual([]);
  });
});

describe("the top and the others", () => {
  const row = fc.record({ key: fc.string(), dollars: fc.integer({ min: 0, max: 1_000 }) });

  test("come to the whole, and one other is named rather than counted", () => {
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        (rows, count) => {
          const all = rows.map(({ key, dollars }) => mover(key, dollars, 0));
          const { top, others, othersCount } = topAndOthers(all, count);
          const whole = sumUsd(all.map(({ cost }) => cost));
          expect(sumUsd([...top.map(({ cost }) => cost), others])).toBe(whole);
          expect(othersCount).not.toBe(1);
          expect(top.length).toBeLessThanOrEqual(count + 1);
        },
      ),
    );
  });
});

describe("budgets in danger", () => {
  const budget = (name: string, percent: number, expected?: number) => ({
    name,
    periodKind: "monthly" as const,
    percent,
    limit: usd(100),
    spend: usd(percent),
    expected: expected === undefined ? undefined : usd(expected),
  });

  test("are nearly used up, or expected to be exceeded", () => {
    const all = [
      budget("calm", 79, 100),
      budget("forecast", 20, 101),
      budget("near", 80),
      budget("over", 140),
    ];
    expect(budgetsInDanger(all).map(({ name }) => name)).toEqual(["over", "near", "forecast"]);
  });

  test("are those of the scope and what lies in it, never a person's", () => {
    const org = { kind: "org", key: "" } as const;
    const search = { kind: "team", key: "search" } as const;
    const checkout = { kind: "project", key: "checkout" } as const;
    const bo = { kind: "user", key: "bo@acme.test" } as const;
    const projects = new Set(["checkout"]);

    expect([org, search, checkout, bo].map((one) => isBudgetOf(org, one, undefined))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect([org, search, checkout, bo].map((one) => isBudgetOf(search, one, projects))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(isBudgetOf(search, checkout, new Set())).toBe(false);
    expect(isBudgetOf(bo, bo, undefined)).toBe(true);
  });
});

describe("the chart's days", () => {
  const zones = ["UTC", "Europe/Berlin", "Africa/Cairo", "America/New_York", "Australia/Lord_Howe"];

  test("are each of the period once, also when clocks change, and pieces tile them", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }),
        fc.constantFrom("day", "week", "month"),
        fc.constantFrom(...zones),
        (date, every, name) => {
          const zone = timeZone(name);
          const span = digestSpan({ every, zone }, instant(date), { weekStartsOn: "monday" });
          const period = chartPeriod(span, every, zone);
          const points = dayPoints([], period, zone);
          const days = points.map(({ day }) => day);
          expect(new Set(days).size).toBe(days.length);
          expect(days.at(-1)).toBe(span.through);
          expect(every === "month" ? days.length >= 28 : days.length === 14).toBe(true);
          const pieces = piecesOf(period, zone);
          expect(pieces[0]?.start).toEqual(period.start);
          expect(pieces.at(-1)?.end).toEqual(period.end);
          for (const [index, piece] of pieces.entries()) {
            expect(piece.end).toEqual(pieces[index + 1]?.start ?? period.end);
          }
        },
      ),
    );
  });

  test("of a day are the two weeks that led to it, with what was spent on each", () => {
    const zone = timeZone("UTC");
    const span = digestSpan({ every: "day", zone }, instant("2026-11-23T09:00:00Z"), {
      weekStartsOn: "monday",
    });
    const period = chartPeriod(span, "day", zone);
    const points = dayPoints([{ day: "2026-11-22", cost: usd(5) }], period, zone);

    expect(points.map(({ day }) => day)).toEqual(
      Array.from({ length: 14 }, (_, index) => `2026-11-${String(9 + index).padStart(2, "0")}`),
    );
    expect(points.map(({ cost }) => cost)).toEqual([
      ...Array.from({ length: 13 }, () => ZERO_USD),
      usd(5),
    ]);
  });
});

test("a person is written to when there is something to say", () => {
  const nothing = {
    cost: ZERO_USD,
    previousCost: ZERO_USD,
    teams: [],
    decisions: { requestCount: 0 },
  };

  expect(isWorthTelling(nothing)).toBe(false);
  expect(isWorthTelling({ ...nothing, cost: usd(-1) })).toBe(true);
  expect(isWorthTelling({ ...nothing, previousCost: usd(1) })).toBe(true);
  expect(isWorthTelling({ ...nothing, decisions: { requestCount: 1 } })).toBe(true);
  expect(isWorthTelling({ ...nothing, teams: [mover("search", 0, 1)] })).toBe(true);
});
