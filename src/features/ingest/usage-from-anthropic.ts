/**
 * What Anthropic's `usage` object means in our words. `input_tokens` is uncached input only. Takes
 * what has the shape already, and so loads without the shape.
 */
import type { Usage, UsageIteration, UsageQuantities } from "../../domain/usage.ts";
import type { AnthropicQuantities, AnthropicUsage } from "./anthropic-usage.ts";

export function usageFromAnthropic(usage: AnthropicUsage): Usage {
  const of = quantitiesFromAnthropic(usage);
  return {
    uncachedInputTokens: of.uncachedInputTokens,
    cacheCreation5mInputTokens: of.cacheCreation5mInputTokens,
    cacheCreation1hInputTokens: of.cacheCreation1hInputTokens,
    cacheReadInputTokens: of.cacheReadInputTokens,
    outputTokens: of.outputTokens,
    webSearchRequests: usage.server_tool_use?.web_search_requests ?? 0,
    serviceTier: usage.service_tier ?? undefined,
    inferenceGeo: usage.inference_geo ?? undefined,
    speed: usage.speed ?? undefined,
    iterations: (usage.iterations ?? []).map(
      (iteration): UsageIteration => ({
        ...quantitiesFromAnthropic(iteration),
        type: iteration.type,
        model: iteration.model ?? undefined,
      }),
    ),
  };
}

/**
 * Cache writes that nobody split by lifetime are five-minute writes, Anthropic's default; so is a
 * rest that the split leaves over.
 */
function quantitiesFromAnthropic(anthropic: AnthropicQuantities): UsageQuantities {
  const split5m = anthropic.cache_creation?.ephemeral_5m_input_tokens ?? 0;
  const split1h = anthropic.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const total = Math.max(anthropic.cache_creation_input_tokens ?? 0, split5m + split1h);
  return {
    uncachedInputTokens: anthropic.input_tokens,
    cacheCreation5mInputTokens: total - split1h,
    cacheCreation1hInputTokens: split1h,
    cacheReadInputTokens: anthropic.cache_read_input_tokens ?? 0,
    outputTokens: anthropic.output_tokens,
  };
}
