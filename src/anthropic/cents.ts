/**
 * Money as Anthropic's reports write it: fractional cents, as decimal text ("123.78912" is
 * $1.2378912) and in one report as a number. Read from its digits, never by float arithmetic.
 */
import { type Usd, usd } from "../domain/money.ts";

const CENTS = /^(-?)(\d{1,18})(?:\.(\d{1,40}))?$/;
/** One cent is 10^10 pico-dollars. */
const DIGITS = 10;

/**
 * Exact to the pico-dollar; what is finer is rounded half to even, once. Undefined for a text that
 * is not plainly a decimal: "1e3", "1,000", "".
 */
export function usdFromCents(text: string): Usd | undefined {
  const match = CENTS.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = ""] = match;
  const kept = BigInt(whole + fraction.slice(0, DIGITS).padEnd(DIGITS, "0"));
  const rest = fraction.slice(DIGITS).replace(/0+$/, "");
  const isTie = rest === "5";
  const isUp = isTie ? kept % 2n === 1n : rest > "5";
  const pico = isUp ? kept + 1n : kept;
  return usd(sign === "-" ? -pico : pico);
}

/** Of a JSON number: the shortest decimal that stands for it is what was written. */
export function usdFromCentsNumber(cents: number): Usd | undefined {
  if (!Number.isFinite(cents)) return undefined;
  const text = String(cents);
  return usdFromCents(text.includes("e") ? cents.toFixed(20) : text);
}
