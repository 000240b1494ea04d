/**
 * What one usage event costs: one charge for each run of a model and each SKU it used.
 *
 * The unit price of a charge already holds every published multiplier and is a whole number of
 * pico-dollars, so list cost = unit price × quantity exactly. Only a discount can make rounding
 * necessary, and it happens once, at the end.
 */
import { allocate, multiplyUsd, type Usd, usd } from "../../../domain/money.ts";
import {
  TOKEN_TYPES,
  type TokenType,
  type UsageEvent,
  type UsageQuantities,
} from "../../../domain/usage.ts";
import { type Discount, findDiscount } from "./discounts.ts";
import { type NormalisedModel, normaliseModelId } from "./model-id.ts";
import { type PriceList, PUBLISHED_PRICES, WEB_SEARCH_PRICE } from "./price-list.ts";
import { priceTerms } from "./price-terms.ts";

type PricingBasis = "list" | "contracted" | "estimated" | "reported";

export interface ChargeLine {
  readonly modelId: string;
  /** What has a price: model, token type, and what of size, speed, batch and region changes it. */
  readonly skuId: string;
  /** `request`: a reported cost without any quantity that it could be split by. */
  readonly tokenType: TokenType | "web_search" | "request";
  /** The row of the price list. */
  readonly priceId: string;
  readonly pricingBasis: PricingBasis;
  readonly consumedQuantity: number;
  readonly consumedUnit: "tokens" | "requests";
  /** For one token or request, with the published multipliers and without discounts. */
  readonly listUnitPrice: Usd;
  readonly listCost: Usd;
  readonly billedCost: Usd;
}

/** What pricing needs to know of a usage event. */
export type PriceableUsage = Pick<
  UsageEvent,
  "occurredAt" | "provider" | "model" | "usage" | "workspaceId" | "reportedCost" | "costBasis"
>;

export interface PricedUsage {
  /** Of the model that was asked for; a charge names the one that ran. */
  readonly modelId: string;
  /** Whether the price list has every model involved. If not, an admin should hear of it. */
  readonly isKnownModel: boolean;
  readonly charges: readonly ChargeLine[];
}

interface ModelRun {
  readonly model: NormalisedModel;
  readonly quantities: UsageQuantities;
}

/** Prices an event by the list of its time. Whatever was used costs something, known or not. */
export function priceUsage({
  event,
  discounts,
  prices = PUBLISHED_PRICES,
}: {
  readonly event: PriceableUsage;
  /** The first that matches a charge counts. */
  readonly discounts: readonly Discount[];
  /** Default: those that come with the program. */
  readonly prices?: PriceList;
}): PricedUsage {
  const requested = normaliseModelId(event.model, prices);
  const runs = modelRuns(event, requested, prices);
  const lines: ChargeLine[] = [];
  for (const run of runs) addTokenLines(lines, event, run, prices);
  addWebSearchLine(lines, event, requested);
  const listed = withReportedCost(lines, event, requested);
  return {
    modelId: requested.modelId,
    isKnownModel: requested.isKnown && runs.every(({ model }) => model.isKnown),
    charges:
      discounts.length === 0
        ? listed
        : listed.map((line) => withDiscount(line, event, { discounts, prices })),
  };
}

/**
 * The runs that are billed. With iterations the event's own quantities are a summary, and not even
 * a complete one: compactions are missing from it.
 */
function modelRuns(
  event: PriceableUsage,
  requested: NormalisedModel,
  prices: PriceList,
): readonly ModelRun[] {
  const { iterations } = event.usage;
  if (iterations.length === 0) return [{ model: requested, quantities: event.usage }];
  return iterations.map((iteration) => ({
    model:
      iteration.model === undefined
        ? requested
        : calledWithin(requested, normaliseModelId(iteration.model, prices)),
    quantities: iteration,
  }));
}

/** A model that serves a request runs where and how the request runs, unless its name differs. */
function calledWithin(requested: NormalisedModel, model: NormalisedModel): NormalisedModel {
  return {
    ...model,
    regionPrefix: model.regionPrefix ?? requested.regionPrefix,
    cloud: model.cloud ?? requested.cloud,
    isBatch: model.isBatch || requested.isBatch,
    isFast: model.isFast || requested.isFast,
  };
}

