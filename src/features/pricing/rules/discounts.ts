/** Negotiated discounts: which one applies to a charge. Governance says what they are. */
import type { Fraction } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import { normaliseModelId } from "./model-id.ts";
import { type PriceList, PUBLISHED_PRICES } from "./price-list.ts";

export interface Discount {
  /** A model's name, or a pattern with `*`. Undefined: every model. */
  readonly modelPattern: string | undefined;
  /** Undefined: every Anthropic workspace, and usage that names none. */
  readonly workspaceId: string | undefined;
  /** What is taken off the list cost; made by `parseDiscountPercent`. */
  readonly share: Fraction;
  /** Inclusive; undefined: since ever. */
  readonly validFrom: Instant | undefined;
  /** Exclusive; undefined: for ever. */
  readonly validUntil: Instant | undefined;
}

const PERCENT_DIGITS_MAX = 4;
const SHARES_PER_PERCENT = 10n ** BigInt(PERCENT_DIGITS_MAX);
const SHARES_TOTAL = 100n * SHARES_PER_PERCENT;

/** "12.5" → 1/8; undefined unless more than 0, at most 100, and of at most four decimal places. */
export function parseDiscountPercent(text: string): Fraction | undefined {
  const match = /^(\d{1,3})(?:\.(\d{1,4}))?$/.exec(text);
  if (match === null) return undefined;
  const [, whole = "", fraction = ""] = match;
  const numerator = BigInt(whole + fraction.padEnd(PERCENT_DIGITS_MAX, "0"));
  if (numerator === 0n || numerator > SHARES_TOTAL) return undefined;
  return { numerator, denominator: SHARES_TOTAL };
}

/** The inverse of `parseDiscountPercent`, always with four places: "12.5000". */
export function discountPercentToDecimal(share: Fraction): string {
  const parts = (share.numerator * SHARES_TOTAL) / share.denominator;
  const fraction = (parts % SHARES_PER_PERCENT).toString().padStart(PERCENT_DIGITS_MAX, "0");
  return `${String(parts / SHARES_PER_PERCENT)}.${fraction}`;
}

/** The first discount, in the given order, for this model and workspace at this instant. */
export function findDiscount(
  discounts: readonly Discount[],
  charge: {
    readonly modelId: string;
    readonly workspaceId: string | undefined;
    readonly occurredAt: Instant;
  },
  prices: PriceList = PUBLISHED_PRICES,
): Discount | undefined {
  return discounts.find(
    ({ modelPattern, workspaceId, validFrom, validUntil }) =>
      (validFrom === undefined || validFrom <= charge.occurredAt) &&
      (validUntil === undefined || charge.occurredAt < validUntil) &&
      (workspaceId === undefined || workspaceId === charge.workspaceId) &&
      (modelPattern === undefined || isModelMatch(modelPattern, charge.modelId, prices)),
  );
}

/** A pattern without `*` may be any spelling of the model, just as in a usage event. */
function isModelMatch(pattern: string, modelId: string, prices: PriceList): boolean {
  const [first = "", ...others] = pattern.trim().toLowerCase().split("*");
  const last = others.pop();
  if (last === undefined) return normaliseModelId(pattern, prices).modelId === modelId;

  // Piece by piece instead of a regular expression, which many `*` could make very slow.
  if (!modelId.startsWith(first)) return false;
  let position = first.length;
  for (const piece of others) {
    const found = modelId.indexOf(piece, position);
    if (found < 0) return false;
    position = found + piece.length;
  }
  return modelId.length - last.length >= position && modelId.endsWith(last);
}
