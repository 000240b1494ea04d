import { describe, expect, test } from "vitest";
import { sumUsd, usdToDecimal } from "../../../src/domain/money.ts";
import type { Usage } from "../../../src/domain/usage.ts";
import {
  type ChargeLine,
  type Discount,
  type PriceableUsage,
  type PricedUsage,
  priceUsage,
} from "../../../src/features/pricing/index.ts";
import { anIteration, aPriceable } from "../../support/pricing-builders.ts";

function price(event: PriceableUsage, discounts: readonly Discount[] = []): PricedUsage {
  return priceUsage({ event, discounts });
}

function listCost(event: PriceableUsage): string {
  return usdToDecimal(sumUsd(price(event).charges.map((line) => line.listCost)));
}

function onlyLine(event: PriceableUsage): ChargeLine {
  const [line, ...others] = price(event).charges;
  expect(others).toEqual([]);
  if (line === undefined) throw new Error("no charge");
  return line;
}

function skuOfHaikuOutput(usage: Partial<Usage>): string | undefined {
  return price(aPriceable("claude-haiku-5-5", usage)).charges.at(-1)?.skuId;
}

const MILLION = 1_000_000;
const CHAT: Partial<Usage> = {
  uncachedInputTokens: 1_000,
  cacheCreation5mInputTokens: 2_000,
  cacheReadInputTokens: 50_000,
  outputTokens: 800,
};

describe("the published worked examples", () => {
  test.each<[name: string, event: PriceableUsage, cost: string]>([
    ["Opus 5.5 standard", aPriceable("claude-opus-5-5", CHAT), "0.040000"],
    [
      "Opus 5.5 in the US",
      aPriceable("claude-opus-5-5", { ...CHAT, inferenceGeo: "us" }),
      "0.044000",
    ],
    [
      "Opus 5.5 batch",
      aPriceable("claude-opus-5-5", { ...CHAT, serviceTier: "batch" }),
      "0.020000",
    ],
    [
      "Haiku 5.5 with a prompt of 100,000",
      aPriceable("claude-haiku-5-5", { cacheReadInputTokens: 100_000, outputTokens: 1_000 }),
      "0.001500",
    ],
    [
      "Haiku 5.5 with a prompt of 100,001",
      aPriceable("claude-haiku-5-5", {
        uncachedInputTokens: 1,
        cacheReadInputTokens: 100_000,
        outputTokens: 1_000,
      }),
      "0.0075005",
    ],
    [
      "Sonnet 5.5 batch",
      aPriceable("claude-sonnet-5-5", {
        uncachedInputTokens: MILLION,
        outputTokens: 100_000,
        serviceTier: "batch",
      }),
      "1.500000",
    ],
    [
      "Fable 5.2 fast",
      aPriceable("claude-fable-5-2", {
        uncachedInputTokens: 10_000,
        outputTokens: 2_000,
        speed: "fast",
      }),
      "0.320000",
    ],
    [
      "Sonnet 5.5 cache read on 2026-10-06",
      aPriceable(
        "claude-sonnet-5-5",
        { cacheReadInputTokens: MILLION },
        { at: "2026-10-06T12:00:00Z" },
      ),
      "0.200000",
    ],
    [
      "Sonnet 5.5 cache read on 2026-10-07",
      aPriceable(
        "claude-sonnet-5-5",
        { cacheReadInputTokens: MILLION },
        { at: "2026-10-07T12:00:00Z" },
      ),
      "0.100000",
    ],
    ["3 web searches", aPriceable("claude-opus-5-5", { webSearchRequests: 3 }), "0.030000"],
    [
      "Opus 5.5 in a region of Bedrock",
      aPriceable(
        "us.anthropic.claude-opus-5-5",
        { uncachedInputTokens: MILLION },
        { provider: "bedrock" },
      ),
      "4.400000",
    ],
  ])("%s", (_name, event, cost) => {
    expect(listCost(event)).toBe(cost);
  });
});

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
    const line = onlyLine(
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
    const line = onlyLine(
      aPriceable("claude-haiku-5-5", {
        cacheReadInputTokens: 1,
        serviceTier: "batch",
        inferenceGeo: "us",
      }),
    );

    expect(usdToDecimal(line.listCost)).toBe("0.0000000055");
  });
});

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
    expect(onlyLine(aPriceable(model, { cacheReadInputTokens: 1 }, { at }))).toMatchObject({
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

      expect(listCost(aPriceable("claude-sonnet-4-5-20250929", usage, { at }))).toBe(cost);
      expect(listCost(aPriceable("claude-sonnet-4@20250514", usage, { at }))).toBe(cost);
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
    const line = onlyLine(aPriceable(model, fast, at === undefined ? {} : { at }));

    expect([usdToDecimal(line.listCost), line.pricingBasis]).toEqual([cost, basis]);
  });

  test("can be part of the model's name", () => {
    expect(listCost(aPriceable("claude-opus-5-5-fast", { outputTokens: MILLION }))).toBe(
      "40.000000",
    );
  });

  test("is never reduced as a batch, but residency adds to it", () => {
    expect(listCost(aPriceable("claude-opus-5-5", { ...fast, serviceTier: "batch" }))).toBe(
      "40.000000",
    );
    expect(listCost(aPriceable("claude-opus-5-5", { ...fast, inferenceGeo: "us" }))).toBe(
      "44.000000",
    );
  });

  test("that is billed as standard can be a batch", () => {
    expect(listCost(aPriceable("claude-opus-4-6", { ...fast, serviceTier: "batch" }))).toBe(
      "12.500000",
    );
  });
});

describe("batch", () => {
  test("can be part of the model's name", () => {
    expect(listCost(aPriceable("anthropic/claude-opus-5.5:batch", CHAT))).toBe("0.020000");
  });

  test("halves every kind of token but no search", () => {
    const usage = {
      ...CHAT,
      cacheCreation1hInputTokens: 1_000,
      webSearchRequests: 1,
    };

    expect(listCost(aPriceable("claude-opus-5-5", usage))).toBe("0.058000");
    expect(listCost(aPriceable("claude-opus-5-5", { ...usage, serviceTier: "batch" }))).toBe(
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
    const plain = onlyLine(aPriceable(model.replace(/^.*(?=claude)/, ""), { outputTokens: 1_000 }));
    const line = onlyLine(aPriceable(model, { outputTokens: 1_000, inferenceGeo }, { provider }));

    expect(line.listCost * 10n).toBe(plain.listCost * (isExtra ? 11n : 10n));
    expect(line.skuId.endsWith("/regional")).toBe(isExtra);
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
