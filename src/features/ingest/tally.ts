/** Priced events → the rows that hold their money: charges, and increments of the rollups. Pure. */
import { usd, ZERO_USD } from "../../domain/money.ts";
import { type Instant, instant } from "../../domain/time.ts";
import type { TokenType, UsageEvent, UsageQuantities } from "../../domain/usage.ts";
import type { ChargeLine, PricedUsage } from "../pricing/index.ts";
import { bucketStartMs } from "./rules.ts";
import type { NewCharge } from "./store/charges.ts";
import type { SpendIncrement } from "./store/spend-rollups.ts";
import type { NewUsageEvent } from "./store/usage-events.ts";

export interface ChargedEvent {
  readonly event: UsageEvent;
  readonly row: NewUsageEvent;
  readonly usage: PricedUsage;
  /** The spend dimension of this event's owner and that model. */
  readonly dimensionIdOf: (modelId: string) => number;
}

export function newCharges(events: readonly ChargedEvent[]): NewCharge[] {
  const rows: NewCharge[] = [];
  for (const { event, row, usage, dimensionIdOf } of events) {
    let chargeNumber = 0;
    for (const charge of chargesOf(usage)) {
      rows.push({
        usageEventId: row.usageEventId,
        chargeNumber,
        chargePeriodStart: event.occurredAt,
        spendDimensionId: dimensionIdOf(charge.modelId),
        skuId: charge.skuId,
        priceId: charge.priceId,
        pricingBasis: charge.pricingBasis,
        consumedQuantity: charge.consumedQuantity,
        consumedUnit: charge.consumedUnit,
        listUnitPrice: charge.listUnitPrice,
        listCost: charge.listCost,
        billedCost: charge.billedCost,
      });
      chargeNumber += 1;
    }
  }
  return rows;
}

/**
 * The first charge stands for the request where requests are counted by charges: under its own
 * model. So there is one for a request that used nothing, or that only other models ran, too.
 */
function chargesOf({ modelId, charges }: PricedUsage): readonly ChargeLine[] {
  if (charges.length === 0) return [nothingUsed(modelId)];
  if (charges.every((charge) => charge.modelId === modelId)) return charges;
  const own = charges.filter((charge) => charge.modelId === modelId);
  const others = charges.filter((charge) => charge.modelId !== modelId);
  return [...(own.length === 0 ? [nothingUsed(modelId)] : own), ...others];
}

function nothingUsed(modelId: string): ChargeLine {
  return {
    modelId,
    skuId: `${modelId}/request`,
    tokenType: "request",
    priceId: "none",
    pricingBasis: "list",
    consumedQuantity: 1,
    consumedUnit: "requests",
    listUnitPrice: ZERO_USD,
    listCost: ZERO_USD,
    billedCost: ZERO_USD,
  };
}

const QUANTITY_OF: Readonly<Record<TokenType, keyof UsageQuantities>> = {
  uncached_input: "uncachedInputTokens",
  cache_write_5m: "cacheCreation5mInputTokens",
  cache_write_1h: "cacheCreation1hInputTokens",
  cache_read: "cacheReadInputTokens",
  output: "outputTokens",
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One increment for each rollup row that the events touch. A request counts under its own model. */
export function spendIncrements(events: readonly ChargedEvent[]): SpendIncrement[] {
  const rows: Mutable<SpendIncrement>[] = [];
  const byDimension = new Map<number, Map<number, Mutable<SpendIncrement>>>();
  const rowOf = (event: ChargedEvent, modelId: string): Mutable<SpendIncrement> => {
    const spendDimensionId = event.dimensionIdOf(modelId);
    let byStart = byDimension.get(spendDimensionId);
    if (byStart === undefined) {
      byStart = new Map();
      byDimension.set(spendDimensionId, byStart);
    }
    const startMs = bucketStartMs(event.event.occurredAt);
    const known = byStart.get(startMs);
    if (known !== undefined) return known;
    const fresh = nothingSpent(spendDimensionId, instant(startMs));
    byStart.set(startMs, fresh);
    rows.push(fresh);
    return fresh;
  };
  for (const event of events) addEvent(event, rowOf);
  return rows;
}

/** The same for each event by itself: with its position among the events. */
export function spendIncrementsOfEach(
  events: readonly ChargedEvent[],
): { readonly position: number; readonly increment: SpendIncrement }[] {
  return events.flatMap((event, position) => {
    const start = instant(bucketStartMs(event.event.occurredAt));
    const rows: Mutable<SpendIncrement>[] = [];
    addEvent(event, (_, modelId) => {
      const spendDimensionId = event.dimensionIdOf(modelId);
      const known = rows.find((row) => row.spendDimensionId === spendDimensionId);
      if (known !== undefined) return known;
      const fresh = nothingSpent(spendDimensionId, start);
      rows.push(fresh);
      return fresh;
    });
    return rows.map((increment) => ({ position, increment }));
  });
}

function addEvent(
  event: ChargedEvent,
  rowOf: (event: ChargedEvent, modelId: string) => Mutable<SpendIncrement>,
): void {
  const { modelId, charges } = event.usage;
  const own = rowOf(event, modelId);
  own.requestCount += 1;
  for (const charge of charges) {
    const row = charge.modelId === modelId ? own : rowOf(event, charge.modelId);
    if (charge.tokenType === "web_search") row.webSearchRequests += charge.consumedQuantity;
    else if (charge.tokenType !== "request")
      row[QUANTITY_OF[charge.tokenType]] += charge.consumedQuantity;
    row.listCost = usd(row.listCost + charge.listCost);
    row.billedCost = usd(row.billedCost + charge.billedCost);
  }
}

function nothingSpent(spendDimensionId: number, start: Instant): Mutable<SpendIncrement> {
  return {
    spendDimensionId,
    bucketStart: start,
    requestCount: 0,
    uncachedInputTokens: 0,
    cacheCreation5mInputTokens: 0,
    cacheCreation1hInputTokens: 0,
    cacheReadInputTokens: 0,
    outputTokens: 0,
    webSearchRequests: 0,
    listCost: ZERO_USD,
    billedCost: ZERO_USD,
  };
}
