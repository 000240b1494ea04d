import { describe, expect, test } from "vitest";
import type { PriceableUsage } from "../../../src/features/pricing/index.ts";
import { aPriceable, CHAT, listCostOf } from "../../support/pricing-builders.ts";

const MILLION = 1_000_000;

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
    expect(listCostOf(event)).toBe(cost);
  });
});
