/** Short phrases for where a budget is heading, for lists and answers. Pure. */
import { percentOf, type Usd } from "../../../domain/money.ts";
import { formatEstimate } from "../../../domain/money-brief.ts";
import type { PeriodKind } from "../../../domain/time.ts";
import type { LastForecast } from "../rules.ts";

/** One short line for a list: "Forecast $549 (109%)"; undefined while a number would be invented. */
export function forecastLine(
  forecast: Pick<LastForecast, "expected"> | undefined,
  limit: Usd,
): string | undefined {
  return forecast === undefined
    ? undefined
    : `Forecast ${formatEstimate(forecast.expected)} (${String(percentOf(forecast.expected, limit))}%)`;
}

/** "3 days ahead of plan"; undefined within a day of it, or without a plan. */
export function paceText(
  daysAhead: number | undefined,
  periodKind: PeriodKind,
): string | undefined {
  if (daysAhead === undefined || periodKind === "daily") return undefined;
  if (Math.abs(daysAhead) < 1) return "on plan";
  const days = daysText(Math.floor(Math.abs(daysAhead)));
  return daysAhead > 0 ? `${days} ahead of plan` : `${days} behind plan`;
}

export function daysText(days: number): string {
  return days === 1 ? "1 day" : `${String(days)} days`;
}
