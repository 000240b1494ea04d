/**
 * Whether an amount is unusual against its own past. Robust: what happened once or twice before
 * moves neither what is normal nor how far from it is far. Pure.
 */
import { type Usd, usd, usdFromDecimal, ZERO_USD } from "../../../domain/money.ts";

/** What comparable times of the same series were like. */
export interface Norm {
  /** How many comparable times there are. */
  readonly sampleCount: number;
  /** The middle one. */
  readonly normal: Usd;
  /** All but the highest twentieth are at most this. */
  readonly usualMax: Usd;
  /** How far from the middle is ordinary. */
  readonly spread: Usd;
}

export type SpikeSpan = "hour" | "day" | "session";

/** Less than this above normal is nobody's business, however unusual: cents never alert. */
export const EXCESS_MIN: Readonly<Record<SpikeSpan, Usd>> = {
  hour: usdFromDecimal("5"),
  day: usdFromDecimal("20"),
  session: usdFromDecimal("10"),
};

/** With fewer comparable times nothing is known. */
const SAMPLES_MIN: Readonly<Record<SpikeSpan, number>> = { hour: 12, day: 4, session: 12 };

/** So many spreads above normal are far. */
const SPREADS = 5n;
/** And it must be so much higher than what is usual at the most: 3/2. */
const ABOVE_USUAL = { numerator: 3n, denominator: 2n };
/** Amounts that hardly ever change would make every cent far: a fifth of normal is ordinary. */
const SPREAD_SHARE_MIN = 5n;
/** 1.4826, which makes a median of deviations comparable to a standard deviation. */
const MAD_FACTOR = { numerator: 14_826n, denominator: 10_000n };
/** 1.2816: the ninth tenth of a normal distribution is so many standard deviations above its middle. */
const NINTH_TENTH = { numerator: 10_000n, denominator: 12_816n };

/** From here on it is critical: a person should look at once. */
const CRITICAL_EXCESS = usdFromDecimal("100");
const CRITICAL_TIMES_USUAL = 3n;

/**
 * What is normal, from comparable amounts in any order. `sameWeekday` are those of them that are
 * comparable even more closely: what happens every Monday is normal on Mondays. `active` is whatever
 * was spent at any time: for who mostly spends nothing, that is the measure of what is usual.
 */
export function normOf(
  amounts: readonly Usd[],
  sameWeekday: readonly Usd[] = [],
  active: readonly Usd[] = [],
): Norm {
  const sorted = amounts.toSorted(compareUsd);
  const middle = quantile(sorted, 50n);
  const weekly = quantile(sameWeekday.toSorted(compareUsd), 50n);
  const normal = weekly > middle ? weekly : middle;
  const deviations = sorted
    .map((amount) => usd(amount > middle ? amount - middle : middle - amount))
    .toSorted(compareUsd);
  const bySymmetry = (quantile(deviations, 50n) * MAD_FACTOR.numerator) / MAD_FACTOR.denominator;
  // Spend is skewed: bursts upwards are ordinary, if they are seen often enough.
  const upwards =
    ((quantile(sorted, 90n) - middle) * NINTH_TENTH.numerator) / NINTH_TENTH.denominator;
  const positive = active.filter((amount) => amount > 0n).toSorted(compareUsd);
  const seldom = normal === 0n ? quantile(positive, 95n) : ZERO_USD;
  const often = quantile(sorted, 95n);
  const usualMax = often > seldom ? often : seldom;
  return {
    sampleCount: amounts.length,
    normal,
    usualMax: usualMax > normal ? usualMax : normal,
    spread: usd(largest([bySymmetry, upwards, normal / SPREAD_SHARE_MIN])),
  };
}

export interface Spike {
  readonly amount: Usd;
  readonly norm: Norm;
  /** How much more than normal. */
  readonly excess: Usd;
  readonly severity: "warning" | "critical";
}

/**
 * Undefined: nothing unusual, or too little is known to say so. `bar` is 1, or more after false
 * alarms: everything that must be exceeded is so many times as much.
 */
export function evaluateSpike(
  amount: Usd,
  of: { readonly span: SpikeSpan; readonly norm: Norm; readonly bar: bigint },
): Spike | undefined {
  const { span, norm, bar } = of;
  if (norm.sampleCount < SAMPLES_MIN[span]) return undefined;
  const excess = usd(amount - norm.normal);
  const isFar =
    excess >= EXCESS_MIN[span] * bar &&
    excess > norm.spread * SPREADS * bar &&
    amount * ABOVE_USUAL.denominator > norm.usualMax * ABOVE_USUAL.numerator * bar;
  if (!isFar) return undefined;
  const isCritical = excess >= CRITICAL_EXCESS && amount >= norm.usualMax * CRITICAL_TIMES_USUAL;
  return { amount, norm, excess, severity: isCritical ? "critical" : "warning" };
}

/** Amounts at which nothing could be unusual: nobody needs to know what is normal for them. */
export function isWorthComparing(amount: Usd, span: SpikeSpan): boolean {
  return amount >= EXCESS_MIN[span];
}

/** The smallest of `sorted` that `percent` of them do not exceed; nothing of none. */
function quantile(sorted: readonly Usd[], percent: bigint): Usd {
  const rank = (BigInt(sorted.length) * percent + 99n) / 100n;
  return sorted[Math.max(0, Number(rank) - 1)] ?? ZERO_USD;
}

function largest(amounts: readonly bigint[]): bigint {
  return amounts.reduce((most, amount) => (amount > most ? amount : most), 0n);
}

function compareUsd(left: Usd, right: Usd): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
