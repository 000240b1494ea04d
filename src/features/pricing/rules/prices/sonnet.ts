/** Published prices of the Sonnet models, with the former long-context tier of Sonnet 4 and 4.5. */
import {
  forAnyPrompt,
  NOVEMBER_LISTS,
  PRICING_PAGE,
  type PublishedModel,
  type PublishedPrice,
  type PublishedRates,
} from "./published.ts";

const RATES_3_15: PublishedRates = {
  uncached_input: "3",
  cache_write_5m: "3.75",
  cache_write_1h: "6",
  cache_read: "0.30",
  output: "15",
};

const PRICE_3_15: PublishedPrice = { tiers: forAnyPrompt(RATES_3_15), source: PRICING_PAGE };

/** The 1M-token beta charged prompts over 200k tokens double; it ended on 2026-04-30. */
const PRICES_WITH_LONG_CONTEXT: readonly [PublishedPrice, ...PublishedPrice[]] = [
  {
    until: "2026-04-30",
    tiers: [
      { abovePromptTokens: 0, rates: RATES_3_15 },
      {
        abovePromptTokens: 200_000,
        rates: {
          uncached_input: "6",
          cache_write_5m: "7.50",
          cache_write_1h: "12",
          cache_read: "0.60",
          output: "22.50",
        },
      },
    ],
    source: `${PRICING_PAGE}; long context as LiteLLM, OpenRouter and Vercel list it, 1h cache write taken as twice the input`,
  },
  { from: "2026-04-30", ...PRICE_3_15 },
];

export const SONNET_MODELS: readonly PublishedModel[] = [
  {
    modelId: "claude-sonnet-5-5",
    residencyPremium: "everywhere",
    prices: [
      {
        from: "2026-09-28",
        until: "2026-10-07",
        tiers: forAnyPrompt({
          uncached_input: "2",
          cache_write_5m: "2.50",
          cache_write_1h: "4",
          cache_read: "0.20",
          output: "10",
        }),
        source: "pricing pages stored before 2026-10-07",
      },
      {
        from: "2026-10-07",
        tiers: forAnyPrompt({
          uncached_input: "2",
          cache_write_5m: "2.50",
          cache_write_1h: "4",
          cache_read: "0.10",
          output: "10",
        }),
        source: `${NOVEMBER_LISTS}; the hour of the change is not known`,
      },
    ],
  },
  {
    modelId: "claude-sonnet-5",
    residencyPremium: "everywhere",
    prices: [
      {
        from: "2026-06-30",
        tiers: forAnyPrompt({
          uncached_input: "2",
          cache_write_5m: "2.50",
          cache_write_1h: "4",
          cache_read: "0.20",
          output: "10",
        }),
        source: `${PRICING_PAGE}; the rise announced for 2026-09-01 was cancelled`,
      },
    ],
  },
  { modelId: "claude-sonnet-4-6", residencyPremium: "everywhere", prices: [PRICE_3_15] },
  {
    modelId: "claude-sonnet-4-5",
    residencyPremium: "cloud-regions",
    prices: PRICES_WITH_LONG_CONTEXT,
  },
  {
    modelId: "claude-sonnet-4-0",
    aliases: ["claude-sonnet-4"],
    residencyPremium: "none",
    prices: PRICES_WITH_LONG_CONTEXT,
  },
  {
    modelId: "claude-3-7-sonnet",
    aliases: ["claude-3-7-sonnet-latest"],
    residencyPremium: "none",
    prices: [PRICE_3_15],
  },
  {
    modelId: "claude-3-5-sonnet",
    aliases: ["claude-3-5-sonnet-latest", "claude-3-5-sonnet-v2"],
    residencyPremium: "none",
    prices: [PRICE_3_15],
  },
  {
    modelId: "claude-3-sonnet",
    residencyPremium: "none",
    prices: [
      {
        ...PRICE_3_15,
        source: `${PRICING_PAGE}; it had no prompt cache, Claude 3.5 Sonnet's cache prices stand in`,
      },
    ],
  },
];
