/** Short ways to write values that many tests name. */
import { PICO_PER_USD, type Usd, usd as usdFromPico } from "../../src/domain/money.ts";

/** Dollars, for tests that read better in dollars: whole, or with cents. */
export function usd(dollars: number): Usd {
  return usdFromPico((BigInt(Math.round(dollars * 100)) * PICO_PER_USD) / 100n);
}