/** One line for each type of token that the run used, not yet discounted. */
function addTokenLines(
  lines: ChargeLine[],
  event: PriceableUsage,
  { model, quantities }: ModelRun,
  prices: PriceList,
): void {
  const tokens = tokensByType(quantities);
  const terms = priceTerms(prices, {
    model,
    occurredAt: event.occurredAt,
    provider: event.provider,
    promptTokens:
      event.usage.isSummed === true
        ? undefined
        : tokens.uncached_input + tokens.cache_write_5m + tokens.cache_write_1h + tokens.cache_read,
    serviceTier: event.usage.serviceTier,
    inferenceGeo: event.usage.inferenceGeo,
    speed: event.usage.speed,
  });
  const qualifiers = terms.skuQualifiers.map((qualifier) => `/${qualifier}`).join("");
  for (const tokenType of TOKEN_TYPES) {
    const consumedQuantity = tokens[tokenType];
    if (consumedQuantity <= 0) continue;
    const listUnitPrice = multiplyUsd(terms.unitPrices[tokenType], terms.multiplier);
    const listCost = costOf(listUnitPrice, consumedQuantity);
    lines.push({
      modelId: model.modelId,
      skuId: `${model.modelId}/${tokenType}${qualifiers}`,
      tokenType,
      priceId: terms.priceId,
      pricingBasis: terms.isEstimated ? "estimated" : "list",
      consumedQuantity,
      consumedUnit: "tokens",
      listUnitPrice,
      listCost,
      billedCost: listCost,
    });
  }
}

function tokensByType(quantities: UsageQuantities): Readonly<Record<TokenType, number>> {
  return {
    uncached_input: quantities.uncachedInputTokens,
    cache_write_5m: quantities.cacheCreation5mInputTokens,
    cache_write_1h: quantities.cacheCreation1hInputTokens,
    cache_read: quantities.cacheReadInputTokens,
    output: quantities.outputTokens,
  };
}

/** Searches belong to the request, so they are on the model that was asked for. */
function addWebSearchLine(
  lines: ChargeLine[],
  { usage: { webSearchRequests } }: PriceableUsage,
  { modelId }: NormalisedModel,
): void {
  if (webSearchRequests <= 0) return;
  const listCost = costOf(WEB_SEARCH_PRICE.unitPrice, webSearchRequests);
  lines.push({
    modelId,
    skuId: "web_search",
    tokenType: "web_search",
    priceId: WEB_SEARCH_PRICE.priceId,
    pricingBasis: "list",
    consumedQuantity: webSearchRequests,
    consumedUnit: "requests",
    listUnitPrice: WEB_SEARCH_PRICE.unitPrice,
    listCost,
    billedCost: listCost,
  });
}

function costOf(unitPrice: Usd, quantity: number): Usd {
  return usd(unitPrice * BigInt(quantity));
}

/**
 * A cost that its source reports stands in for the computed list cost, split over the lines by what
 * they would have cost, so that it adds up to the last pico-dollar.
 */
function withReportedCost(
  lines: readonly ChargeLine[],
  { costBasis, reportedCost }: PriceableUsage,
  { modelId }: NormalisedModel,
): readonly ChargeLine[] {
  if (costBasis !== "reported" || reportedCost === undefined) return lines;
  if (lines.length === 0) {
    return [
      {
        modelId,
        skuId: `${modelId}/request`,
        tokenType: "request",
        priceId: "reported",
        pricingBasis: "reported",
        consumedQuantity: 1,
        consumedUnit: "requests",
        listUnitPrice: reportedCost,
        listCost: reportedCost,
        billedCost: reportedCost,
      },
    ];
  }
  const shares = allocate(
    reportedCost,
    lines.map((line) => ({ key: line, weight: line.listCost })),
  );
  return shares.map(({ key: line, amount }) => ({
    ...line,
    pricingBasis: "reported",
    listCost: amount,
    billedCost: amount,
  }));
}

function withDiscount(
  line: ChargeLine,
  { workspaceId, occurredAt }: PriceableUsage,
  { discounts, prices }: { readonly discounts: readonly Discount[]; readonly prices: PriceList },
): ChargeLine {
  const discount = findDiscount(
    discounts,
    { modelId: line.modelId, workspaceId, occurredAt },
    prices,
  );
  if (discount === undefined) return line;
  const { numerator, denominator } = discount.share;
  return {
    ...line,
    pricingBasis: line.pricingBasis === "list" ? "contracted" : line.pricingBasis,
    billedCost: multiplyUsd(line.listCost, { numerator: denominator - numerator, denominator }),
  };
}
