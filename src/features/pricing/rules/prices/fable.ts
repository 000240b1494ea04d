/** Published prices of the Fable models and of Mythos, which costs the same as its Fable. */
import {
  forAnyPrompt,
  NOVEMBER_LISTS,
  PRICING_PAGE,
  type PublishedModel,
  type PublishedPrice,
} from "./published.ts";

const PRICE_5_2: PublishedPrice = {
  from: "2026-11-09",
  tiers: forAnyPrompt({
    uncached_input: "8",
    cache_write_5m: "10",
    cache_write_1h: "16",
    cache_read: "0.20",
    output: "40",
  }),
  fast: {
    kind: "rates",
    rates: {
      uncached_input: "16",
      cache_write_5m: "20",
      cache_write_1h: "32",
      cache_read: "0.40",
      output: "80",
    },
  },
  source: `${NOVEMBER_LISTS}; 1h cache write taken as twice the input; fast: Vercel's list, for Mythos assumed`,
};

const PRICE_5_1: PublishedPrice = {
  tiers: forAnyPrompt({
    uncached_input: "10",
    cache_write_5m: "12.50",
    cache_write_1h: "20",
    cache_read: "0.25",
    output: "50",
  }),
  source: `${NOVEMBER_LISTS}; launched before 2026-09-23, the day is not known`,
};

const PRICE_5: PublishedPrice = {
  from: "2026-06-09",
  tiers: forAnyPrompt({
    uncached_input: "10",
    cache_write_5m: "12.50",
    cache_write_1h: "20",
    cache_read: "1.00",
    output: "50",
  }),
  source: PRICING_PAGE,
};

export const FABLE_MODELS: readonly PublishedModel[] = [
  { modelId: "claude-fable-5-2", residencyPremium: "everywhere", prices: [PRICE_5_2] },
  { modelId: "claude-mythos-5-2", residencyPremium: "everywhere", prices: [PRICE_5_2] },
  { modelId: "claude-fable-5-1", residencyPremium: "everywhere", prices: [PRICE_5_1] },
  { modelId: "claude-mythos-5-1", residencyPremium: "everywhere", prices: [PRICE_5_1] },
  { modelId: "claude-fable-5", residencyPremium: "everywhere", prices: [PRICE_5] },
  { modelId: "claude-mythos-5", residencyPremium: "everywhere", prices: [PRICE_5] },
];
