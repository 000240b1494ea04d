/** What to propose for a request that names no amount. Pure. */
import { PICO_PER_USD, type Usd, usd } from "../../../domain/money.ts";

/** Round amounts read as what they are: a proposal. */
const STEP = 5n * PICO_PER_USD;
const LEAST = 10n * PICO_PER_USD;

/**
 * By how much to raise: so that what was spent is four fifths of the new limit, at least a quarter
 * of the old one, in whole fives.
 */
export function proposeIncrease({
  limit,
  spend,
}: {
  readonly limit: Usd;
  readonly spend: Usd;
}): Usd {
  const room = (spend * 5n) / 4n - limit;
  const quarter = limit / 4n;
  const wanted = [room, quarter, LEAST].reduce((most, one) => (one > most ? one : most));
  return usd(((wanted + STEP - 1n) / STEP) * STEP);
}
