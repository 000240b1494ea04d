/**
 * Prices that an operator recorded, on top of the published ones. Nothing is edited: a price ends
 * where the next one of its model begins, and of two with the same first day the one recorded later
 * counts. So the order of recording and the days decide alone, whatever the program shipped with.
 */
import { type Instant, instant } from "../../../domain/time.ts";
import {
  type Price,
  type PricedModel,
  type PriceList,
  priceFromPublished,
  priceListOf,
} from "./price-list.ts";
import type { PublishedPrice, ResidencyPremium } from "./prices/published.ts";

/** One price as somebody wants it: for which model, from which day, under which terms. */
export interface PriceProposal {
  readonly modelId: string;
  readonly aliases: readonly string[];
  readonly residencyPremium: ResidencyPremium;
  /** First day in UTC, `2026-12-01`; undefined: since ever. */
  readonly from: string | undefined;
  readonly terms: PriceTermsAsPublished;
  /** The file says nothing of fast mode: it stays as it is. */
  readonly isFastUnchanged?: boolean;
  readonly source: string;
}

export type PriceTermsAsPublished = Pick<PublishedPrice, "tiers" | "fast">;

/** A proposal that was recorded. Later ones have higher numbers. */
export interface RecordedPrice extends PriceProposal {
  readonly priceId: string;
}

/** The published prices and, in the order of recording, what was recorded since. */
export function withRecordedPrices(
  published: PriceList,
  recorded: readonly RecordedPrice[],
): PriceList {
  if (recorded.length === 0) return published;
  const models = new Map(published.models.map((model) => [model.modelId, model]));
  for (const row of recorded) models.set(row.modelId, withPrice(models.get(row.modelId), row));
  return priceListOf([...models.values()]);
}

/** The id of a price that starts on that day, free in `taken`. */
export function newPriceId(
  { modelId, from }: Pick<PriceProposal, "modelId" | "from">,
  taken: ReadonlySet<string>,
): string {
  const plain = `${modelId}@${from ?? "first"}`;
  let priceId = plain;
  for (let word = 2; taken.has(priceId); word += 1) priceId = `${plain}#${String(word)}`;
  return priceId;
}

function withPrice(model: PricedModel | undefined, row: RecordedPrice): PricedModel {
  const added: Price = {
    ...priceFromPublished(row.modelId, {
      ...(row.from === undefined ? {} : { from: row.from }),
      tiers: row.terms.tiers,
      ...(row.terms.fast === undefined ? {} : { fast: row.terms.fast }),
      source: row.source,
    }),
    priceId: row.priceId,
  };
  const others = (model?.prices ?? []).filter(
    ({ validFrom }) => validFrom?.getTime() !== added.validFrom?.getTime(),
  );
  return {
    modelId: row.modelId,
    names: [...new Set([row.modelId, ...(model?.names ?? []), ...row.aliases])],
    residencyPremium: row.residencyPremium,
    prices: endToEnd([...others, added]),
  };
}

/** In order of time, each until the next one begins. The last has no end. */
function endToEnd(prices: readonly Price[]): readonly Price[] {
  const sorted = prices.toSorted((left, right) => start(left) - start(right));
  return sorted.map((price, index) => ({ ...price, validUntil: sorted[index + 1]?.validFrom }));
}

function start({ validFrom }: Pick<Price, "validFrom">): number {
  return validFrom?.getTime() ?? Number.NEGATIVE_INFINITY;
}

/** The first instant of a proposal's validity. */
export function startOf({ from }: Pick<PriceProposal, "from">): Instant | undefined {
  return from === undefined ? undefined : instant(`${from}T00:00:00Z`);
}
