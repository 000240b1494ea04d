/**
 * LiteLLM's `model_prices_and_context_window.json` → proposals for the models that Anthropic serves
 * itself. Its prices are floats of dollars for one token; their shortest decimal is what was meant.
 * It knows no days, no fast mode and no residency, so it can only say what the base prices are.
 */
import { z } from "zod";
import { parseUsd, type Usd, usd, usdToDecimal, ZERO_USD } from "../../../domain/money.ts";
import { normaliseModelId } from "../rules/model-id.ts";
import { findModel, isExactPerToken, PUBLISHED_PRICES } from "../rules/price-list.ts";
import type { PublishedRates, PublishedTier } from "../rules/prices/published.ts";
import type { PriceProposal } from "../rules/recorded-prices.ts";

const TIER_PROMPT_TOKENS = 200_000;
const SOURCE = "LiteLLM model_prices_and_context_window.json";

/** Snapshots of a model have one price, and its name without the date finds it. */
const SNAPSHOT_DATE = /-\d{8}$/;

const cost = z.number().nullish();
const entry = z.looseObject({
  litellm_provider: z.string(),
  mode: z.string().nullish(),
  input_cost_per_token: cost,
  cache_creation_input_token_cost: cost,
  cache_creation_input_token_cost_above_1hr: cost,
  cache_read_input_token_cost: cost,
  output_cost_per_token: cost,
  input_cost_per_token_above_200k_tokens: cost,
  cache_creation_input_token_cost_above_200k_tokens: cost,
  cache_creation_input_token_cost_above_1hr_above_200k_tokens: cost,
  cache_read_input_token_cost_above_200k_tokens: cost,
  output_cost_per_token_above_200k_tokens: cost,
});
type Entry = z.infer<typeof entry>;

/** Whether a file is LiteLLM's: one object of models, each with its provider. */
export function isLitellmPrices(value: object): boolean {
  return Object.values(value).some(
    (one) => typeof one === "object" && one !== null && "litellm_provider" in one,
  );
}

/**
 * One proposal for each model of the provider `anthropic`; snapshots of a model with the same prices
 * are one. What has no complete set of prices is skipped by name: we never invent one.
 */
export function parseLitellmPrices(
  value: object,
  from: string,
): { readonly proposals: readonly PriceProposal[]; readonly skipped: readonly string[] } {
  const proposals = new Map<string, PriceProposal>();
  const skipped: string[] = [];
  for (const [name, raw] of Object.entries(value)) {
    const parsed = entry.safeParse(raw);
    if (!parsed.success || parsed.data.litellm_provider !== "anthropic") continue;
    if ((parsed.data.mode ?? "chat") !== "chat") continue;
    const { modelId: spelledId, isFast } = normaliseModelId(name);
    const modelId = spelledId.replace(SNAPSHOT_DATE, "");
    // A spelling of fast mode has prices that are no base price.
    if (isFast) continue;
    const tiers = tiersFrom(parsed.data);
    const known = proposals.get(modelId);
    if (typeof tiers === "string") {
      skipped.push(`${name}: ${tiers}`);
    } else if (known === undefined) {
      proposals.set(modelId, proposalOf(modelId, tiers, from));
    } else if (JSON.stringify(known.terms.tiers) !== JSON.stringify(tiers)) {
      skipped.push(`${name}: another snapshot of ${modelId} has other prices`);
    }
  }
  return { proposals: [...proposals.values()], skipped };
}

/** Keeps what LiteLLM doesn't know as the published list has it. */
function proposalOf(
  modelId: string,
  tiers: readonly [PublishedTier, ...PublishedTier[]],
  from: string,
): PriceProposal {
  const model = findModel(PUBLISHED_PRICES, modelId);
  return {
    modelId,
    aliases: [],
    residencyPremium: model?.residencyPremium ?? "everywhere",
    from,
    terms: { tiers },
    isFastUnchanged: true,
    source: SOURCE,
  };
}

/** The tiers, or in words what is missing. */
function tiersFrom(row: Entry): readonly [PublishedTier, ...PublishedTier[]] | string {
  const base = ratesFrom({
    uncached_input: row.input_cost_per_token,
    cache_write_5m: row.cache_creation_input_token_cost,
    cache_write_1h: row.cache_creation_input_token_cost_above_1hr,
    cache_read: row.cache_read_input_token_cost,
    output: row.output_cost_per_token,
  });
  if (typeof base === "string") return base;
  const first: PublishedTier = { abovePromptTokens: 0, rates: base };
  if (typeof row.input_cost_per_token_above_200k_tokens !== "number") return [first];
  const write5m = row.cache_creation_input_token_cost_above_200k_tokens;
  const above = ratesFrom({
    uncached_input: row.input_cost_per_token_above_200k_tokens,
    cache_write_5m: write5m,
    cache_write_1h: row.cache_creation_input_token_cost_above_1hr_above_200k_tokens,
    cache_read: row.cache_read_input_token_cost_above_200k_tokens,
    output: row.output_cost_per_token_above_200k_tokens,
  });
  if (typeof above === "string") return `${above} for prompts over ${String(TIER_PROMPT_TOKENS)}`;
  return [first, { abovePromptTokens: TIER_PROMPT_TOKENS, rates: above }];
}

function ratesFrom(
  costs: Readonly<Record<keyof PublishedRates, number | null | undefined>>,
): PublishedRates | string {
  const texts = Object.entries(costs).map(([key, value]) => [key, perMillionText(value)] as const);
  const missing = texts.filter(([, text]) => text === undefined).map(([key]) => key);
  if (missing.length > 0) return `no exact price for ${missing.join(", ")}`;
  const of = (key: keyof PublishedRates): string => perMillionText(costs[key]) ?? "";
  return {
    uncached_input: of("uncached_input"),
    cache_write_5m: of("cache_write_5m"),
    cache_write_1h: of("cache_write_1h"),
    cache_read: of("cache_read"),
    output: of("output"),
  };
}

/** 0.00000625 → "6.25"; undefined unless positive and exact. */
function perMillionText(perToken: number | null | undefined): string | undefined {
  if (typeof perToken !== "number" || !Number.isFinite(perToken)) return undefined;
  const amount = parseUsd(decimalOf(perToken));
  if (amount === undefined || amount <= ZERO_USD) return undefined;
  const perMillion: Usd = usd(amount * 1_000_000n);
  return isExactPerToken(perMillion) ? usdToDecimal(perMillion).replace(/\.?0+$/, "") : undefined;
}

/** The shortest decimal of a float without an exponent: 6.25e-6 → "0.00000625". */
function decimalOf(value: number): string {
  const [mantissa = "", exponent] = String(value).split("e");
  if (exponent === undefined) return mantissa;
  const [whole = "", fraction = ""] = mantissa.split(".");
  const shift = Number(exponent);
  if (shift >= 0) return String(value);
  return `0.${"0".repeat(-shift - whole.length)}${whole}${fraction}`;
}
