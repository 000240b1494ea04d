import { describe, expect, test } from "vitest";
import { usdToDecimal } from "../../../src/domain/money.ts";
import { instant } from "../../../src/domain/time.ts";
import {
  type Discount,
  parseDiscountPercent,
  priceUsage,
} from "../../../src/features/pricing/index.ts";
import { aDiscount, aPriceable, day } from "../../support/pricing-builders.ts";

/** A million tokens of output of Opus 5.5 cost $20. */
function billed(
  discounts: readonly Discount[],
  event: { readonly model?: string; readonly at?: string; readonly workspaceId?: string } = {},
): readonly (readonly [billedCost: string, basis: string])[] {
  const { model = "claude-opus-5-5", ...rest } = event;
  return priceUsage({
    event: aPriceable(model, { outputTokens: 1_000_000 }, rest),
    discounts,
  }).charges.map((line) => [usdToDecimal(line.billedCost), line.pricingBasis]);
}

function slightlyDiscounted(tokens: number): bigint | undefined {
  const event = aPriceable("claude-haiku-5-5", {
    cacheReadInputTokens: tokens,
    serviceTier: "batch",
  });
  return priceUsage({ event, discounts: [aDiscount("0.01")] }).charges[0]?.billedCost;
}

const LIST = [["20.000000", "list"]];
const CONTRACTED = [["17.500000", "contracted"]];

describe("a discount", () => {
  test("is taken off the list cost, which stays as it was", () => {
    const { charges } = priceUsage({
      event: aPriceable("claude-opus-5-5", { outputTokens: 1_000_000, webSearchRequests: 100 }),
      discounts: [aDiscount("12.5")],
    });

    expect(
      charges.map((line) => [
        usdToDecimal(line.listCost),
        usdToDecimal(line.billedCost),
        line.pricingBasis,
      ]),
    ).toEqual([
      ["20.000000", "17.500000", "contracted"],
      ["1.000000", "0.875000", "contracted"],
    ]);
  });

  test("of 100 percent leaves nothing to bill", () => {
    expect(billed([aDiscount("100")])).toEqual([["0.000000", "contracted"]]);
  });

  test("is rounded once, half to even", () => {
    // 5,000 pico-dollars less 0.01 percent is 4,999.5; three times that is 14,998.5.
    expect(slightlyDiscounted(1)).toBe(5_000n);
    expect(slightlyDiscounted(3)).toBe(14_998n);
  });

  test("does not make an estimate a contract", () => {
    expect(billed([aDiscount("10")], { model: "claude-of-the-future" })).toEqual([
      ["22.500000", "estimated"],
    ]);
  });

  test("counts from its first instant until before its last", () => {
    const discounts = [
      aDiscount("12.5", { validFrom: day("2026-10-01"), validUntil: day("2026-11-01") }),
    ];

    expect(billed(discounts, { at: "2026-09-30T23:59:59.999Z" })).toEqual(LIST);
    expect(billed(discounts, { at: "2026-10-01T00:00:00.000Z" })).toEqual(CONTRACTED);
    expect(billed(discounts, { at: "2026-10-31T23:59:59.999Z" })).toEqual(CONTRACTED);
    expect(billed(discounts, { at: "2026-11-01T00:00:00.000Z" })).toEqual(LIST);
  });

  test("for a workspace is for that workspace only", () => {
    const discounts = [aDiscount("12.5", { workspaceId: "wrkspc_01" })];

    expect(billed(discounts, { workspaceId: "wrkspc_01" })).toEqual(CONTRACTED);
    expect(billed(discounts, { workspaceId: "wrkspc_02" })).toEqual(LIST);
    expect(billed(discounts)).toEqual(LIST);
  });

  test("must match model and workspace when it names both", () => {
    const discounts = [
      aDiscount("12.5", { workspaceId: "wrkspc_01", modelPattern: "claude-sonnet-*" }),
    ];

    expect(billed(discounts, { workspaceId: "wrkspc_01" })).toEqual(LIST);
  });

  test("that matches first is the only one", () => {
    const general = aDiscount("50");
    const opus = aDiscount("12.5", { modelPattern: "claude-opus-*" });

    expect(billed([opus, general])).toEqual(CONTRACTED);
    expect(billed([general, opus])).toEqual([["10.000000", "contracted"]]);
  });

  test.each<[pattern: string, model: string, isMatch: boolean]>([
    ["claude-opus-*", "us.anthropic.claude-opus-5-5", true],
    ["claude-opus-*", "claude-sonnet-5-5", false],
    ["Claude-Opus-*", "claude-opus-5-5", true],
    ["claude-opus-5", "claude-opus-5", true],
    ["claude-opus-5", "claude-opus-5-5", false],
    ["claude-haiku-4-5-20251001", "claude-haiku-4-5", true],
    ["*", "gpt-5.5", true],
    ["*-5-5", "claude-haiku-5-5", true],
    ["*-5-5", "claude-haiku-5", false],
    ["claude-*-5", "claude-opus-5", true],
    ["claude-*-5", "claude-opus-5-5", true],
    ["claude-*-5-5", "claude-opus-5", false],
    ["claude-*opus*5*5", "claude-opus-5-5", true],
    ["claude-*5*5*5", "claude-opus-5-5", false],
    ["claude-opus-5*5", "claude-opus-5", false],
    ["claude.opus*", "claude-opus-5", false],
  ])("for %s and usage of %s: %s", (modelPattern, model, isMatch) => {
    const { charges } = priceUsage({
      event: aPriceable(model, { outputTokens: 1 }),
      discounts: [aDiscount("50", { modelPattern })],
    });

    expect(charges[0]?.billedCost !== charges[0]?.listCost).toBe(isMatch);
  });

  test("is chosen for each model that ran", () => {
    const { charges } = priceUsage({
      event: {
        ...aPriceable("claude-opus-5-5", {
          iterations: ["claude-opus-5-5", "claude-haiku-4-5"].map((model) => ({
            type: "message",
            model,
            uncachedInputTokens: 0,
            cacheCreation5mInputTokens: 0,
            cacheCreation1hInputTokens: 0,
            cacheReadInputTokens: 0,
            outputTokens: 1,
          })),
        }),
        occurredAt: instant("2026-11-01T00:00:00Z"),
      },
      discounts: [aDiscount("50", { modelPattern: "claude-haiku-*" })],
    });

    expect(charges.map((line) => line.pricingBasis)).toEqual(["list", "contracted"]);
  });
});

describe("parseDiscountPercent", () => {
  test.each([
    ["12.5", { numerator: 125_000n, denominator: 1_000_000n }],
    ["100", { numerator: 1_000_000n, denominator: 1_000_000n }],
    ["0.0001", { numerator: 1n, denominator: 1_000_000n }],
  ])("reads %s exactly", (text, share) => {
    expect(parseDiscountPercent(text)).toEqual(share);
  });

  test.each(["0", "0.0000", "100.0001", "-5", "1e1", "12.34567", "", "12.", ".5", "10 %"])(
    "refuses %j",
    (text) => {
      expect(parseDiscountPercent(text)).toBeUndefined();
    },
  );
});
