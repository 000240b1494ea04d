/**
 * What proposed prices would change, and whether they may: what can't be read as a list is refused
 * for good; what is merely implausible (a 1-hour write below a 5-minute one, a price that jumps more
 * than five times) is refused until somebody confirms that it was meant.
 */
import type { Usd } from "../../../domain/money.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import { TOKEN_TYPES, type TokenType } from "../../../domain/usage.ts";
import {
  findModel,
  type Price,
  type PriceList,
  priceAt,
  publishedFast,
  type TokenPrices,
} from "./price-list.ts";
import { findImplausiblePrices, findUnsoundPrices } from "./price-list-problems.ts";
import {
  newPriceId,
  type PriceProposal,
  type RecordedPrice,
  startOf,
  withRecordedPrices,
} from "./recorded-prices.ts";

/** A price that is this many times another was hardly meant. */
const JUMP_MAX = 5n;

export interface PriceChange {
  readonly kind: "new-model" | "new-price" | "replaced";
  readonly price: RecordedPrice;
  /** For prompts of any size, by token type; `before` is what would count without the change. */
  readonly rates: readonly {
    readonly tokenType: TokenType;
    readonly before: Usd | undefined;
    readonly after: Usd;
  }[];
}

export type PriceDecision =
  | { readonly kind: "nothing" }
  | {
      readonly kind: "change" | "implausible";
      readonly changes: readonly PriceChange[];
      /** In words, each with the price it concerns; empty for `change`. */
      readonly doubts: readonly string[];
    }
  | { readonly kind: "refused"; readonly problems: readonly string[] };

/** What is in force: the published prices and what was recorded, oldest first. */
export interface PricesInForce {
  readonly published: PriceList;
  readonly recorded: readonly RecordedPrice[];
}

/** Decides about all proposals together. A proposal that changes nothing is no change. */
export function decidePrices(
  { published, recorded }: PricesInForce,
  proposals: readonly PriceProposal[],
): PriceDecision {
  const current = withRecordedPrices(published, recorded);
  const repeated = repeatedProposals(proposals);
  if (repeated.length > 0) return { kind: "refused", problems: repeated };

  const taken = new Set([
    ...current.models.flatMap(({ prices }) => prices.map(({ priceId }) => priceId)),
    ...recorded.map(({ priceId }) => priceId),
    ...published.models.flatMap(({ prices }) => prices.map(({ priceId }) => priceId)),
  ]);
  const rows = proposals
    .map((proposal) => {
      const priceId = newPriceId(proposal, taken);
      taken.add(priceId);
      return recordedFrom(current, proposal, priceId);
    })
    .filter((row) => isChange(current, row));
  if (rows.length === 0) return { kind: "nothing" };

  const next = withRecordedPrices(published, [...recorded, ...rows]);
  const problems = findUnsoundPrices(next.models);
  if (problems.length > 0) return { kind: "refused", problems };
  const changes = rows.map((price) => changeOf(current, next, price));
  const isNew = new Set(rows.map(({ priceId }) => priceId));
  const doubts = [
    ...findImplausiblePrices(
      next.models.flatMap(({ prices }) => prices.filter(({ priceId }) => isNew.has(priceId))),
    ),
    ...changes.flatMap(jumps),
  ];
  return { kind: doubts.length === 0 ? "change" : "implausible", changes, doubts };
}

function repeatedProposals(proposals: readonly PriceProposal[]): readonly string[] {
  const seen = new Set<string>();
  return proposals.flatMap(({ modelId, from }) => {
    const key = `${modelId} from ${from ?? "the beginning"}`;
    if (seen.has(key)) return [`${key}: given twice`];
    seen.add(key);
    return [];
  });
}

/** What is recorded of a proposal: complete terms, whatever its file left as it was. */
function recordedFrom(
  current: PriceList,
  { isFastUnchanged, ...proposal }: PriceProposal,
  priceId: string,
): RecordedPrice {
  const fast = isFastUnchanged === true ? priceInForce(current, proposal)?.fast : undefined;
  if (fast === undefined) return { ...proposal, priceId };
  return { ...proposal, priceId, terms: { ...proposal.terms, fast: publishedFast(fast) } };
}

/** Whether any event could cost something else, or any new name is understood. */
function isChange(current: PriceList, row: RecordedPrice): boolean {
  const model = current.byName.get(row.modelId);
  if (model === undefined || model.residencyPremium !== row.residencyPremium) return true;
  if (row.aliases.some((alias) => !model.names.includes(alias))) return true;
  const before = priceInForce(current, row);
  if (before === undefined) return true;
  const after = priceInForce(withRecordedPrices(current, [row]), row);
  return after === undefined || termsText(before) !== termsText(after);
}

function termsText({ tiers, fast }: Price): string {
  return JSON.stringify([tiers, fast], (_, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

function changeOf(current: PriceList, next: PriceList, price: RecordedPrice): PriceChange {
  const before = priceInForce(current, price);
  const after = priceInForce(next, price);
  return {
    kind: kindOf(current, price, before),
    price,
    rates: TOKEN_TYPES.flatMap((tokenType) => {
      const rate = baseRates(after)?.[tokenType];
      return rate === undefined
        ? []
        : [{ tokenType, before: baseRates(before)?.[tokenType], after: rate }];
    }),
  };
}

function kindOf(
  current: PriceList,
  price: RecordedPrice,
  before: Price | undefined,
): PriceChange["kind"] {
  if (findModel(current, price.modelId) === undefined) return "new-model";
  return before?.validFrom?.getTime() === startOf(price)?.getTime() ? "replaced" : "new-price";
}

/** What counts for the model at the first instant of `row`; for "since ever", at its first price. */
function priceInForce(list: PriceList, row: PriceProposal): Price | undefined {
  const model = list.byName.get(row.modelId);
  return model === undefined ? undefined : priceAt(model, startOf(row) ?? BEGINNING).price;
}

/** Before any Claude model. */
const BEGINNING: Instant = instant("2020-01-01T00:00:00Z");

function baseRates(price: Price | undefined): TokenPrices | undefined {
  return price?.tiers[0]?.unitPrices;
}

function jumps({ price, rates }: PriceChange): readonly string[] {
  return rates.flatMap(({ tokenType, before, after }) =>
    before === undefined || (after <= before * JUMP_MAX && before <= after * JUMP_MAX)
      ? []
      : [`${price.priceId}: ${tokenType} changes more than ${String(JUMP_MAX)} times`],
  );
}
