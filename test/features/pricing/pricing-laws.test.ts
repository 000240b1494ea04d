/**
 * Laws of pricing, for any usage. The oracle computes with fractions of its own, straight from the
 * published table and the published formula, and shares no code with the rules.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sumUsd } from "../../../src/domain/money.ts";
import type { Usage, UsageQuantities } from "../../../src/domain/usage.ts";
import { type PriceableUsage, priceUsage } from "../../../src/features/pricing/index.ts";
import { aDiscount, aPriceable, aUsage } from "../../support/pricing-builders.ts";
import { SEED, type SeedRates, type SeedRow } from "./published-seed.ts";

type Ratio = readonly [numerator: bigint, denominator: bigint];

const PICO_PER_USD = 10n ** 12n;
const AT = "2026-11-23T10:00:00Z";

function ratio(decimal: string): Ratio {
  const [whole = "", fraction = ""] = decimal.split(".");
  return [BigInt(whole + fraction), 10n ** BigInt(fraction.length)];
}
function times(...[first = [1n, 1n], ...others]: readonly Ratio[]): Ratio {
  return others.reduce(([a, b], [c, d]) => [a * c, b * d], first);
}
function plus([a, b]: Ratio, [c, d]: Ratio): Ratio {
  return [a * d + c * b, b * d];
}

const models = [...new Set(SEED.flatMap(({ ids }) => ids))];

function seedRow(model: string, promptTokens: number): SeedRow {
  const row = SEED.findLast(({ ids, above = -1 }) => ids.includes(model) && promptTokens > above);
  if (row === undefined) throw new Error(`no row for ${model}`);
  return row;
}

function quantities(usage: UsageQuantities): readonly number[] {
  return [
    usage.uncachedInputTokens,
    usage.cacheCreation5mInputTokens,
    usage.cacheCreation1hInputTokens,
    usage.cacheReadInputTokens,
    usage.outputTokens,
  ];
}

/** What `event` costs by the formula; for the plain names of the published table. */
function oracleCost({ model, usage }: PriceableUsage): Ratio {
  const amounts = quantities(usage);
  const prompt = amounts.slice(0, 4).reduce((sum, amount) => sum + amount, 0);
  const row = seedRow(model, prompt);
  const fastRates = usage.speed === "fast" ? row.fast : undefined;
  const rates: SeedRates = fastRates ?? row.rates;
  const isGeoModel = /^claude-[a-z]+-(?:4-[678]|5|5-[125])$/.test(model);
  const tokens = amounts
    .map((amount, index) => times(ratio(rates[index] ?? "0"), [BigInt(amount), 1_000_000n]))
    .reduce(plus);
  const multiplied = times(
    tokens,
    usage.serviceTier === "batch" && fastRates === undefined ? [1n, 2n] : [1n, 1n],
    usage.inferenceGeo === "us" && isGeoModel ? [11n, 10n] : [1n, 1n],
  );
  return plus(multiplied, [BigInt(usage.webSearchRequests), 100n]);
}

const tokenCount = fc.oneof(
  fc.nat({ max: 300_000 }),
  fc.constantFrom(0, 1, 99_999, 100_000, 100_001, 200_001, Number.MAX_SAFE_INTEGER),
);
const usages: fc.Arbitrary<Usage> = fc
  .record({
    uncachedInputTokens: tokenCount,
    cacheCreation5mInputTokens: tokenCount,
    cacheCreation1hInputTokens: tokenCount,
    cacheReadInputTokens: tokenCount,
    outputTokens: tokenCount,
    webSearchRequests: fc.nat({ max: 50 }),
    serviceTier: fc.constantFrom("standard", "batch", "priority", undefined),
    inferenceGeo: fc.constantFrom("us", "global", "not_available", undefined),
    speed: fc.constantFrom("standard", "fast", undefined),
  })
  .map(aUsage);
const events = fc
  .record({ model: fc.constantFrom(...models), usage: usages })
  .map(({ model, usage }) => aPriceable(model, usage, { at: AT }));

