/**
 * Money: whole pico-dollars in a bigint (1 USD = 10^12). Never a float.
 *
 * Why pico: $1 per million tokens is 1,000,000 pico-dollars a token, and the smallest published
 * price after all multipliers is still a whole number of them; nano-dollars are not enough.
 */
import { assert } from "./assert.ts";
import type { Brand } from "./brand.ts";

export type Usd = Brand<bigint, "Usd">;

/** An exact multiplier, for example 1/2 for batches or 11/10 for a region. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const PICO_PER_USD = 1_000_000_000_000n;
const FRACTION_DIGITS_MAX = 12;
/** Shorter amounts are padded to micro-dollars, so that answers line up and read as money. */
const FRACTION_DIGITS_MIN = 6;

/* oxlint-disable typescript/no-unsafe-type-assertion -- the brand is minted here and nowhere else */
export function usd(pico: bigint): Usd {
  return pico as Usd;
}
/* oxlint-enable typescript/no-unsafe-type-assertion */

export const ZERO_USD = usd(0n);

const DECIMAL = /^(-?)(\d{1,18})(?:\.(\d{1,12}))?$/;

/** Reads "12.5" exactly; undefined for anything that is not a plain decimal of at most 12 places. */
export function parseUsd(text: string): Usd | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = ""] = match;
  const pico = BigInt(whole) * PICO_PER_USD + BigInt(fraction.padEnd(FRACTION_DIGITS_MAX, "0"));
  return usd(sign === "-" ? -pico : pico);
}

/** Like `parseUsd`, for text that our own database or code wrote. */
export function usdFromDecimal(text: string): Usd {
  const amount = parseUsd(text);
  assert(amount !== undefined, `not a decimal amount: ${text}`);
  return amount;
}

/** Exact decimal dollars, at least six places: "0.040000". The form for JSON, logs and SQL. */
export function usdToDecimal(amount: Usd): string {
  const pico = absolute(amount);
  const fraction = (pico % PICO_PER_USD)
    .toString()
    .padStart(FRACTION_DIGITS_MAX, "0")
    .replace(/0+$/, "")
    .padEnd(FRACTION_DIGITS_MIN, "0");
  return `${amount < 0n ? "-" : ""}${String(pico / PICO_PER_USD)}.${fraction}`;
}

/** As people write it into a document: "500.00", "0.0125". */
export function usdToShortDecimal(amount: Usd): string {
  return usdToDecimal(amount).replace(/(\.\d\d\d*?)0+$/, "$1");
}

function absolute(amount: Usd): bigint {
  return amount < 0n ? 0n - amount : amount;
}

export function sumUsd(amounts: Iterable<Usd>): Usd {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return usd(total);
}

export function addUsd(left: Usd, right: Usd): Usd {
  return usd(left + right);
}

/** `amount` × `fraction`, rounded once to whole pico-dollars, half to even. */
export function multiplyUsd(amount: Usd, fraction: Fraction): Usd {
  assert(fraction.denominator > 0n, "a fraction has a positive denominator");
  const negative = amount < 0n !== fraction.numerator < 0n;
  const product = amount * fraction.numerator;
  const rounded = divideHalfEven(product < 0n ? -product : product, fraction.denominator);
  return usd(negative ? -rounded : rounded);
}

export function multiplyFractions(fractions: readonly Fraction[]): Fraction {
  return fractions.reduce(
    (product, fraction) => ({
      numerator: product.numerator * fraction.numerator,
      denominator: product.denominator * fraction.denominator,
    }),
    { numerator: 1n, denominator: 1n },
  );
}

/** Whether `part` has reached `percent` of `whole`; by cross-multiplication, so never rounded. */
export function hasReachedPercent(part: Usd, whole: Usd, percent: number): boolean {
  return part * 100n >= whole * BigInt(percent);
}

/** `part` as whole percent of `whole`, rounded down: 99.9 % is not yet 100 %. */
export function percentOf(part: Usd, whole: Usd): number {
  assert(whole > 0n, "a share needs a positive whole");
  return Number((part * 100n) / whole);
}

/** Change in whole percent against `before`; undefined when there is nothing to compare with. */
export function changePercent(now: Usd, before: Usd): number | undefined {
  return before <= 0n ? undefined : Number(((now - before) * 100n) / before);
}

/**
 * Splits `total` by weight so that the shares add up to `total` exactly (largest remainder).
 * Equal remainders go to the earlier entry, so callers sort the entries by a stable key first.
 */
export function allocate<Key>(
  total: Usd,
  entries: readonly { readonly key: Key; readonly weight: bigint }[],
): { readonly key: Key; readonly amount: Usd }[] {
  assert(total >= 0n, "total must not be negative");
  const weightTotal = entries.reduce((sum, entry) => sum + entry.weight, 0n);
  assert(weightTotal > 0n, "at least one weight must be positive");

  const parts = entries.map((entry, index) => {
    assert(entry.weight >= 0n, "weights must not be negative");
    const product = total * entry.weight;
    return {
      index,
      key: entry.key,
      amount: product / weightTotal,
      remainder: product % weightTotal,
    };
  });

  let left = total - parts.reduce((sum, part) => sum + part.amount, 0n);
  for (const part of parts.toSorted(byRemainderThenIndex)) {
    if (left === 0n) break;
    part.amount += 1n;
    left -= 1n;
  }
  assert(left === 0n, "shares must add up to the total");
  return parts.map((part) => ({ key: part.key, amount: usd(part.amount) }));
}

function byRemainderThenIndex(
  a: { readonly remainder: bigint; readonly index: number },
  b: { readonly remainder: bigint; readonly index: number },
): number {
  if (a.remainder === b.remainder) return a.index - b.index;
  return a.remainder > b.remainder ? -1 : 1;
}

/** Ties go to the even neighbour, so that many roundings do not drift in one direction. */
function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twiceRest = (numerator % denominator) * 2n;
  const roundUp = twiceRest > denominator || (twiceRest === denominator && quotient % 2n === 1n);
  return roundUp ? quotient + 1n : quotient;
}

/** For people: "$1,234.57". Rounded to cents; an amount under a cent shows as "<$0.01". */
export function formatUsd(amount: Usd): string {
  const pico = absolute(amount);
  const sign = amount < 0n ? "-" : "";
  if (pico > 0n && pico < PICO_PER_CENT) return amount < 0n ? ">-$0.01" : "<$0.01";
  const cents = divideHalfEven(pico, PICO_PER_CENT);
  const dollars = (cents / 100n).toString().replace(THOUSANDS, ",");
  return `${sign}$${dollars}.${(cents % 100n).toString().padStart(2, "0")}`;
}

const PICO_PER_CENT = 10_000_000_000n;
/** Before each group of three digits. Intl does the same and takes fifty times as long. */
const THOUSANDS = /\B(?=(?:\d{3})+$)/g;
