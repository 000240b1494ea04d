/**
 * Anthropic's `usage` object, wherever it is quoted: its shape and what it means in our words
 * (platform.claude.com/docs/en/api/messages). `input_tokens` is uncached input only.
 */
import { z } from "zod";
import type { Usage, UsageIteration, UsageQuantities } from "../../domain/usage.ts";
import { count, optionalCount, requiredId, text } from "./event-fields.ts";

const ITERATIONS_MAX = 1_000;

const quantities = {
  input_tokens: count,
  output_tokens: count,
  cache_creation_input_tokens: optionalCount,
  cache_read_input_tokens: optionalCount,
  cache_creation: z
    .object({
      ephemeral_5m_input_tokens: optionalCount,
      ephemeral_1h_input_tokens: optionalCount,
    })
    .nullish(),
};

export const anthropicUsage = z.object({
  ...quantities,
  server_tool_use: z.object({ web_search_requests: optionalCount }).nullish(),
  service_tier: text(64).nullish(),
  inference_geo: text(64).nullish(),
  speed: text(64).nullish(),
  iterations: z
    .array(z.object({ ...quantities, type: text(64), model: requiredId.nullish() }))
    .max(ITERATIONS_MAX)
    .nullish(),
});
export type AnthropicUsage = z.infer<typeof anthropicUsage>;

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

type AnthropicQuantities = z.infer<z.ZodObject<typeof quantities>>;

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
