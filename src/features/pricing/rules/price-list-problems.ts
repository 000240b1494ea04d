/**
 * What can be wrong with a price list and still load. A test runs this over the published list, and
 * prices that an operator brings are checked by it, so that a slip of the pen is found before
 * anybody is billed for it.
 */
import type { Price, PricedModel, TokenPrices } from "./price-list.ts";

/** Every problem, in words, with the price it concerns. Empty for a sound list. */
export function findPriceListProblems(models: readonly PricedModel[]): readonly string[] {
  return [
    ...findUnsoundPrices(models),
    ...findImplausiblePrices(models.flatMap((model) => model.prices)),
  ];
}

/** What makes a list ambiguous: nobody could say which price counts. */
export function findUnsoundPrices(models: readonly PricedModel[]): readonly string[] {
  const prices = models.flatMap((model) => model.prices);
  return [
    ...repeated(models.flatMap(({ names }) => names)).map((name) => `${name}: names two models`),
    ...repeated(prices.map(({ priceId }) => priceId)).map((id) => `${id}: id used twice`),
    ...models.flatMap(validityProblems),
    ...prices.flatMap(tierProblems),
  ];
}

/** What no vendor ever charged: hardly meant, though it could be counted with. */
export function findImplausiblePrices(prices: readonly Price[]): readonly string[] {
  return prices.flatMap(rateProblems);
}

function repeated(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}

/** Each price begins when the one before ends, and the last one has no end. */
function validityProblems(model: PricedModel): readonly string[] {
  const problems: string[] = [];
  for (const [index, price] of model.prices.entries()) {
    const { priceId, validFrom, validUntil } = price;
    const next = model.prices[index + 1];
    if (validFrom !== undefined && validUntil !== undefined && validFrom >= validUntil) {
      problems.push(`${priceId}: ends before it begins`);
    }
    if (next === undefined) {
      if (validUntil !== undefined) problems.push(`${priceId}: ends, and no price follows`);
    } else if (validUntil?.getTime() !== next.validFrom?.getTime() || validUntil === undefined) {
      problems.push(`${priceId}: overlaps ${next.priceId} or leaves a gap before it`);
    }
  }
  return model.prices.length === 0 ? [`${model.modelId}: has no price`] : problems;
}

function tierProblems({ priceId, tiers }: Price): readonly string[] {
  const starts = tiers.map(({ abovePromptTokens }) => abovePromptTokens);
  const isAscending = starts.every(
    (start, index) => index === 0 || start > (starts[index - 1] ?? 0),
  );
  return [
    ...(starts[0] === 0 ? [] : [`${priceId}: the first tier starts at 0`]),
    ...(isAscending ? [] : [`${priceId}: tiers ascend`]),
  ];
}

function rateProblems({ priceId, tiers, fast }: Price): readonly string[] {
  const standard = tiers.map(({ unitPrices }) => unitPrices);
  const faster = fast?.kind === "rates" ? [fast.unitPrices] : [];
  const isFastCheap = faster.some(({ output }) => standard.some((tier) => output <= tier.output));
  return [
    ...[...standard, ...faster].flatMap((unitPrices) => orderProblems(priceId, unitPrices)),
    ...(isFastCheap ? [`${priceId}: fast costs more than standard`] : []),
  ];
}

function orderProblems(priceId: string, unitPrices: TokenPrices): readonly string[] {
  const { uncached_input, cache_write_5m, cache_write_1h, cache_read, output } = unitPrices;
  const checks: readonly (readonly [isSound: boolean, rule: string])[] = [
    [Object.values(unitPrices).every((price) => price > 0n), "every price is positive"],
    [cache_read <= uncached_input, "a cache read costs at most the input"],
    [cache_write_5m >= uncached_input, "a 5m cache write costs at least the input"],
    [cache_write_1h >= cache_write_5m, "a 1h cache write costs at least a 5m one"],
    [output >= uncached_input, "output costs at least the input"],
  ];
  return checks.filter(([isSound]) => !isSound).map(([, rule]) => `${priceId}: ${rule}`);
}
