import { describe, expect, test } from "vitest";
import { assert } from "../../../src/domain/assert.ts";
import { usd, usdFromDecimal, usdToDecimal } from "../../../src/domain/money.ts";
import { TOKEN_TYPES, type Usage } from "../../../src/domain/usage.ts";
import { listPrices, priceUsage } from "../../../src/features/pricing/index.ts";
import {
  modelOrUnknown,
  PRICED_MODELS,
  type Price,
  type PricedModel,
  PUBLISHED_PRICES,
  type TokenPrices,
  tierFor,
} from "../../../src/features/pricing/rules/price-list.ts";
import { findPriceListProblems } from "../../../src/features/pricing/rules/price-list-problems.ts";
import { aPriceable, day } from "../../support/pricing-builders.ts";
import { SEED, type SeedRates } from "./published-seed.ts";

const FIELDS = [
  "uncachedInputTokens",
  "cacheCreation5mInputTokens",
  "cacheCreation1hInputTokens",
  "cacheReadInputTokens",
  "outputTokens",
] as const satisfies readonly (keyof Usage)[];

/** What a million tokens of each type cost; from a prompt of `prompt` tokens. */
function perMillion(
  model: string,
  call: { readonly at: string; readonly prompt: number; readonly speed: string },
): readonly string[] {
  return FIELDS.map((field) => {
    // The tokens in question are one; the rest of the prompt is there only for its size.
    const filler =
      field === "cacheReadInputTokens" ? "uncachedInputTokens" : "cacheReadInputTokens";
    const usage = { [field]: 1, [filler]: call.prompt - 1, speed: call.speed };
    const { charges } = priceUsage({ event: aPriceable(model, usage, call), discounts: [] });
    const line = charges.find(({ tokenType }) => tokenType === TOKEN_TYPES[FIELDS.indexOf(field)]);
    return line === undefined ? "none" : usdToDecimal(usd(line.listUnitPrice * 1_000_000n));
  });
}

function dollars(rates: SeedRates): readonly string[] {
  return rates.map((rate) => usdToDecimal(usdFromDecimal(rate)));
}

const rows = SEED.flatMap(({ ids, ...row }) => ids.map((id) => ({ id, ...row })));

describe("the price list", () => {
  test.each(rows)("has what is published for $id from $from above $above", (row) => {
    const at = `${row.from ?? "2026-06-01"}T00:00:00Z`;
    const prompt = (row.above ?? 0) + 2;

    expect(perMillion(row.id, { at, prompt, speed: "standard" })).toEqual(dollars(row.rates));
  });

  test.each(rows.flatMap((row) => (row.fast === undefined ? [] : { ...row, fast: row.fast })))(
    "has the published fast price of $id",
    ({ id, from = "2026-06-01", fast }) => {
      expect(perMillion(id, { at: `${from}T00:00:00Z`, prompt: 2, speed: "fast" })).toEqual(
        dollars(fast),
      );
    },
  );

  test("is sound", () => {
    expect(
      findPriceListProblems([
        ...PRICED_MODELS,
        modelOrUnknown(PUBLISHED_PRICES, "claude-of-the-future"),
      ]),
    ).toEqual([]);
  });

  test("says for every price where it comes from", () => {
    expect(listPrices().filter(({ source }) => source === "")).toEqual([]);
    expect(listPrices().map(({ priceId }) => priceId)).toContain("claude-opus-5-5@2026-09-22");
  });
});

describe("findPriceListProblems", () => {
  const model = modelOrUnknown(PUBLISHED_PRICES, "claude-opus-5-5");
  const listed = model.prices[0];
  assert(listed !== undefined, "Opus 5.5 has a price");
  const price: Price = { ...listed, validFrom: undefined };
  const { unitPrices } = tierFor(price, 0);

  function withPrices(...changes: readonly Partial<Price>[]): readonly PricedModel[] {
    const prices = changes.map((change, index) => ({
      ...price,
      priceId: `p${String(index)}`,
      ...change,
    }));
    return [{ ...model, prices }];
  }
  function withRates(change: Partial<TokenPrices>): readonly PricedModel[] {
    const tier = { abovePromptTokens: 0, unitPrices: { ...unitPrices, ...change } };
    return withPrices({ fast: undefined, tiers: [tier] });
  }
  const [first, second] = [day("2026-01-01"), day("2026-02-01")];

  test.each<[problem: string, models: readonly PricedModel[]]>([
    [
      "claude-opus-5-5: names two models",
      [model, { ...model, prices: [{ ...price, priceId: "p1" }] }],
    ],
    ["p0: id used twice", withPrices({ validUntil: first }, { validFrom: first, priceId: "p0" })],
    ["claude-opus-5-5: has no price", withPrices()],
    [
      "p0: ends before it begins",
      withPrices({ validFrom: second, validUntil: first }, { validFrom: first }),
    ],
    ["p0: ends, and no price follows", withPrices({ validUntil: second })],
    [
      "p0: overlaps p1 or leaves a gap before it",
      withPrices({ validUntil: second }, { validFrom: first }),
    ],
    [
      "p0: overlaps p1 or leaves a gap before it",
      withPrices({ validUntil: first }, { validFrom: second }),
    ],
    ["p0: overlaps p1 or leaves a gap before it", withPrices({}, { validFrom: second })],
    [
      "p0: the first tier starts at 0",
      withPrices({ tiers: [{ abovePromptTokens: 5, unitPrices }], fast: undefined }),
    ],
    [
      "p0: tiers ascend",
      withPrices({
        tiers: [0, 9, 9].map((abovePromptTokens) => ({ abovePromptTokens, unitPrices })),
      }),
    ],
    ["p0: every price is positive", withRates({ cache_read: usd(0n) })],
    [
      "p0: a cache read costs at most the input",
      withRates({ cache_read: usd(unitPrices.uncached_input + 1n) }),
    ],
    [
      "p0: a 5m cache write costs at least the input",
      withRates({ cache_write_5m: usd(unitPrices.uncached_input - 1n) }),
    ],
    [
      "p0: a 1h cache write costs at least a 5m one",
      withRates({ cache_write_1h: usd(unitPrices.cache_write_5m - 1n) }),
    ],
    [
      "p0: output costs at least the input",
      withRates({ output: usd(unitPrices.uncached_input - 1n) }),
    ],
    [
      "p0: fast costs more than standard",
      withPrices({ fast: { kind: "rates", unitPrices, validUntil: undefined } }),
    ],
  ])("finds %s", (problem, models) => {
    expect(findPriceListProblems(models)).toEqual([problem]);
  });
});
