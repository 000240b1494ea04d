/**
 * What a call logged by LiteLLM used. LiteLLM counts the OpenAI way, prompt tokens with the cached
 * ones among them, and keeps Anthropic's split beside it in a place that changed over its versions.
 */
import { z } from "zod";
import type { Usage } from "../../../domain/usage.ts";
import { type AnthropicUsage } from "../anthropic-usage.ts";
import { looseCount, text } from "../event-fields.ts";
import { usageFromAnthropic } from "../usage-from-anthropic.ts";

const optional = looseCount.nullish();
const writesByLifetime = z
  .object({ ephemeral_5m_input_tokens: optional, ephemeral_1h_input_tokens: optional })
  .nullish();
const word = text(64).nullish().catch(undefined);

/** `usage` of a response, or `usage_object`, LiteLLM's copy of it. */
export const litellmUsage = z.object({
  prompt_tokens: optional,
  completion_tokens: optional,
  // Answers of /v1/messages pass through in Anthropic's own words; there input is uncached input.
  input_tokens: optional,
  output_tokens: optional,
  cache_read_input_tokens: optional,
  cache_creation_input_tokens: optional,
  cache_creation: writesByLifetime,
  prompt_tokens_details: z
    .object({
      cached_tokens: optional,
      cache_creation_tokens: optional,
      cache_creation_token_details: writesByLifetime,
      web_search_requests: optional,
    })
    .nullish(),
  server_tool_use: z.object({ web_search_requests: optional }).nullish(),
  service_tier: word,
  inference_geo: word,
  speed: word,
});
type LitellmUsage = z.infer<typeof litellmUsage>;

/** The totals that every log entry has at its top; they know nothing of caching. */
export const litellmTotals = { prompt_tokens: optional, completion_tokens: optional };
type LitellmTotals = z.infer<z.ZodObject<typeof litellmTotals>>;

export interface MeasuredUsage {
  readonly usage: Usage;
  /**
   * `split`: cached tokens are told from uncached ones, so a price can be computed. `totals`: they
   * are not. `nothing`: every count is zero.
   */
  readonly kind: "split" | "totals" | "nothing";
}

/** Reads the first of `usages` that tells of caching, else the first with counts, else the totals. */
export function measureUsage(
  usages: readonly (LitellmUsage | undefined)[],
  totals: LitellmTotals,
): MeasuredUsage | undefined {
  const counted = usages
    .filter((usage) => usage !== undefined)
    .filter((usage) => isGiven(usage.prompt_tokens) || isGiven(usage.input_tokens));
  const told = counted.find(tellsOfCaching) ?? counted[0];
  if (told !== undefined) return measured(anthropicFromLitellm(told), "split");
  if (!isGiven(totals.prompt_tokens) && !isGiven(totals.completion_tokens)) return undefined;
  return measured(
    { input_tokens: totals.prompt_tokens ?? 0, output_tokens: totals.completion_tokens ?? 0 },
    "totals",
  );
}

function measured(anthropic: AnthropicUsage, kind: "split" | "totals"): MeasuredUsage {
  const usage = usageFromAnthropic(anthropic);
  const counts = Object.values(usage).filter((value) => typeof value === "number");
  return { usage, kind: counts.every((value) => value === 0) ? "nothing" : kind };
}

/** For a call of which only the cost is known. */
export const NOTHING_COUNTED: Usage = usageFromAnthropic({ input_tokens: 0, output_tokens: 0 });

function isGiven(tokens: number | null | undefined): boolean {
  return tokens !== undefined && tokens !== null;
}

function tellsOfCaching(usage: LitellmUsage): boolean {
  return (
    isGiven(usage.cache_read_input_tokens) ||
    isGiven(usage.cache_creation_input_tokens) ||
    isGiven(usage.prompt_tokens_details?.cached_tokens)
  );
}

function anthropicFromLitellm(usage: LitellmUsage): AnthropicUsage {
  const details = usage.prompt_tokens_details;
  // Both spellings of one number; where they differ, one is the zero of a field nobody filled.
  const read = Math.max(usage.cache_read_input_tokens ?? 0, details?.cached_tokens ?? 0);
  const split = usage.cache_creation ?? details?.cache_creation_token_details;
  const written = Math.max(
    usage.cache_creation_input_tokens ?? 0,
    details?.cache_creation_tokens ?? 0,
    (split?.ephemeral_5m_input_tokens ?? 0) + (split?.ephemeral_1h_input_tokens ?? 0),
  );
  const { prompt_tokens: prompt } = usage;
  const isInAnthropicsWords = prompt === undefined || prompt === null;
  return {
    input_tokens: isInAnthropicsWords
      ? (usage.input_tokens ?? 0)
      : Math.max(0, prompt - read - written),
    output_tokens: usage.completion_tokens ?? usage.output_tokens ?? 0,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
    cache_creation: split,
    server_tool_use: {
      web_search_requests:
        usage.server_tool_use?.web_search_requests ?? details?.web_search_requests,
    },
    service_tier: usage.service_tier,
    inference_geo: usage.inference_geo,
    speed: usage.speed,
  };
}
