/** What makes the same tokens cost something else: time, size, speed, batch, place. */
import { describe, expect, test } from "vitest";
import { usdToDecimal } from "../../../src/domain/money.ts";
import type { Usage } from "../../../src/domain/usage.ts";
import { priceUsage } from "../../../src/features/pricing/index.ts";
import { aPriceable, CHAT, listCostOf, onlyLineOf } from "../../support/pricing-builders.ts";

function skuOfHaikuOutput(usage: Partial<Usage>): string | undefined {
  const event = aPriceable("claude-haiku-5-5", usage);
  return priceUsage({ event, discounts: [] }).charges.at(-1)?.skuId;
}

const MILLION = 1_000_000;

describe("when a price holds", () => {
  test.each<[model: string, at: string, priceId: string, basis: string]>([
    ["claude-sonnet-5-5", "2026-10-06T23:59:59.999Z", "claude-sonnet-5-5@2026-09-28", "list"],
    ["claude-sonnet-5-5", "2026-10-07T00:00:00.000Z", "claude-sonnet-5-5@2026-10-07", "list"],
    ["claude-sonnet-4-5", "2026-04-29T23:59:59.999Z", "claude-sonnet-4-5@first", "list"],
    ["claude-sonnet-4-5", "2026-04-30T00:00:00.000Z", "claude-sonnet-4-5@2026-04-30", "list"],
    ["claude-opus-5-5", "2026-09-22T00:00:00.000Z", "claude-opus-5-5@2026-09-22", "list"],
    ["claude-opus-5-5", "2026-09-21T23:59:59.999Z", "claude-opus-5-5@2026-09-22", "estimated"],
    ["claude-sonnet-5-5", "2020-01-01T00:00:00.000Z", "claude-sonnet-5-5@2026-09-28", "estimated"],
    ["claude-3-opus-20240229", "2024-03-01T00:00:00.000Z", "claude-3-opus@first", "list"],
  ])("%s at %s has the price %s (%s)", (model, at, priceId, basis) => {
    expect(onlyLineOf(aPriceable(model, { cacheReadInputTokens: 1 }, { at }))).toMatchObject({
      priceId,
      pricingBasis: basis,
    });
  });
});

describe("prompt size", () => {
  test.each<[at: string, prompt: number, cost: string]>([
    ["2026-04-29T00:00:00Z", 200_000, "0.615000"],
    ["2026-04-29T00:00:00Z", 200_001, "1.222506"],
    ["2026-05-01T00:00:00Z", 200_001, "0.615003"],
  ])(
    "of Sonnet 4.5 on %s: %s tokens and 1,000 answered cost %s",
    (at, uncachedInputTokens, cost) => {
      const usage = { uncachedInputTokens, outputTokens: 1_000 };

      expect(listCostOf(aPriceable("claude-sonnet-4-5-20250929", usage, { at }))).toBe(cost);
      expect(listCostOf(aPriceable("claude-sonnet-4@20250514", usage, { at }))).toBe(cost);
    },
  );

  test("counts uncached, written and read tokens but not the answer", () => {
    const quarter = {
      uncachedInputTokens: 25_000,
      cacheCreation5mInputTokens: 25_000,
      cacheCreation1hInputTokens: 25_000,
      cacheReadInputTokens: 25_000,
      outputTokens: MILLION,
    };

    expect(skuOfHaikuOutput(quarter)).toBe("claude-haiku-5-5/output");
    for (const field of [
      "uncachedInputTokens",
      "cacheCreation5mInputTokens",
      "cacheCreation1hInputTokens",
      "cacheReadInputTokens",
    ] as const) {
      expect(skuOfHaikuOutput({ ...quarter, [field]: 25_001 })).toBe(
        "claude-haiku-5-5/output/prompt-over-100000",
      );
    }
  });
});

