/** Usage events and discounts for pricing's tests; a test names only what it is about. */
import { assert } from "../../src/domain/assert.ts";
import { type Instant, instant } from "../../src/domain/time.ts";
import type { Usage, UsageIteration, UsageQuantities } from "../../src/domain/usage.ts";
import {
  type Discount,
  type PriceableUsage,
  parseDiscountPercent,
} from "../../src/features/pricing/index.ts";

export const NO_TOKENS: UsageQuantities = {
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
