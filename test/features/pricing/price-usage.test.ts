import { describe, expect, test } from "vitest";
import { usdToDecimal } from "../../../src/domain/money.ts";
import {
  type PriceableUsage,
  type PricedUsage,
  priceUsage,
} from "../../../src/features/pricing/index.ts";
import { anIteration, aPriceable, onlyLineOf } from "../../support/pricing-builders.ts";

function price(event: PriceableUsage): PricedUsage {
  return priceUsage({ event, discounts: [] });
}

const MILLION = 1_000_000;

describe("charges", () => {
  test("are one for each kind of token that was used, and one for searches", () => {
    const { charges } = price(
      aPriceable("claude-opus-5-5", {
        uncachedInputTokens: 1,
        cacheCreation5mInputTokens: 2,
        cacheCreation1hInputTokens: 3,
        cacheReadInputTokens: 4,
        outputTokens: 5,
        webSearchRequests: 6,
      }),
    );

    expect(
      charges.map((line) => [
        line.skuId,
        line.consumedQuantity,
        line.consumedUnit,
        usdToDecimal(line.listUnitPrice),
        usdToDecimal(line.listCost),
        line.priceId,
      ]),
    ).toEqual([
      [
        "claude-opus-5-5/uncached_input",
        1,
        "tokens",
        "0.000004",
        "0.000004",
        "claude-opus-5-5@2026-09-22",
      ],
      [
        "claude-opus-5-5/cache_write_5m",
        2,
        "tokens",
        "0.000005",
        "0.000010",
        "claude-opus-5-5@2026-09-22",
      ],
      [
        "claude-opus-5-5/cache_write_1h",
        3,
        "tokens",
        "0.000008",
        "0.000024",
        "claude-opus-5-5@2026-09-22",
      ],
      [
        "claude-opus-5-5/cache_read",
        4,
        "tokens",
        "0.0000002",
        "0.0000008",
        "claude-opus-5-5@2026-09-22",
      ],
      ["claude-opus-5-5/output", 5, "tokens", "0.000020", "0.000100", "claude-opus-5-5@2026-09-22"],
      ["web_search", 6, "requests", "0.010000", "0.060000", "web_search@first"],
    ]);
  });

  test("are none when nothing was used", () => {
    expect(price(aPriceable("claude-opus-5-5")).charges).toEqual([]);
  });

  test("name the plain model, however the source spells it", () => {
    const { modelId, charges } = price(
      aPriceable("eu.anthropic.claude-haiku-4-5-20251001-v1:0", { outputTokens: 1 }),
    );

    expect(modelId).toBe("claude-haiku-4-5");
    expect(charges.map((line) => [line.modelId, line.skuId])).toEqual([
      ["claude-haiku-4-5", "claude-haiku-4-5/output/regional"],
    ]);
  });

  test("tell tier, batch and region apart in the SKU", () => {
    const line = onlyLineOf(
      aPriceable("claude-haiku-5-5", {
        uncachedInputTokens: 200_000,
        serviceTier: "batch",
        inferenceGeo: "us",
      }),
    );

    expect(line.skuId).toBe("claude-haiku-5-5/uncached_input/prompt-over-100000/batch/regional");
    expect(usdToDecimal(line.listUnitPrice)).toBe("0.000000275");
  });

  test("are exact for the smallest price after all multipliers", () => {
    const line = onlyLineOf(
      aPriceable("claude-haiku-5-5", {
        cacheReadInputTokens: 1,
        serviceTier: "batch",
        inferenceGeo: "us",
      }),
    );

    expect(usdToDecimal(line.listCost)).toBe("0.0000000055");
  });
});