describe("fast mode", () => {
  const fast = { outputTokens: MILLION, speed: "fast" };

  test.each<[model: string, cost: string, basis: string, at?: string]>([
    ["claude-opus-5-5", "40.000000", "list"],
    ["claude-opus-5", "50.000000", "list"],
    ["claude-mythos-5-2", "80.000000", "list"],
    ["claude-opus-4-8", "50.000000", "list", "2026-11-29T23:59:59.999Z"],
    ["claude-opus-4-8", "25.000000", "estimated", "2026-11-30T00:00:00.000Z"],
    ["claude-opus-4-7", "25.000000", "estimated"],
    ["claude-opus-4-6", "25.000000", "list"],
    ["claude-sonnet-5-5", "10.000000", "estimated"],
  ])("of %s: a million answered costs %s (%s)", (model, cost, basis, at) => {
    const line = onlyLineOf(aPriceable(model, fast, at === undefined ? {} : { at }));

    expect([usdToDecimal(line.listCost), line.pricingBasis]).toEqual([cost, basis]);
  });

  test("can be part of the model's name", () => {
    expect(listCostOf(aPriceable("claude-opus-5-5-fast", { outputTokens: MILLION }))).toBe(
      "40.000000",
    );
  });

  test("is never reduced as a batch, but residency adds to it", () => {
    expect(listCostOf(aPriceable("claude-opus-5-5", { ...fast, serviceTier: "batch" }))).toBe(
      "40.000000",
    );
    expect(listCostOf(aPriceable("claude-opus-5-5", { ...fast, inferenceGeo: "us" }))).toBe(
      "44.000000",
    );
  });

  test("that is billed as standard can be a batch", () => {
    expect(listCostOf(aPriceable("claude-opus-4-6", { ...fast, serviceTier: "batch" }))).toBe(
      "12.500000",
    );
  });
});

describe("batch", () => {
  test("can be part of the model's name", () => {
    expect(listCostOf(aPriceable("anthropic/claude-opus-5.5:batch", CHAT))).toBe("0.020000");
  });

  test("halves every kind of token but no search", () => {
    const usage = {
      ...CHAT,
      cacheCreation1hInputTokens: 1_000,
      webSearchRequests: 1,
    };

    expect(listCostOf(aPriceable("claude-opus-5-5", usage))).toBe("0.058000");
    expect(listCostOf(aPriceable("claude-opus-5-5", { ...usage, serviceTier: "batch" }))).toBe(
      "0.034000",
    );
  });
});

describe("data residency", () => {
  test.each<[model: string, provider: string, inferenceGeo: string | undefined, isExtra: boolean]>([
    ["claude-opus-4-6", "anthropic", "us", true],
    ["claude-opus-5-5", "anthropic", "global", false],
    ["claude-opus-5-5", "anthropic", undefined, false],
    ["claude-opus-5-5", "anthropic", "eu", false],
    ["claude-opus-4-5", "anthropic", "us", false],
    ["claude-haiku-4-5", "anthropic", "us", false],
    ["us.anthropic.claude-opus-4-5-20251101-v1:0", "bedrock", undefined, true],
    ["apac.anthropic.claude-sonnet-4-20250514-v1:0", "bedrock", undefined, false],
    ["global.anthropic.claude-opus-5-5", "bedrock", undefined, false],
    ["anthropic.claude-opus-5-5", "bedrock", undefined, false],
    ["anthropic.claude-opus-5-5", "bedrock", "us", false],
    ["us.anthropic.claude-opus-5-5", "bedrock", "us", true],
    ["claude-opus-5-5", "aws.bedrock", "us", false],
    ["claude-opus-5-5", "gcp.vertex_ai", "europe-west1", true],
    ["claude-opus-5-5", "vertex_ai", "global", false],
    ["claude-opus-5-5", "vertex_ai", undefined, false],
    ["claude-opus-5-5", "vertex_ai", "", false],
    ["claude-haiku-4-5@20251001", "vertex_ai", "not_available", false],
    ["claude-haiku-4-5@20251001", "google", "us-east5", true],
    ["claude-opus-4-1@20250805", "vertex_ai", "us-east5", false],
    ["claude-of-the-future", "anthropic", "us", true],
  ])("%s from %s with geography %s: extra %s", (model, provider, inferenceGeo, isExtra) => {
    const plain = onlyLineOf(
      aPriceable(model.replace(/^.*(?=claude)/, ""), { outputTokens: 1_000 }),
    );
    const line = onlyLineOf(aPriceable(model, { outputTokens: 1_000, inferenceGeo }, { provider }));

    expect(line.listCost * 10n).toBe(plain.listCost * (isExtra ? 11n : 10n));
    expect(line.skuId.endsWith("/regional")).toBe(isExtra);
  });
});
