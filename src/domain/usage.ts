/**
 * Usage: what one call of Claude consumed, in Anthropic's words.
 *
 * Terms
 * - uncached input: tokens of the prompt that were neither read from nor written to the cache.
 *   Anthropic calls them `input_tokens`; other vendors' "input" includes the cached ones.
 * - cache creation 5m/1h: tokens written to the cache, priced by how long they are kept.
 * - output: everything the model produced, thinking included.
 */
import type { Email } from "./email.ts";
import type { Usd } from "./money.ts";
import type { Instant } from "./time.ts";

/** The billable quantities. Whole, never negative. */
export interface UsageQuantities {
  readonly uncachedInputTokens: number;
  readonly cacheCreation5mInputTokens: number;
  readonly cacheCreation1hInputTokens: number;
  readonly cacheReadInputTokens: number;
  readonly outputTokens: number;
}

/** One run of a model inside a request: a compaction, an adviser, a fallback, or the message. */
export interface UsageIteration extends UsageQuantities {
  readonly type: string;
  /** Undefined: the model of the request. */
  readonly model: string | undefined;
}

export interface Usage extends UsageQuantities {
  readonly webSearchRequests: number;
  /** `standard`, `priority`, `batch`, or what Anthropic adds next. */
  readonly serviceTier: string | undefined;
  /** Where inference ran: `us` costs more from the 4.6 models on. */
  readonly inferenceGeo: string | undefined;
  readonly speed: string | undefined;
  /** When not empty, these are what is billed and the quantities above are their summary. */
  readonly iterations: readonly UsageIteration[];
  /** These are sums over many requests: how large a prompt was can't be told from them. */
  readonly isSummed?: true;
}

export type CostBasis = "computed" | "reported";

/** Immutable fact that something was used; unique by source and event id, for ever. */
export interface UsageEvent {
  readonly source: string;
  readonly eventId: string;
  /** When it was used, by the source's clock. Decides price, period and owner. */
  readonly occurredAt: Instant;
  readonly provider: string;
  /** As the source wrote it; pricing normalises it. */
  readonly model: string;
  readonly usage: Usage;
  readonly requestId: string | undefined;
  readonly messageId: string | undefined;
  readonly userEmail: Email | undefined;
  /** What the event itself says; counts only when its source is trusted for it. */
  readonly claimedTeam: string | undefined;
  readonly claimedProject: string | undefined;
  readonly workspaceId: string | undefined;
  readonly apiKeyId: string | undefined;
  readonly sessionId: string | undefined;
  readonly operationId: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly promptHash: string | undefined;
  /** What the source says it cost. Kept for comparison; counts only when `costBasis` says so. */
  readonly reportedCost: Usd | undefined;
  /**
   * Where the cost comes from: computed from the quantities and the price list, or reported by a
   * source that knows more than its quantities tell (no split of cache writes by lifetime).
   */
  readonly costBasis: CostBasis;
  /** The stream was cut off: the output is a floor, not what was really produced. */
  readonly isIncomplete: boolean;
  /** The id of an event of the same source that this one replaces. */
  readonly corrects?: string;
  /** The id of an event of the same source that this one cancels; then it has no usage itself. */
  readonly voids?: string;
}

/** Why an event that is stored has no charges of its own. */
export type NotCountedBecause =
  /** Another source was designated for its workspace or key. */
  | "metered_elsewhere"
  /** A correction or void of it had come before it. */
  | "corrected";

export const TOKEN_TYPES = [
  "uncached_input",
  "cache_write_5m",
  "cache_write_1h",
  "cache_read",
  "output",
] as const;
export type TokenType = (typeof TOKEN_TYPES)[number];
