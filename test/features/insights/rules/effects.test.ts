import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usd as pico, sumUsd } from "../../../../src/domain/money.ts";
import { effectsOf, type ModelUsage } from "../../../../src/features/insights/rules/effects.ts";
import { usd } from "../../../support/builders.ts";

function usage(overrides: Partial<ModelUsage> = {}): ModelUsage {
  return {
    modelId: "opus",
    cost: usd(100),
    uncachedInputTokens: 1_000n,
    cacheCreation5mInputTokens: 0n,
    cacheCreation1hInputTokens: 0n,
    cacheReadInputTokens: 0n,
    outputTokens: 0n,
    ...overrides,
  };
}

function nonZero(effects: ReturnType<typeof effectsOf>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(effects).filter(([, amount]) => amount !== 0n));
}

const tokens = fc.bigInt({ min: -1_000n, max: 10n ** 12n });
const arbitraryUsage = fc.uniqueArray(
  fc.record({
    modelId: fc.constantFrom("opus", "sonnet", "haiku"),
    cost: fc.bigInt({ min: -(10n ** 14n), max: 10n ** 18n }).map(pico),
    uncachedInputTokens: tokens,
    cacheCreation5mInputTokens: tokens,
    cacheCreation1hInputTokens: tokens,
    cacheReadInputTokens: tokens,
    outputTokens: tokens,
  }),
  { selector: ({ modelId }) => modelId, maxLength: 3 },
);

describe("effectsOf", () => {
  test.each([
    ["as much as before", [usage()], [usage()], {}],
    [
      "twice the tokens",
      [usage()],
      [usage({ cost: usd(200), uncachedInputTokens: 2_000n })],
      { volume: usd(100) },
    ],
    ["a price that doubled", [usage()], [usage({ cost: usd(200) })], { price: usd(100) }],
    [
      "everything read from the cache",
      [usage()],
      [usage({ cost: usd(10), uncachedInputTokens: 0n, cacheReadInputTokens: 1_000n })],
      { cache: usd(-90) },
    ],
    [
      "the cache that was lost",
      [usage({ cost: usd(10), uncachedInputTokens: 0n, cacheReadInputTokens: 1_000n })],
      [usage()],
      { cache: usd(90) },
    ],
    [
      "the same tokens as answers",
      [usage({ uncachedInputTokens: 500n, outputTokens: 500n, cost: usd(300) })],
      [usage({ uncachedInputTokens: 0n, outputTokens: 1_000n, cost: usd(500) })],
      { mix: usd(200) },
    ],
    [
      "another model with the same tokens",
      [usage()],
      [usage({ modelId: "fable", cost: usd(150) })],
      { mix: usd(50) },
    ],
    ["something out of nothing", [], [usage()], { volume: usd(100) }],
    ["nothing any more", [usage()], [], { volume: usd(-100) }],
  ])("%s", (_, before, now, effects) => {
    expect(nonZero(effectsOf(before, now))).toEqual(effects);
  });

  test("add up to the change exactly, whatever was used", () => {
    fc.assert(
      fc.property(arbitraryUsage, arbitraryUsage, (before, now) => {
        const change = sumUsd(now.map(({ cost }) => cost)) - sumUsd(before.map(({ cost }) => cost));

        expect(sumUsd(Object.values(effectsOf(before, now)))).toBe(change);
      }),
    );
  });
});
