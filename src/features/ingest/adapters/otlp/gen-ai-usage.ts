/**
 * The figures of a GenAI span. By the conventions its input includes what was read from and written
 * to the cache, so uncached input is what is left of it. Each figure has several names: the current
 * one, earlier ones, and those of vendors.
 */
import { z } from "zod";
import type { CostBasis, Usage, UsageEvent, UsageIteration } from "../../../../domain/usage.ts";
import { describeIssues, looseCount } from "../../event-fields.ts";
import { shortName } from "./attribution.ts";
import { parseDollars } from "./dollars.ts";
import type { Attributes } from "./records.ts";

const COUNTS = {
  input: ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"],
  output: ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"],
  cacheRead: [
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",
  ],
  cacheWrite: [
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
  ],
  cacheWrite5m: ["anthropic.usage.cache_creation.ephemeral_5m_input_tokens"],
  cacheWrite1h: ["anthropic.usage.cache_creation.ephemeral_1h_input_tokens"],
  compactionInput: ["anthropic.usage.compaction.input_tokens"],
  compactionOutput: ["anthropic.usage.compaction.output_tokens"],
} as const;
const COST_NAMES = ["gen_ai.usage.total_cost", "gen_ai.usage.cost"] as const;

const spanCounts = z.object(
  Object.fromEntries(
    Object.values(COUNTS).flatMap((names) => names.map((name) => [name, looseCount.optional()])),
  ),
);
type Counts = Readonly<Record<keyof typeof COUNTS, number | undefined>>;

type GenAiUsage =
  | {
      readonly kind: "usage";
      readonly usage: Usage;
      readonly reportedCost: UsageEvent["reportedCost"];
      readonly costBasis: CostBasis;
      readonly isIncomplete: boolean;
    }
  | { readonly kind: "invalid"; readonly message: string };

/** What a span says was used and what it cost; undefined: nothing. */
export function genAiUsage(attributes: Attributes): GenAiUsage | undefined {
  const parsed = spanCounts.safeParse(attributes);
  if (!parsed.success) return { kind: "invalid", message: describeIssues(parsed.error) };
  const count = (names: readonly string[]): number | undefined => {
    const name = names.find((each) => parsed.data[each] !== undefined);
    return name === undefined ? undefined : parsed.data[name];
  };
  const counts: Counts = {
    input: count(COUNTS.input),
    output: count(COUNTS.output),
    cacheRead: count(COUNTS.cacheRead),
    cacheWrite: count(COUNTS.cacheWrite),
    cacheWrite5m: count(COUNTS.cacheWrite5m),
    cacheWrite1h: count(COUNTS.cacheWrite1h),
    compactionInput: count(COUNTS.compactionInput),
    compactionOutput: count(COUNTS.compactionOutput),
  };
  const costName = COST_NAMES.find((name) => attributes[name] !== undefined) ?? COST_NAMES[0];
  const reportedCost = parseDollars(attributes[costName], costName);
  if (typeof reportedCost === "string") return { kind: "invalid", message: reportedCost };

  const usage = usageOf(counts, attributes);
  if (isNothing(usage) && (reportedCost ?? 0n) === 0n) return undefined;
  return {
    kind: "usage",
    usage,
    reportedCost,
    costBasis: costBasisOf(counts, reportedCost),
    // The Anthropic SDK leaves the output of a stream out that ended before it was counted.
    isIncomplete: counts.input !== undefined && counts.output === undefined,
  };
}

/**
 * Without the split by cache, a vendor's own cost is nearer to the truth than a price per token. A
 * cost of 0 for tokens is that of a gateway where the caller pays Anthropic itself.
 */
function costBasisOf(counts: Counts, reportedCost: UsageEvent["reportedCost"]): CostBasis {
  if (reportedCost === undefined || reportedCost === 0n) return "computed";
  const split = [counts.input, counts.output, counts.cacheRead, counts.cacheWrite];
  return split.includes(undefined) ? "reported" : "computed";
}

function usageOf(counts: Counts, attributes: Attributes): Usage {
  const cacheRead = counts.cacheRead ?? 0;
  const written1h = counts.cacheWrite1h ?? 0;
  const written = Math.max(counts.cacheWrite ?? 0, (counts.cacheWrite5m ?? 0) + written1h);
  const quantities = {
    uncachedInputTokens: Math.max(0, (counts.input ?? 0) - cacheRead - written),
    // Writes that nobody split by lifetime are five-minute writes, Anthropic's default.
    cacheCreation5mInputTokens: written - written1h,
    cacheCreation1hInputTokens: written1h,
    cacheReadInputTokens: cacheRead,
    outputTokens: counts.output ?? 0,
  };
  return {
    ...quantities,
    webSearchRequests: 0,
    serviceTier: shortName(attributes, ["anthropic.response.service_tier"]),
    inferenceGeo: undefined,
    speed: undefined,
    iterations: withCompaction({ ...quantities, type: "message", model: undefined }, counts),
  };
}

/** What compactions used is not in the figures of the message; both are billed. */
function withCompaction(message: UsageIteration, counts: Counts): readonly UsageIteration[] {
  const { compactionInput = 0, compactionOutput = 0 } = counts;
  if (compactionInput === 0 && compactionOutput === 0) return [];
  const compaction: UsageIteration = {
    type: "compaction",
    model: undefined,
    uncachedInputTokens: compactionInput,
    cacheCreation5mInputTokens: 0,
    cacheCreation1hInputTokens: 0,
    cacheReadInputTokens: 0,
    outputTokens: compactionOutput,
  };
  return [message, compaction];
}

function isNothing(usage: Usage): boolean {
  const tokens =
    usage.uncachedInputTokens +
    usage.cacheCreation5mInputTokens +
    usage.cacheCreation1hInputTokens +
    usage.cacheReadInputTokens +
    usage.outputTokens;
  return tokens === 0 && usage.iterations.length === 0;
}
