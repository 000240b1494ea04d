/** Published prices of the Opus models, retired ones included: clouds outlive the Claude API. */
import {
  forAnyPrompt,
  NOVEMBER_LISTS,
  PRICING_PAGE,
  type PublishedFastMode,
  type PublishedModel,
  type PublishedPrice,
  type PublishedTier,
} from "./published.ts";

const TIERS_5_25: readonly [PublishedTier] = forAnyPrompt({
  uncached_input: "5",
  cache_write_5m: "6.25",
  cache_write_1h: "10",
  cache_read: "0.50",
  output: "25",
});

const FAST_10_50: PublishedFastMode = {
  kind: "rates",
  rates: {
    uncached_input: "10",
    cache_write_5m: "12.50",
    cache_write_1h: "20",
    cache_read: "1.00",
    output: "50",
  },
};

const PRICE_15_75: PublishedPrice = {
  tiers: forAnyPrompt({
    uncached_input: "15",
    cache_write_5m: "18.75",
    cache_write_1h: "30",
    cache_read: "1.50",
    output: "75",
  }),
  source: PRICING_PAGE,
};

export const OPUS_MODELS: readonly PublishedModel[] = [
  {
    modelId: "claude-opus-5-5",
    residencyPremium: "everywhere",
    prices: [
      {
        from: "2026-09-22",
        tiers: forAnyPrompt({
          uncached_input: "4",
          cache_write_5m: "5",
          cache_write_1h: "8",
          cache_read: "0.20",
          output: "20",
        }),
        fast: {
          kind: "rates",
          rates: {
            uncached_input: "8",
            cache_write_5m: "10",
            cache_write_1h: "16",
            cache_read: "0.40",
            output: "40",
          },
        },
        source: NOVEMBER_LISTS,
      },
    ],
  },
  {
    modelId: "claude-opus-5",
    residencyPremium: "everywhere",
    prices: [{ from: "2026-07-24", tiers: TIERS_5_25, fast: FAST_10_50, source: PRICING_PAGE }],
  },
  {
    modelId: "claude-opus-4-8",
    residencyPremium: "everywhere",
    prices: [
      {
        tiers: TIERS_5_25,
        fast: { ...FAST_10_50, until: "2026-11-30" },
        source: `${PRICING_PAGE}; fast mode is removed on 2026-11-30`,
      },
    ],
  },
  {
    modelId: "claude-opus-4-7",
    residencyPremium: "everywhere",
    prices: [{ tiers: TIERS_5_25, source: `${PRICING_PAGE}; asking for fast mode is an error` }],
  },
  {
    modelId: "claude-opus-4-6",
    residencyPremium: "everywhere",
    prices: [
      {
        tiers: TIERS_5_25,
        fast: { kind: "billed-as-standard" },
        source: `${PRICING_PAGE}; fast mode was removed and is billed as standard`,
      },
    ],
  },
  {
    modelId: "claude-opus-4-5",
    residencyPremium: "cloud-regions",
    prices: [{ tiers: TIERS_5_25, source: PRICING_PAGE }],
  },
  { modelId: "claude-opus-4-1", residencyPremium: "none", prices: [PRICE_15_75] },
  {
    modelId: "claude-opus-4-0",
    aliases: ["claude-opus-4"],
    residencyPremium: "none",
    prices: [PRICE_15_75],
  },
  {
    modelId: "claude-3-opus",
    aliases: ["claude-3-opus-latest"],
    residencyPremium: "none",
    prices: [PRICE_15_75],
  },
];
