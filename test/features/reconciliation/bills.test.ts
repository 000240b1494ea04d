/** Anthropic's two reports of costs held against each other, and what of their difference concerns us. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Usd, usd } from "../../../src/domain/money.ts";
import { addMs, DAY_MS, instant } from "../../../src/domain/time.ts";
import { judgeDays } from "../../../src/features/reconciliation/rules/attribute.ts";
import { compareBills } from "../../../src/features/reconciliation/rules/bills.ts";
import type {
  BilledLine,
  ChargedLine,
  Component,
} from "../../../src/features/reconciliation/rules/lines.ts";

const DAY = "2026-11-20";
const NOW = instant("2026-11-23T10:00:00Z");
const DOLLAR = 1_000_000_000_000n;
const dollars = (amount: number): Usd => usd(BigInt(Math.round(amount * 100)) * (DOLLAR / 100n));

function billed(cost: Usd, over: Partial<BilledLine> = {}): BilledLine {
  return {
    day: DAY,
    workspaceId: "wrkspc_search",
    modelId: "claude-opus-5-5",
    component: "output",
    serviceTier: "standard",
    listCost: undefined,
    billedCost: cost,
    ...over,
  };
}

function compared(
  analytics: readonly BilledLine[],
  costReport: readonly BilledLine[],
  now = NOW,
): readonly (readonly [string, Usd])[] {
  const comparison = compareBills({ days: [DAY], analytics, costReport, now });
  return comparison.differences.map(({ cause, amount }) => [cause, amount]);
}

describe("Anthropic's two reports", () => {
  test("agree though one names the default workspace and splits what the other has in one line", () => {
    const analytics = [
      billed(dollars(2), { workspaceId: "wrkspc_default" }),
      billed(dollars(3), { component: "uncached_input", workspaceId: "wrkspc_default" }),
    ];
    const costReport = [billed(dollars(5), { component: "tokens", workspaceId: undefined })];

    expect(compared(analytics, costReport)).toEqual([]);
  });

  test.each([
    ["priority_tier", [billed(dollars(4)), billed(dollars(1), { serviceTier: "priority" })], 4, 1],
    ["discount", [billed(dollars(4), { listCost: dollars(5) })], 5, -1],
    ["rounding", [billed(usd(dollars(4) + 40_000_000n))], 4, 0.00004],
    ["may_be_revised", [billed(dollars(4.5))], 4, 0.5],
  ] as const)("differ by %s", (cause, analytics, costReport, apart) => {
    const amount = usd(BigInt(Math.round(apart * 1_000_000)) * (DOLLAR / 1_000_000n));
    expect(compared(analytics, [billed(dollars(costReport))])).toEqual([[cause, amount]]);
  });

  test("are open only once neither is revised any more", () => {
    const apart = [[billed(dollars(4.5))], [billed(dollars(4))]] as const;
    const settled = addMs(instant("2026-11-21T00:00:00Z"), 30 * DAY_MS);

    expect(compared(...apart, addMs(settled, -1))).toEqual([["may_be_revised", dollars(0.5)]]);
    expect(compared(...apart, settled)).toEqual([["unexplained", dollars(0.5)]]);
  });

  test("are apart by just what is named", () => {
    const line = fc
      .record({
        day: fc.constantFrom(DAY, "2026-11-21"),
        workspaceId: fc.constantFrom(undefined, "wrkspc_a"),
        modelId: fc.constantFrom(undefined, "claude-opus-5-5"),
        component: fc.constantFrom<Component>("output", "tokens", "web_search", "other"),
        serviceTier: fc.constantFrom(undefined, "standard", "priority"),
        listCost: fc.constantFrom(undefined, dollars(1)),
        billedCost: fc.integer({ min: 0, max: 300 }).map((cents) => dollars(cents / 100)),
      })
      .map((fields): BilledLine => fields);
    const lines = fc.array(line, { maxLength: 12 });
    fc.assert(
      fc.property(lines, lines, (analytics, costReport) => {
        const comparison = compareBills({ days: [DAY], analytics, costReport, now: NOW });
        const sum = comparison.differences.reduce((total, { amount }) => total + amount, 0n);
        expect(sum).toBe(comparison.analytics - comparison.costReport);
      }),
    );
  });
});

describe("our gap to the bill", () => {
  function ours(cost: Usd, over: Partial<ChargedLine> = {}): ChargedLine {
    return {
      day: DAY,
      workspaceId: "wrkspc_search",
      modelId: "claude-opus-5-5",
      component: "output",
      source: "gateway",
      isElsewhere: false,
      serviceTier: "standard",
      isBatchPrice: false,
      basis: "list",
      isUnknownModel: false,
      quantity: 1,
      computedCost: cost,
      listCost: cost,
      billedCost: cost,
      chargeCount: 1,
      ...over,
    };
  }

  function causes(
    theirs: readonly BilledLine[],
    charged: readonly ChargedLine[],
    otherBill: readonly BilledLine[],
  ): readonly string[] {
    const [judgement] = judgeDays({
      days: [DAY],
      theirs,
      ours: charged,
      otherBill,
      series: [],
      cacheWritePricesOf: () => undefined,
    });
    return (judgement?.differences ?? []).map(({ cause }) => cause);
  }

  test("is none of ours where we have what the other report has", () => {
    expect(causes([billed(dollars(4.7))], [ours(dollars(4))], [billed(dollars(4))])).toEqual([
      "bills_differ",
    ]);
  });

  test("is looked at in all workspaces together, since one report does not name the default one", () => {
    const theirs = [billed(dollars(4.7)), billed(dollars(2.3), { workspaceId: "wrkspc_other" })];
    const charged = [ours(dollars(4)), ours(dollars(2), { workspaceId: "wrkspc_other" })];
    const other = [billed(dollars(4)), billed(dollars(2), { workspaceId: undefined })];

    expect(causes(theirs, charged, other)).toEqual(["bills_differ", "bills_differ"]);
  });

  test.each([
    ["both reports have the same", dollars(4.7)],
    ["the other report has something else again", dollars(4.3)],
  ])("stays ours where %s", (_why, other) => {
    expect(causes([billed(dollars(4.7))], [ours(dollars(4))], [billed(other)])).toEqual([
      "unexplained",
    ]);
  });

  test("is a missed discount where that is proved, though the other report has the list price", () => {
    const models = ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"];
    const theirs = models.map((modelId, at) =>
      billed(dollars(0.9 * (at + 4)), { modelId, listCost: dollars(at + 4) }),
    );
    const charged = models.map((modelId, at) => ours(dollars(at + 4), { modelId }));
    const other = models.map((modelId, at) => billed(dollars(at + 4), { modelId }));

    expect(new Set(causes(theirs, charged, other))).toEqual(new Set(["missed_discount"]));
  });
});