function listCost(event: PriceableUsage): bigint {
  return sumUsd(priceUsage({ event, discounts: [] }).charges.map((line) => line.listCost));
}

describe("pricing", () => {
  test("agrees exactly with the published formula", () => {
    fc.assert(
      fc.property(events, (event) => {
        const [numerator, denominator] = oracleCost(event);

        expect(listCost(event) * denominator).toBe(numerator * PICO_PER_USD);
      }),
      { numRuns: 500 },
    );
  });

  test("of iterations is the sum of their prices", () => {
    const runs = fc.array(fc.record({ model: fc.constantFrom(...models), quantities: usages }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(usages, runs, (usage, list) => {
        const terms = {
          serviceTier: usage.serviceTier,
          inferenceGeo: usage.inferenceGeo,
          speed: usage.speed,
        };
        const alone = list.map(({ model, quantities: own }) =>
          listCost(aPriceable(model, { ...own, ...terms, webSearchRequests: 0 }, { at: AT })),
        );
        const together = aPriceable(
          "claude-opus-5-5",
          {
            ...usage,
            iterations: list.map(({ model, quantities: own }) => ({
              ...own,
              type: "message",
              model,
            })),
          },
          { at: AT },
        );

        expect(listCost(together)).toBe(
          alone.reduce(
            (sum, cost) => sum + cost,
            BigInt(usage.webSearchRequests) * (PICO_PER_USD / 100n),
          ),
        );
      }),
    );
  });

  test("never costs less for more tokens", () => {
    const field = fc.constantFrom(
      "uncachedInputTokens",
      "cacheCreation5mInputTokens",
      "cacheCreation1hInputTokens",
      "cacheReadInputTokens",
      "outputTokens",
      "webSearchRequests",
    );
    fc.assert(
      fc.property(events, field, fc.integer({ min: 1, max: 200_000 }), (event, name, more) => {
        fc.pre(event.usage[name] <= Number.MAX_SAFE_INTEGER - more);
        const larger = { ...event, usage: { ...event.usage, [name]: event.usage[name] + more } };

        expect(listCost(larger)).toBeGreaterThan(listCost(event));
      }),
    );
  });

  test("is never free and never negative, whatever the model is called", () => {
    const names = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.constantFrom(
        "__proto__",
        "constructor",
        "toString",
        "us.",
        "[1m]",
        "@20260101",
        "-fast",
        "a/b/",
      ),
    );
    fc.assert(
      fc.property(names, usages, fc.date({ noInvalidDate: true }), (model, usage, at) => {
        const { charges, modelId } = priceUsage({
          event: aPriceable(model, usage, { at: at.toISOString() }),
          discounts: [],
        });
        const used = quantities(usage).filter((amount) => amount > 0).length;

        expect(modelId).not.toBe("");
        expect(charges).toHaveLength(used + (usage.webSearchRequests > 0 ? 1 : 0));
        expect(charges.every((line) => line.listCost > 0n && line.billedCost > 0n)).toBe(true);
      }),
    );
  });

  test("with a discount is off by at most half a pico-dollar a charge", () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 1_000_000 }), (event, parts) => {
        const percent = `${String(Math.floor(parts / 10_000))}.${String(parts % 10_000).padStart(4, "0")}`;
        const { charges } = priceUsage({ event, discounts: [aDiscount(percent)] });

        for (const { listCost: list, billedCost } of charges) {
          const difference = billedCost * 1_000_000n - list * (1_000_000n - BigInt(parts));
          expect(difference <= 500_000n && difference >= -500_000n).toBe(true);
          expect(billedCost >= 0n && billedCost <= list).toBe(true);
        }
      }),
    );
  });

  test("stays exact at the largest count there is", () => {
    const all = {
      outputTokens: Number.MAX_SAFE_INTEGER,
      uncachedInputTokens: Number.MAX_SAFE_INTEGER,
    };

    expect(listCost(aPriceable("claude-fable-5-2", all, { at: AT }))).toBe(
      9_007_199_254_740_991n * 48_000_000n,
    );
  });
});
