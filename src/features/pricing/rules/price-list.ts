/**
 * The price list: prices converted exactly to pico-dollars a token and looked up by model and
 * instant. `PUBLISHED_PRICES` comes with the program; `recorded-prices.ts` adds what an operator
 * recorded since. A name is looked up whole, never by its beginning:
 * `claude-sonnet-5` is the beginning of `claude-sonnet-5-5`, which costs something else.
 */
import { assert } from "../../../domain/assert.ts";
import { type Usd, usd, usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { TokenType } from "../../../domain/usage.ts";
import { FABLE_MODELS } from "./prices/fable.ts";
import { HAIKU_MODELS } from "./prices/haiku.ts";
import { OPUS_MODELS } from "./prices/opus.ts";
import {
  forAnyPrompt,
  type PublishedFastMode,
  type PublishedModel,
  type PublishedPrice,
  type PublishedRates,
  type ResidencyPremium,
} from "./prices/published.ts";
import { SONNET_MODELS } from "./prices/sonnet.ts";

/** Dollars for one token of each type. */
export type TokenPrices = Readonly<Record<TokenType, Usd>>;

export interface PriceTier {
  readonly abovePromptTokens: number;
  readonly unitPrices: TokenPrices;
}

type FastPrice =
  | {
      readonly kind: "rates";
      readonly unitPrices: TokenPrices;
      readonly validUntil: Instant | undefined;
    }
  | { readonly kind: "billed-as-standard" };

/** One row of the list: what a model costs from one instant to another. */
export interface Price {
  /** The model and the first day, for example `claude-opus-5-5@2026-09-22`. */
  readonly priceId: string;
  readonly modelId: string;
  readonly validFrom: Instant | undefined;
  readonly validUntil: Instant | undefined;
  /** Ascending, the first at 0. */
  readonly tiers: readonly PriceTier[];
  readonly fast: FastPrice | undefined;
  readonly source: string;
}

export interface PricedModel {
  readonly modelId: string;
  /** The id and every alias. */
  readonly names: readonly string[];
  readonly residencyPremium: ResidencyPremium;
  /** In order of time. */
  readonly prices: readonly Price[];
}

/** $10 for a thousand searches, for every model. Batch, region and speed don't change it. */
export const WEB_SEARCH_PRICE: { readonly priceId: string; readonly unitPrice: Usd } = {
  priceId: "web_search@first",
  unitPrice: usdFromDecimal("0.01"),
};

const TOKENS_PER_PUBLISHED_PRICE = 1_000_000n;
/** Batch (½) and residency (11/10) together: a unit price divisible by it stays whole. */
const MULTIPLIER_DENOMINATOR = 20n;

/** Models with their prices, and each of them under every name that it has. */
export interface PriceList {
  readonly models: readonly PricedModel[];
  readonly byName: ReadonlyMap<string, PricedModel>;
}

export function priceListOf(models: readonly PricedModel[]): PriceList {
  return {
    models,
    byName: new Map(models.flatMap((model) => model.names.map((name) => [name, model]))),
  };
}

export const PRICED_MODELS: readonly PricedModel[] = [
  ...FABLE_MODELS,
  ...OPUS_MODELS,
  ...SONNET_MODELS,
  ...HAIKU_MODELS,
].map(modelFromPublished);

/** What comes with the program. */
export const PUBLISHED_PRICES: PriceList = priceListOf(PRICED_MODELS);

/**
 * What a model costs that the list does not know: Anthropic's own gateway assumes the same. Taken
 * to be new rather than old, so it pays for data residency.
 */
const UNKNOWN_MODEL: PricedModel = modelFromPublished({
  modelId: "unknown-model",
  residencyPremium: "everywhere",
  prices: [
    {
      tiers: forAnyPrompt({
        uncached_input: "5",
        cache_write_5m: "6.25",
        cache_write_1h: "10",
        cache_read: "0.50",
        output: "25",
      }),
      source: "assumption of Anthropic's Claude apps gateway for models it does not know",
    },
  ],
});

/** The model of exactly this name, or of this name without its snapshot date. */
export function findModel({ byName }: PriceList, name: string): PricedModel | undefined {
  return byName.get(name) ?? byName.get(name.replace(/-\d{8}$/, ""));
}

/** Like `findModel`; an unknown model has the price of `UNKNOWN_MODEL`, so nothing is ever free. */
export function modelOrUnknown(list: PriceList, modelId: string): PricedModel {
  return findModel(list, modelId) ?? UNKNOWN_MODEL;
}

/** Every price of the list, in order of model and time. */
export function listPrices(list: PriceList = PUBLISHED_PRICES): readonly Price[] {
  return list.models.flatMap((model) => model.prices);
}

/**
 * The price of `model` at `at`. Before the first known price (an early access, a clock that is
 * behind) the first one counts, and the answer says that it is an assumption.
 */
export function priceAt(
  model: PricedModel,
  at: Instant,
): { readonly price: Price; readonly isAssumed: boolean } {
  const current = model.prices.find(
    ({ validFrom, validUntil }) =>
      (validFrom === undefined || validFrom <= at) && (validUntil === undefined || at < validUntil),
  );
  const price = current ?? model.prices[0];
  assert(price !== undefined, `${model.modelId} has a price`);
  return { price, isAssumed: current === undefined };
}

/** The tier for a prompt of this size; it prices all tokens of the request, output included. */
export function tierFor(price: Price, promptTokens: number): PriceTier {
  const tier = price.tiers.findLast(
    ({ abovePromptTokens }) => abovePromptTokens === 0 || promptTokens > abovePromptTokens,
  );
  assert(tier !== undefined, `${price.priceId} has a tier for every prompt`);
  return tier;
}

function modelFromPublished(model: PublishedModel): PricedModel {
  return {
    modelId: model.modelId,
    names: [model.modelId, ...(model.aliases ?? [])],
    residencyPremium: model.residencyPremium,
    prices: model.prices.map((price) => priceFromPublished(model.modelId, price)),
  };
}

/** Converts one row as it was published. The amounts were checked: what would not stay exact asserts. */
export function priceFromPublished(modelId: string, price: PublishedPrice): Price {
  return {
    priceId: `${modelId}@${price.from ?? "first"}`,
    modelId,
    validFrom: utcDay(price.from),
    validUntil: utcDay(price.until),
    tiers: price.tiers.map(({ abovePromptTokens, rates }) => ({
      abovePromptTokens,
      unitPrices: unitPricesFromPublished(rates),
    })),
    fast: price.fast === undefined ? undefined : fastPriceFromPublished(price.fast),
    source: price.source,
  };
}

function fastPriceFromPublished(fast: PublishedFastMode): FastPrice {
  if (fast.kind === "billed-as-standard") return fast;
  return {
    kind: "rates",
    unitPrices: unitPricesFromPublished(fast.rates),
    validUntil: utcDay(fast.until),
  };
}

/** The inverse, for a fast mode that a new price takes over. */
export function publishedFast(fast: FastPrice): PublishedFastMode {
  if (fast.kind === "billed-as-standard") return fast;
  const perMillion = (unitPrice: Usd): string =>
    usdToDecimal(usd(unitPrice * TOKENS_PER_PUBLISHED_PRICE));
  const { uncached_input, cache_write_5m, cache_write_1h, cache_read, output } = fast.unitPrices;
  return {
    kind: "rates",
    rates: {
      uncached_input: perMillion(uncached_input),
      cache_write_5m: perMillion(cache_write_5m),
      cache_write_1h: perMillion(cache_write_1h),
      cache_read: perMillion(cache_read),
      output: perMillion(output),
    },
    ...(fast.validUntil === undefined ? {} : { until: fast.validUntil.toISOString().slice(0, 10) }),
  };
}

function unitPricesFromPublished(rates: PublishedRates): TokenPrices {
  return {
    uncached_input: unitPriceFromPublished(rates.uncached_input),
    cache_write_5m: unitPriceFromPublished(rates.cache_write_5m),
    cache_write_1h: unitPriceFromPublished(rates.cache_write_1h),
    cache_read: unitPriceFromPublished(rates.cache_read),
    output: unitPriceFromPublished(rates.output),
  };
}

/** Whether a price for a million tokens is exact for one token, also with every multiplier. */
export function isExactPerToken(usdPerMillion: Usd): boolean {
  return usdPerMillion % (TOKENS_PER_PUBLISHED_PRICE * MULTIPLIER_DENOMINATOR) === 0n;
}

/** "6.25" a million tokens → pico-dollars a token. Refuses to load what would not stay exact. */
function unitPriceFromPublished(usdPerMillion: string): Usd {
  const perMillion = usdFromDecimal(usdPerMillion);
  assert(
    isExactPerToken(perMillion),
    `$${usdPerMillion} a million tokens is a whole number of pico-dollars a token, also multiplied`,
  );
  return usd(perMillion / TOKENS_PER_PUBLISHED_PRICE);
}

function utcDay(day: string | undefined): Instant | undefined {
  return day === undefined ? undefined : instant(`${day}T00:00:00Z`);
}
