/**
 * A file of prices, YAML or JSON → proposals: our own format (docs/prices.md), or LiteLLM's
 * `model_prices_and_context_window.json`, told apart by what is in it. Nothing is taken by half:
 * one problem refuses the file, and every problem is named with its place.
 */
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { parseUsd, ZERO_USD } from "../../../domain/money.ts";
import { parseLocalDate, timeZone } from "../../../domain/time.ts";
import { isExactPerToken } from "../rules/price-list.ts";
import type { PublishedRates, PublishedTier } from "../rules/prices/published.ts";
import type { PriceProposal } from "../rules/recorded-prices.ts";
import { isLitellmPrices, parseLitellmPrices } from "./litellm-prices.ts";

export type ParsedPriceFile =
  | {
      readonly kind: "prices";
      readonly format: "prices" | "litellm";
      readonly proposals: readonly PriceProposal[];
      /** What the file has and we can't use, in words: not an error. */
      readonly skipped: readonly string[];
    }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

/** The first day of prices whose file names none, `2026-12-01` in UTC. */
type Day = string;

const PROBLEMS_MAX = 10;
const MODELS_MAX = 1_000;
/** LiteLLM's file is about 2 MB. */
export const PRICE_FILE_BYTES_MAX = 16 * 1024 * 1024;

const dollarsPerMillion = z
  .string('expected dollars per million tokens in quotes, for example "6.25"')
  .refine((text) => {
    const amount = parseUsd(text);
    return amount !== undefined && amount > ZERO_USD && isExactPerToken(amount);
  }, 'expected positive dollars per million tokens with at most 4 places, for example "6.25"');

const perMillion = z.strictObject({
  uncached_input: dollarsPerMillion,
  cache_write_5m: dollarsPerMillion,
  cache_write_1h: dollarsPerMillion,
  cache_read: dollarsPerMillion,
  output: dollarsPerMillion,
});

const day = z
  .string()
  .refine(
    (text) => parseLocalDate(text, timeZone("UTC")) !== undefined,
    "expected a day such as 2026-12-01",
  );

const MODEL_NAME = /^[a-z0-9][a-z0-9.-]{0,99}$/;
const modelName = z
  .string()
  .regex(MODEL_NAME, "expected a model's name without its provider, such as claude-opus-6");

const price = z.strictObject({
  model: modelName,
  from: day.optional(),
  aliases: z.array(modelName).max(20).default([]),
  residency_premium: z.enum(["none", "cloud-regions", "everywhere"]).default("everywhere"),
  per_million: perMillion,
  above_prompt_tokens: z
    .array(z.strictObject({ more_than: z.number().int().positive(), per_million: perMillion }))
    .max(5)
    .default([]),
  fast: z
    .union([
      z.literal("billed-as-standard"),
      z.strictObject({ per_million: perMillion, until: day.optional() }),
    ])
    .optional(),
  source: z.string().min(1).max(500).optional(),
});

const priceFile = z.strictObject({
  source: z.string().min(1).max(500),
  prices: z.array(price).min(1).max(MODELS_MAX),
});

/** Reads a file; `from` counts where it names no first day. */
export function parsePriceFile(text: string, from: Day): ParsedPriceFile {
  const value = read(text);
  if (value === undefined) return { kind: "invalid", problems: ["expected a YAML or JSON file"] };
  if (isLitellmPrices(value)) {
    return { kind: "prices", format: "litellm", ...parseLitellmPrices(value, from) };
  }
  const parsed = priceFile.safeParse(value);
  if (!parsed.success) {
    return {
      kind: "invalid",
      problems: parsed.error.issues
        .slice(0, PROBLEMS_MAX)
        .map(({ path, message }) => `${path.join(".") || "the file"}: ${message}`),
    };
  }
  const { prices, source } = parsed.data;
  const proposals = prices.map((row) =>
    proposalFrom(row, { from: row.from ?? from, source: row.source ?? source }),
  );
  return { kind: "prices", format: "prices", proposals, skipped: [] };
}

function read(text: string): object | undefined {
  try {
    const value: unknown = parseYaml(text, { maxAliasCount: 0 });
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function proposalFrom(
  row: z.infer<typeof price>,
  { from, source }: { readonly from: Day; readonly source: string },
): PriceProposal {
  const tiers: readonly [PublishedTier, ...PublishedTier[]] = [
    { abovePromptTokens: 0, rates: row.per_million },
    ...row.above_prompt_tokens.map((tier) => ({
      abovePromptTokens: tier.more_than,
      rates: tier.per_million,
    })),
  ];
  return {
    modelId: row.model,
    aliases: row.aliases,
    residencyPremium: row.residency_premium,
    from,
    terms: { tiers, ...(row.fast === undefined ? {} : { fast: fastFrom(row.fast) }) },
    source,
  };
}

type Fast = Exclude<z.infer<typeof price>["fast"], undefined>;

function fastFrom(fast: Fast): NonNullable<PriceProposal["terms"]["fast"]> {
  if (fast === "billed-as-standard") return { kind: "billed-as-standard" };
  const rates: PublishedRates = fast.per_million;
  return { kind: "rates", rates, ...(fast.until === undefined ? {} : { until: fast.until }) };
}
