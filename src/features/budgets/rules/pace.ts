/** How far a period has come, and where its spend ends if it goes on like this. Pure. */
import { multiplyUsd, type Usd } from "../../../domain/money.ts";
import { DAY_MS, type Instant, type Period } from "../../../domain/time.ts";

/** Less of a period than this says nothing about the rest of it … */
const ELAPSED_PERCENT_MIN = 20;
/** … except that three days do, also of a long one. */
const ELAPSED_MS_MIN = 3 * DAY_MS;

/** Spend at the end of the period at the pace so far; undefined while that would be a guess. */
export function projectSpend(spend: Usd, period: Period, now: Instant): Usd | undefined {
  const elapsedMs = now.getTime() - period.start.getTime();
  const periodMs = period.end.getTime() - period.start.getTime();
  const isEnough = elapsedMs * 100 >= periodMs * ELAPSED_PERCENT_MIN || elapsedMs >= ELAPSED_MS_MIN;
  if (!isEnough || elapsedMs >= periodMs || spend <= 0n) return undefined;
  return multiplyUsd(spend, { numerator: BigInt(periodMs), denominator: BigInt(elapsedMs) });
}

/** Days until the period ends, the current one included: the last day has 1 left. */
export function daysLeft(period: Period, now: Instant): number {
  return Math.max(0, Math.ceil((period.end.getTime() - now.getTime()) / DAY_MS));
}
