/** How much more is asked for: dollars, or a percentage of the base limit. Pure, exact. */
import { multiplyUsd, PICO_PER_USD, type Usd, usd } from "../../../domain/money.ts";
import { type AmountRefusal, parseAmount } from "../../../domain/money-text.ts";

export type RaiseAmount =
  | { readonly kind: "amount"; readonly amount: Usd }
  /** Hundredths of a percent: 1250 is 12.5 %. */
  | { readonly kind: "share"; readonly hundredths: number };

export type RaiseAmountRefusal = AmountRefusal | "percent" | "too-small";

/** More than that is a new budget. */
const PERCENT_MAX = 1_000;
const PERCENT = /^(\d{1,6})(?:\.(\d{1,2}))?\s*%$/;
const PICO_PER_CENT = PICO_PER_USD / 100n;
const AMOUNT_MAX = usd(1_000_000n * PICO_PER_USD);

/** `200`, `$1.5k` or `20%`. */
export function parseRaiseAmount(
  text: string,
): RaiseAmount | { readonly kind: "refused"; readonly reason: RaiseAmountRefusal } {
  const trimmed = text.trim();
  if (!trimmed.endsWith("%")) return parseAmount(trimmed);
  const match = PERCENT.exec(trimmed);
  const [, whole = "", fraction = ""] = match ?? [];
  const hundredths = Number(whole) * 100 + Number(fraction.padEnd(2, "0"));
  return match === null || hundredths === 0 || hundredths > PERCENT_MAX * 100
    ? { kind: "refused", reason: "percent" }
    : { kind: "share", hundredths };
}

/** In dollars: a share in whole cents, rounded down; refused where it is none or too much. */
export function amountOf(
  raise: RaiseAmount,
  baseLimit: Usd,
):
  | { readonly kind: "amount"; readonly amount: Usd }
  | { readonly kind: "refused"; readonly reason: "too-small" | "too-large" } {
  if (raise.kind === "amount") return raise;
  const share = { numerator: BigInt(raise.hundredths), denominator: 10_000n };
  const exact = multiplyUsd(baseLimit, share);
  const amount = usd(exact - (exact % PICO_PER_CENT));
  if (amount <= 0n) return { kind: "refused", reason: "too-small" };
  return amount > AMOUNT_MAX
    ? { kind: "refused", reason: "too-large" }
    : { kind: "amount", amount };
}
