/** Charges that were taken back → what that changes in the rollups, and which budgets look. Pure. */
import { usd, ZERO_USD } from "../../domain/money.ts";
import type { TokenType, UsageQuantities } from "../../domain/usage.ts";
import { bucketStart } from "./rules.ts";
import { CHARGES_OF_GENERATION, type ReversedCharge } from "./store/charges.ts";
import type { SpendIncrement } from "./store/spend-rollups.ts";

/** What taking back is on the second place of a SKU id; see pricing. */
const QUANTITY_OF: Readonly<Record<TokenType, keyof UsageQuantities>> = {
  uncached_input: "uncachedInputTokens",
  cache_write_5m: "cacheCreation5mInputTokens",
  cache_write_1h: "cacheCreation1hInputTokens",
  cache_read: "cacheReadInputTokens",
  output: "outputTokens",
};
const QUANTITIES = new Map<string, keyof UsageQuantities>(Object.entries(QUANTITY_OF));

/** The negative of what the charges once added, an increment for each of them. */
export function reversalIncrements(reversed: readonly ReversedCharge[]): SpendIncrement[] {
  return reversed.map((charge) => {
    const quantity = QUANTITIES.get(charge.skuId.split("/")[1] ?? "");
    return {
      spendDimensionId: charge.spendDimensionId,
      bucketStart: bucketStart(charge.chargePeriodStart),
      requestCount: isFirstOfGeneration(-1 - charge.chargeNumber) ? -1 : 0,
      ...NO_TOKENS,
      ...(quantity === undefined ? {} : { [quantity]: charge.consumedQuantity }),
      webSearchRequests: charge.skuId === "web_search" ? charge.consumedQuantity : 0,
      listCost: charge.listCost,
      billedCost: charge.billedCost,
    };
  });
}

/** That one stands for the request; so says `request_count_of` in SQL, too. */
function isFirstOfGeneration(chargeNumber: number): boolean {
  return chargeNumber % CHARGES_OF_GENERATION === 0;
}

const NO_TOKENS: UsageQuantities = {
  uncachedInputTokens: 0,
  cacheCreation5mInputTokens: 0,
  cacheCreation1hInputTokens: 0,
  cacheReadInputTokens: 0,
  outputTokens: 0,
};

/** One increment for each row of the rollups; what comes to nothing is left out. */
export function mergeIncrements(increments: readonly SpendIncrement[]): SpendIncrement[] {
  const merged = new Map<string, SpendIncrement>();
  for (const increment of increments) {
    const key = `${String(increment.spendDimensionId)}@${String(increment.bucketStart.getTime())}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? increment : sum(known, increment));
  }
  return [...merged.values()].filter((increment) => !isNothing(increment));
}

function sum(left: SpendIncrement, right: SpendIncrement): SpendIncrement {
  return {
    spendDimensionId: left.spendDimensionId,
    bucketStart: left.bucketStart,
    requestCount: left.requestCount + right.requestCount,
    uncachedInputTokens: left.uncachedInputTokens + right.uncachedInputTokens,
    cacheCreation5mInputTokens: left.cacheCreation5mInputTokens + right.cacheCreation5mInputTokens,
    cacheCreation1hInputTokens: left.cacheCreation1hInputTokens + right.cacheCreation1hInputTokens,
    cacheReadInputTokens: left.cacheReadInputTokens + right.cacheReadInputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    webSearchRequests: left.webSearchRequests + right.webSearchRequests,
    listCost: usd(left.listCost + right.listCost),
    billedCost: usd(left.billedCost + right.billedCost),
  };
}

function isNothing(increment: SpendIncrement): boolean {
  const { spendDimensionId: _id, bucketStart: _start, listCost, billedCost, ...counts } = increment;
  return (
    listCost === ZERO_USD &&
    billedCost === ZERO_USD &&
    Object.values(counts).every((count) => count === 0)
  );
}

/** One note for what a budget could tell apart, dated as the charges were. */
export function reversalChecks(reversed: readonly ReversedCharge[]): {
  readonly spendDimensionId: number;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly occurredAt: ReversedCharge["chargePeriodStart"];
}[] {
  const checks = new Map<string, ReturnType<typeof reversalChecks>[number]>();
  for (const { spendDimensionId, tags, chargePeriodStart } of reversed) {
    const day = chargePeriodStart.toISOString().slice(0, 10);
    const key = JSON.stringify([spendDimensionId, day, tags]);
    if (!checks.has(key))
      checks.set(key, { spendDimensionId, tags, occurredAt: chargePeriodStart });
  }
  return [...checks.values()];
}
