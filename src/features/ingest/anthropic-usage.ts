/**
 * The shape of Anthropic's `usage` object, wherever it is quoted
 * (platform.claude.com/docs/en/api/messages). What it means, `usage-from-anthropic.ts` knows.
 */
import { z } from "zod";
import { count, optionalCount, requiredId, text } from "./event-fields.ts";
import { ITERATIONS_MAX } from "./field-limits.ts";

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
export type AnthropicQuantities = z.infer<z.ZodObject<typeof quantities>>;
