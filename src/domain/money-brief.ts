/**
 * Amounts as short as they may be: a limit, which somebody chose round, and an estimate, whose cents
 * nobody can know. What was spent is never shortened: `formatUsd` tells it to the cent.
 */
import { formatUsd, PICO_PER_USD, type Usd, usd } from "./money.ts";

/** From so much on an estimate is told in thousands, and in millions. */
const THOUSAND = 1_000n;
const MILLION = 1_000_000n;
/** Below this a dollar more or less is much. */
const CENTS_BELOW = usd(10n * PICO_PER_USD);

/** "$500", "$1,250.50". */
export function formatLimit(limit: Usd): string {
  return formatUsd(limit).replace(/\.00$/, "");
}

/** "$9.85", "$182", "$1.2k", "$15.4k", "$2.5M": three digits say as much as an estimate knows. */
export function formatEstimate(amount: Usd): string {
  if (amount < CENTS_BELOW) return formatUsd(amount);
  const dollars = roundedTo(amount, PICO_PER_USD);
  if (dollars < THOUSAND) return `$${String(dollars)}`;
  const hundreds = roundedTo(amount, (PICO_PER_USD * THOUSAND) / 10n);
  if (hundreds < 10n * THOUSAND) return `$${tenthsText(hundreds)}k`;
  return `$${tenthsText(roundedTo(amount, (PICO_PER_USD * MILLION) / 10n))}M`;
}

/** Half of a step rounds up. */
function roundedTo(amount: bigint, step: bigint): bigint {
  return (amount + step / 2n) / step;
}

/** 12 → "1.2", 10 → "1", 12345 → "1,234.5". */
function tenthsText(tenths: bigint): string {
  const whole = (tenths / 10n).toLocaleString("en-US");
  const rest = tenths % 10n;
  return rest === 0n ? whole : `${whole}.${String(rest)}`;
}
