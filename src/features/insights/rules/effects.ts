/**
 * Why spend changed, split so that the parts add up to the change exactly: how much was used, of
 * which models and how much of it answers, how much came from the cache, and what it cost. Pure.
 *
 * One factor after the other is moved from before to now; a part is what the total moves by. All in
 * whole numbers, each step rounded once, so that nothing is lost between them.
 */
import { sumUsd, type Usd, usd } from "../../../domain/money.ts";

/** What one model was used for in one span. Corrections may make any of it negative. */
export interface ModelUsage {
  readonly modelId: string;
  readonly cost: Usd;
  readonly uncachedInputTokens: bigint;
  readonly cacheCreation5mInputTokens: bigint;
  readonly cacheCreation1hInputTokens: bigint;
  readonly cacheReadInputTokens: bigint;
  readonly outputTokens: bigint;
}

export const EFFECTS = ["volume", "mix", "cache", "price"] as const;
export type Effect = (typeof EFFECTS)[number];

/** In dollars; their sum is the change. */
export type Effects = Readonly<Record<Effect, Usd>>;

/**
 * What tokens cost beside uncached input, in hundredths: the same for every model as published. It
 * only weighs them; what a model really costs is in its price.
 */
const WEIGHTS = { uncached: 100n, write5m: 125n, write1h: 200n, read: 10n, output: 500n };

/**
 * - volume: as many tokens as now, at what a token cost on average before.
 * - mix: other models, and another share of answers.
 * - cache: another share of the input from the cache, at each model's former price.
 * - price: all that a model's weighed token costs more: prices, discounts, tiers, web searches.
 *
 * A model that was not used before has no former price: it is mix. Where nothing was used before,
 * or nothing is now, all of it is volume.
 */
export function effectsOf(before: readonly ModelUsage[], now: readonly ModelUsage[]): Effects {
  const costBefore = sumUsd(before.map(({ cost }) => cost));
  const costNow = sumUsd(now.map(({ cost }) => cost));
  const tokensBefore = total(before);
  const tokensNow = total(now);
  if (tokensBefore <= 0n || tokensNow <= 0n || costBefore <= 0n) {
    return { volume: usd(costNow - costBefore), mix: usd(0n), cache: usd(0n), price: usd(0n) };
  }
  const former = new Map(before.map((usage) => [usage.modelId, usage]));
  const afterVolume = divide(costBefore * tokensNow, tokensBefore);
  let afterMix = 0n;
  let afterCache = 0n;
  for (const usage of now) {
    const was = former.get(usage.modelId);
    const priced = was !== undefined && was.cost > 0n && units(was) > 0n && inputOf(was) > 0n;
    if (!priced) {
      afterMix += usage.cost;
      afterCache += usage.cost;
      continue;
    }
    // Input as it would weigh with the former share of the cache, as a fraction over `inputOf(was)`.
    const inputThen = inputOf(usage) * inputUnits(was);
    const outputThen = usage.outputTokens * WEIGHTS.output * inputOf(was);
    afterMix += divide(was.cost * (inputThen + outputThen), units(was) * inputOf(was));
    afterCache += divide(was.cost * units(usage), units(was));
  }
  return {
    volume: usd(afterVolume - costBefore),
    mix: usd(afterMix - afterVolume),
    cache: usd(afterCache - afterMix),
    price: usd(costNow - afterCache),
  };
}

function inputOf(usage: ModelUsage): bigint {
  return (
    usage.uncachedInputTokens +
    usage.cacheCreation5mInputTokens +
    usage.cacheCreation1hInputTokens +
    usage.cacheReadInputTokens
  );
}

function inputUnits(usage: ModelUsage): bigint {
  return (
    usage.uncachedInputTokens * WEIGHTS.uncached +
    usage.cacheCreation5mInputTokens * WEIGHTS.write5m +
    usage.cacheCreation1hInputTokens * WEIGHTS.write1h +
    usage.cacheReadInputTokens * WEIGHTS.read
  );
}

function units(usage: ModelUsage): bigint {
  return inputUnits(usage) + usage.outputTokens * WEIGHTS.output;
}

function total(usages: readonly ModelUsage[]): bigint {
  return usages.reduce((sum, usage) => sum + inputOf(usage) + usage.outputTokens, 0n);
}

/** Rounded towards zero: what is lost appears in the next part. */
function divide(numerator: bigint, denominator: bigint): bigint {
  return numerator / denominator;
}
