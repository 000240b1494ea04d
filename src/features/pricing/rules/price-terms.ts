/**
 * The terms of one model run: which unit prices count and what multiplies them. Everything that
 * makes the same tokens of the same model cost something else is decided here.
 */
import { type Fraction, multiplyFractions } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { NormalisedModel } from "./model-id.ts";
import {
  modelOrUnknown,
  type Price,
  type PriceList,
  priceAt,
  type TokenPrices,
  tierFor,
} from "./price-list.ts";
import type { ResidencyPremium } from "./prices/published.ts";

/** How a model was called. */
export interface ModelCall {
  readonly model: NormalisedModel;
  readonly occurredAt: Instant;
  readonly provider: string;
  /** Uncached, cache-written and cache-read tokens together; undefined: nobody knows. */
  readonly promptTokens: number | undefined;
  readonly serviceTier: string | undefined;
  readonly inferenceGeo: string | undefined;
  readonly speed: string | undefined;
}

export interface PriceTerms {
  readonly priceId: string;
  readonly unitPrices: TokenPrices;
  readonly multiplier: Fraction;
  /** What distinguishes the SKU from the plain one of the model, in a fixed order. */
  readonly skuQualifiers: readonly string[];
  /** Whether something had to be assumed: the model, its price at the time, or its fast mode. */
  readonly isEstimated: boolean;
}

const BATCH: Fraction = { numerator: 1n, denominator: 2n };
const RESIDENCY: Fraction = { numerator: 11n, denominator: 10n };

/** What counts as no particular place; `not_available` is what Anthropic reports for old models. */
const ANYWHERE = [undefined, "", "global", "not_available"];

/** The terms for this call by the list of its time; an unknown model has terms too. */
export function priceTerms(prices: PriceList, call: ModelCall): PriceTerms {
  const model = modelOrUnknown(prices, call.model.modelId);
  const { price, isAssumed } = priceAt(model, call.occurredAt);
  const rates = ratesFor(price, call);
  // Fast mode does not exist for batches, so a fast batch is a contradiction: no reduction.
  const isBatch = !rates.isFast && (call.model.isBatch || call.serviceTier === "batch");
  const isResident = paysForResidency(model.residencyPremium, call);
  return {
    priceId: price.priceId,
    unitPrices: rates.unitPrices,
    multiplier: multiplyFractions([
      ...(isBatch ? [BATCH] : []),
      ...(isResident ? [RESIDENCY] : []),
    ]),
    skuQualifiers: [
      ...rates.skuQualifiers,
      ...(isBatch ? ["batch"] : []),
      ...(isResident ? ["regional"] : []),
    ],
    isEstimated: !call.model.isKnown || isAssumed || rates.isAssumed,
  };
}

interface Rates {
  readonly unitPrices: TokenPrices;
  readonly skuQualifiers: readonly string[];
  readonly isFast: boolean;
  readonly isAssumed: boolean;
}

function ratesFor(price: Price, call: ModelCall): Rates {
  const { fast } = price;
  const isFast = call.model.isFast || call.speed === "fast";
  if (isFast && fast?.kind === "rates" && isBefore(call.occurredAt, fast.validUntil)) {
    const { unitPrices } = fast;
    return { unitPrices, skuQualifiers: ["fast"], isFast: true, isAssumed: false };
  }
  const { abovePromptTokens, unitPrices } = tierFor(price, call.promptTokens ?? 0);
  return {
    unitPrices,
    skuQualifiers: abovePromptTokens === 0 ? [] : [`prompt-over-${String(abovePromptTokens)}`],
    isFast: false,
    // Where there is no fast mode, Anthropic refuses it; usage that claims it is a riddle.
    // So is the size of a prompt that nobody knows, where the price depends on it.
    isAssumed:
      (isFast && fast?.kind !== "billed-as-standard") ||
      (call.promptTokens === undefined && price.tiers.length > 1),
  };
}

function isBefore(at: Instant, end: Instant | undefined): boolean {
  return end === undefined || at < end;
}

/**
 * Bedrock writes the region into the model's name, and a name without one has the list price.
 * Vertex has it in the endpoint, so only the event can tell. Elsewhere only `us` costs extra. A
 * call runs on one of them, so the premium is never paid twice.
 */
function paysForResidency(premium: ResidencyPremium, call: ModelCall): boolean {
  const cloud = cloudOf(call);
  if (cloud === undefined) return premium === "everywhere" && call.inferenceGeo === "us";
  const place = cloud === "bedrock" ? call.model.regionPrefix : call.inferenceGeo;
  return premium !== "none" && !ANYWHERE.includes(place);
}

/** The name's spelling decides; the provider where the spelling is everybody's. */
function cloudOf({ model, provider }: ModelCall): NormalisedModel["cloud"] {
  if (model.cloud !== undefined) return model.cloud;
  if (/bedrock/i.test(provider)) return "bedrock";
  return /vertex|google|gcp/i.test(provider) ? "vertex" : undefined;
}
