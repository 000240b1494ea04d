/** Published prices of the Haiku models. Haiku 5.5 is priced by the size of the prompt. */
import { forAnyPrompt, NOVEMBER_LISTS, PRICING_PAGE, type PublishedModel } from "./published.ts";

export const HAIKU_MODELS: readonly PublishedModel[] = [
  {
    modelId: "claude-haiku-5-5",
    residencyPremium: "everywhere",
    prices: [
      {
        from: "2026-10-07",
        tiers: [
          {
            abovePromptTokens: 0,
            rates: {
              uncached_input: "0.10",
              cache_write_5m: "0.125",
              cache_write_1h: "0.20",
              cache_read: "0.01",
              output: "0.50",
            },
          },
          {
            abovePromptTokens: 100_000,
            rates: {
              uncached_input: "0.50",
              cache_write_5m: "0.625",
              cache_write_1h: "1.00",
              cache_read: "0.05",
              output: "2.50",
            },
          },
        ],
        source: `${NOVEMBER_LISTS}; a prompt of exactly 100,000 tokens is taken to be in the lower tier`,
      },
    ],
  },
  {
    modelId: "claude-haiku-4-5",
    residencyPremium: "cloud-regions",
    prices: [
      {
        tiers: forAnyPrompt({
          uncached_input: "1",
          cache_write_5m: "1.25",
          cache_write_1h: "2",
          cache_read: "0.10",
          output: "5",
        }),
        source: PRICING_PAGE,
      },
    ],
  },
  {
    modelId: "claude-3-5-haiku",
    aliases: ["claude-3-5-haiku-latest"],
    residencyPremium: "none",
    prices: [
      {
        tiers: forAnyPrompt({
          uncached_input: "0.80",
          cache_write_5m: "1",
          cache_write_1h: "1.60",
          cache_read: "0.08",
          output: "4",
        }),
        source: PRICING_PAGE,
      },
    ],
  },
  {
    modelId: "claude-3-haiku",
    residencyPremium: "none",
    prices: [
      {
        tiers: forAnyPrompt({
          uncached_input: "0.25",
          cache_write_5m: "0.30",
          cache_write_1h: "0.50",
          cache_read: "0.03",
          output: "1.25",
        }),
        source: PRICING_PAGE,
      },
    ],
  },
];