describe("iterations", () => {
  const iterations = [
    anIteration({ type: "message", uncachedInputTokens: 1_000, outputTokens: 100 }),
    anIteration({ type: "compaction", uncachedInputTokens: 2_000, outputTokens: 200 }),
    anIteration({
      type: "advisor_message",
      model: "claude-haiku-4-5-20251001",
      outputTokens: 1_000,
    }),
  ];

  test("are priced instead of the totals beside them, each by its own model", () => {
    const { charges, modelId } = price(
      aPriceable("claude-opus-5-5", {
        uncachedInputTokens: 999_999,
        outputTokens: 999_999,
        webSearchRequests: 2,
        iterations,
      }),
    );

    expect(modelId).toBe("claude-opus-5-5");
    expect(charges.map((line) => [line.skuId, usdToDecimal(line.listCost)])).toEqual([
      ["claude-opus-5-5/uncached_input", "0.004000"],
      ["claude-opus-5-5/output", "0.002000"],
      ["claude-opus-5-5/uncached_input", "0.008000"],
      ["claude-opus-5-5/output", "0.004000"],
      ["claude-haiku-4-5/output", "0.005000"],
      ["web_search", "0.020000"],
    ]);
  });

  test("have a tier by their own prompt", () => {
    const { charges } = price(
      aPriceable("claude-haiku-5-5", {
        uncachedInputTokens: 150_001,
        iterations: [
          anIteration({ uncachedInputTokens: 50_000 }),
          anIteration({ uncachedInputTokens: 100_001 }),
        ],
      }),
    );

    expect(charges.map((line) => line.skuId)).toEqual([
      "claude-haiku-5-5/uncached_input",
      "claude-haiku-5-5/uncached_input/prompt-over-100000",
    ]);
  });

  test("run where and how the request runs", () => {
    const { charges } = price(
      aPriceable("us.anthropic.claude-opus-5-5", {
        serviceTier: "batch",
        iterations: [anIteration({ model: "claude-haiku-4-5", outputTokens: 1_000 })],
      }),
    );

    expect(charges.map((line) => line.skuId)).toEqual(["claude-haiku-4-5/output/batch/regional"]);
  });

  test("are fast when the request's model is called by its fast name", () => {
    const { charges } = price(
      aPriceable("claude-opus-5-5-fast", {
        iterations: [anIteration({ model: "claude-opus-5", outputTokens: 1_000 })],
      }),
    );

    expect(charges.map((line) => line.skuId)).toEqual(["claude-opus-5/output/fast"]);
  });

  test("of known models do not hide that the request's model is unknown", () => {
    const { isKnownModel } = price(
      aPriceable("claude-of-the-future", {
        iterations: [anIteration({ model: "claude-opus-5-5", outputTokens: 1 })],
      }),
    );

    expect(isKnownModel).toBe(false);
  });

  test("with an unknown model make the event one to look at", () => {
    const { isKnownModel, charges } = price(
      aPriceable("claude-opus-5-5", {
        iterations: [
          anIteration({ outputTokens: 1 }),
          anIteration({ model: "claude-of-the-future", outputTokens: 1 }),
        ],
      }),
    );

    expect(isKnownModel).toBe(false);
    expect(charges.map((line) => line.pricingBasis)).toEqual(["list", "estimated"]);
  });
});

describe("an unknown model", () => {
  test("costs what Anthropic's gateway assumes, as an estimate", () => {
    const { modelId, isKnownModel, charges } = price(
      aPriceable("claude-of-the-future", {
        uncachedInputTokens: MILLION,
        cacheCreation5mInputTokens: MILLION,
        cacheCreation1hInputTokens: MILLION,
        cacheReadInputTokens: MILLION,
        outputTokens: MILLION,
      }),
    );

    expect({ modelId, isKnownModel }).toEqual({
      modelId: "claude-of-the-future",
      isKnownModel: false,
    });
    expect(
      charges.map((line) => [line.tokenType, usdToDecimal(line.listCost), line.pricingBasis]),
    ).toEqual([
      ["uncached_input", "5.000000", "estimated"],
      ["cache_write_5m", "6.250000", "estimated"],
      ["cache_write_1h", "10.000000", "estimated"],
      ["cache_read", "0.500000", "estimated"],
      ["output", "25.000000", "estimated"],
    ]);
  });

  test("is also one whose price nobody printed", () => {
    expect(price(aPriceable("claude-mythos-preview")).isKnownModel).toBe(false);
  });
});
