/**
 * How far a period has come, how far its spend is ahead of plan, and where that ends. Pure.
 *
 * The plan spreads the limit over the period as spend usually comes: a weekday's share of the last
 * weeks, evenly while those are unknown.
 */
import { multiplyUsd, type Usd } from "../../../domain/money.ts";
import { DAY_MS, type Instant, type Period } from "../../../domain/time.ts";
import { type DaySpan, factorOn, type Moment, type Rhythm, shareOfDay } from "./forecast.ts";

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

/**
 * How many days later the plan would have spent as much: 3.2 means that today's spend was planned
 * for in three days. Negative while less was spent than planned. All of the limit was planned for
 * the end of the period, so that nothing is further ahead than that.
 */
export function daysAheadOfPlan(
  { spend, limit }: { readonly spend: Usd; readonly limit: Usd },
  at: { readonly now: Moment; readonly period: DaySpan; readonly rhythm: Rhythm },
): number {
  const { now, period, rhythm } = at;
  const weights: number[] = [];
  for (let day = period.first; day < period.end; day += 1) weights.push(factorOn(rhythm, day));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const share = Number((spend * 1_000_000n) / limit) / 1_000_000;
  let left = Math.min(1, Math.max(0, share)) * total;
  let reached = period.first;
  for (const weight of weights) {
    if (left < weight || reached === period.end) break;
    left -= weight;
    reached += 1;
  }
  const within =
    reached < period.end ? shareBack(rhythm, left / (weights[reached - period.first] ?? 1)) : 0;
  const days = reached + within - (now.day + now.dayShare);
  return Math.round(days * 1_000) / 1_000; // "3 days" is not 2.9999 of them.
}

/** When of a day `share` of its usual spend is reached: the inverse of `shareOfDay`, by halving. */
function shareBack(rhythm: Rhythm, share: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 30; step += 1) {
    const middle = (low + high) / 2;
    if (shareOfDay(rhythm, middle) < share) low = middle;
    else high = middle;
  }
  return low;
}
