/** A request of the ledger as a usage event, for prices that are computed twice. */

import type { PriceableUsage } from "../../src/features/pricing/index.ts";
import type { LedgerRequest } from "../../src/sandbox/anthropic/ledger.ts";

export function anEvent(request: LedgerRequest): PriceableUsage {
  const { tokens } = request;
  return {
    occurredAt: request.occurredAt,
    provider: "anthropic",
    model: request.model,
    workspaceId: request.workspaceId,
    reportedCost: undefined,
    costBasis: "computed",
    usage: {
      uncachedInputTokens: tokens.uncached_input_tokens,
      cacheCreation5mInputTokens: tokens["cache_creation.ephemeral_5m_input_tokens"],
      cacheCreation1hInputTokens: tokens["cache_creation.ephemeral_1h_input_tokens"],
      cacheReadInputTokens: tokens.cache_read_input_tokens,
      outputTokens: tokens.output_tokens,
      webSearchRequests: request.webSearches,
      serviceTier: request.serviceTier,
      inferenceGeo: request.inferenceGeo ?? undefined,
      speed: request.speed,
      iterations: [],
    },
  };
}
