/**
 * Amounts of money as people type them: `$200`, `1,000`, `1.5k`. Exact, and strict on purpose: what
 * could be read in two ways ("1,00", "1e9") is refused with a reason instead of guessed.
 */
import { PICO_PER_USD, type Usd, usd } from "./money.ts";

export type AmountRefusal =
  | "not-a-number"
  | "only-usd"
  | "not-positive"
  | "too-large"
  | "too-precise";

export type ParsedAmount =
  | { readonly kind: "amount"; readonly amount: Usd }
  | { readonly kind: "refused"; readonly reason: AmountRefusal };

/** More than this in one request is a slip of the finger, or belongs into governance.yml. */
const AMOUNT_MAX = usd(1_000_000n * PICO_PER_USD);
const PICO_PER_CENT = PICO_PER_USD / 100n;
const PICO_DIGITS = 12;

/** Sign, whole dollars (grouped by commas throughout or not at all), fraction, thousands. */
const NUMBER = /^([-−]?)(\d+|\d{1,3}(?:,\d{3})+)?(?:\.(\d+))?(k?)$/i;
const DOLLAR_PREFIX = /^([-−]?)(?:us\s?\$|usd|\$)\s*(?=[-−\d.])/i;
const DOLLAR_SUFFIX = /(?<=[\dk.])\s*(?:usd|us\s?\$|dollars?|\$)$/i;
/** One word or currency sign before or after something that starts like a number. */
const WITH_CURRENCY =
  /^[-−]?(?:(\p{Sc}|[a-z]{3})\s*[\d.][\d.,k]*|[\d.][\d.,k]*\s*(\p{Sc}|[a-z]{3,}))$/iu;
const CURRENCY_CODES = new Set(Intl.supportedValuesOf("currency"));
const CURRENCY_WORDS = new Set(["EURO", "EUROS", "POUND", "POUNDS", "YEN", "FRANCS"]);

/** Reads an amount of US dollars: positive, at most $1,000,000, at most two decimals. */
export function parseAmount(text: string): ParsedAmount {
  const trimmed = text.trim();
  const bare = trimmed.replace(DOLLAR_PREFIX, "$1").replace(DOLLAR_SUFFIX, "");
  const match = NUMBER.exec(bare);
  const [, sign = "", whole = "", fraction = "", thousands = ""] = match ?? [];
  if (match === null || (whole === "" && fraction === "")) {
    return refused(namesOtherCurrency(trimmed) ? "only-usd" : "not-a-number");
  }

  // Scaled by 10^digits, so that nothing is lost however many decimals were typed.
  const digits = Math.max(fraction.length, PICO_DIGITS);
  const perPico = 10n ** BigInt(digits - PICO_DIGITS);
  const scaled =
    BigInt(whole.replaceAll(",", "") + fraction.padEnd(digits, "0")) *
    (thousands === "" ? 1n : 1_000n);

  if (sign !== "" || scaled === 0n) return refused("not-positive");
  if (scaled > AMOUNT_MAX * perPico) return refused("too-large");
  if (scaled % (PICO_PER_CENT * perPico) !== 0n) return refused("too-precise");
  return { kind: "amount", amount: usd(scaled / perPico) };
}

/** What was expected, as a sentence to show beside the field or in an answer. */
export const AMOUNT_REFUSAL_TEXT: Readonly<Record<AmountRefusal, string>> = {
  "not-a-number": "Enter an amount in US dollars, for example 200, 1,000 or 1.5k.",
  "only-usd": "Amounts are in US dollars: enter 200 or $200, without another currency.",
  "not-positive": "Enter an amount above $0.",
  "too-large": "Enter at most $1,000,000.",
  "too-precise": "Enter whole cents: at most two decimals, for example 200.50.",
};

function namesOtherCurrency(text: string): boolean {
  const match = WITH_CURRENCY.exec(text);
  const name = (match?.[1] ?? match?.[2] ?? "").toUpperCase();
  return (
    CURRENCY_CODES.has(name) || CURRENCY_WORDS.has(name) || (/^\p{Sc}$/u.test(name) && name !== "$")
  );
}

function refused(reason: AmountRefusal): ParsedAmount {
  return { kind: "refused", reason };
}
