/** Usage events, discounts and short questions for pricing's tests; a test names only its subject. */
import { assert } from "../../src/domain/assert.ts";
import { sumUsd, usdToDecimal } from "../../src/domain/money.ts";
import { type Instant, instant } from "../../src/domain/time.ts";
import type { Usage, UsageIteration, UsageQuantities } from "../../src/domain/usage.ts";
import {
  type ChargeLine,
  type Discount,
  type PriceableUsage,
  parseDiscountPercent,
  priceUsage,
} from "../../src/features/pricing/index.ts";

const NO_TOKENS: UsageQuantities = {
  uncachedInputTokens: 0,
  cacheCreation5mInputTokens: 0,
  cacheCreation1hInputTokens: 0,
  cacheReadInputTokens: 0,
  outputTokens: 0,
};

export function aUsage(usage: Partial<Usage> = {}): Usage {
  return {
    ...NO_TOKENS,
    webSearchRequests: 0,
    serviceTier: "standard",
    inferenceGeo: "global",
    speed: "standard",
    iterations: [],
    ...usage,
  };
}

export function anIteration(iteration: Partial<UsageIteration>): UsageIteration {
  return { ...NO_TOKENS, type: "message", model: undefined, ...iteration };
}

export function aPriceable(
  model: string,
  usage: Partial<Usage> = {},
  event: { readonly at?: string; readonly provider?: string; readonly workspaceId?: string } = {},
): PriceableUsage {
  return {
    occurredAt: instant(event.at ?? "2026-11-23T10:00:00Z"),
    provider: event.provider ?? "anthropic",
    model,
    usage: aUsage(usage),
    workspaceId: event.workspaceId,
    reportedCost: undefined,
    costBasis: "computed",
  };
}

export function aDiscount(
  percent: string,
  discount: Partial<Omit<Discount, "share">> = {},
): Discount {
  const share = parseDiscountPercent(percent);
  assert(share !== undefined, `${percent} is a percentage`);
  return {
    modelPattern: undefined,
    workspaceId: undefined,
    validFrom: undefined,
    validUntil: undefined,
    share,
    ...discount,
  };
}

export function day(text: string): Instant {
  return instant(`${text}T00:00:00Z`);
}

/** What the event costs by the list, in decimal dollars. */
export function listCostOf(event: PriceableUsage): string {
  const { charges } = priceUsage({ event, discounts: [] });
  return usdToDecimal(sumUsd(charges.map((line) => line.listCost)));
}

/** The charge of an event that has exactly one. */
export function onlyLineOf(event: PriceableUsage): ChargeLine {
  const [line, ...others] = priceUsage({ event, discounts: [] }).charges;
  assert(line !== undefined && others.length === 0, "the event has one charge");
  return line;
}

/** A short chat with a warm cache, the vendor's own example. */
export const CHAT: Partial<Usage> = {
  uncachedInputTokens: 1_000,
  cacheCreation5mInputTokens: 2_000,
  cacheReadInputTokens: 50_000,
  outputTokens: 800,
};
