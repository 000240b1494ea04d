/**
 * When somebody must hear of where a budget is heading: forecast thresholds and pace, and that it
 * turned out well after all. Pure. What holds only for a moment is no news: a forecast speaks when
 * it is nearly certain, or when it still holds half a day later.
 */
import { hasReachedPercent, type Usd } from "../../../domain/money.ts";
import { addMs, HOUR_MS, type Instant, type PeriodKind } from "../../../domain/time.ts";
import type { Forecast } from "./outlook.ts";

/** Looks that are nearer together than this see the same burst. */
const HOLD_MS: Readonly<Record<PeriodKind, number>> = {
  daily: 2 * HOUR_MS,
  weekly: 12 * HOUR_MS,
  monthly: 12 * HOUR_MS,
  quarterly: 12 * HOUR_MS,
  yearly: 12 * HOUR_MS,
};
/** So many points below its threshold a forecast or spend has clearly fallen back. */
const RECOVERED_POINTS = 10;
/** So much of the days that were told a pace must lose before that is worth a word. */
const PACE_RECOVERED_SHARE = 0.5;

/** What was seen once; by the key of the fact that it may become. */
export type Sightings = ReadonlyMap<string, Instant>;

export interface Watched {
  readonly periodKind: PeriodKind;
  readonly now: Instant;
  readonly limit: Usd;
  readonly spend: Usd;
  /** Keys of everything recorded for this period. */
  readonly known: ReadonlySet<string>;
  readonly sightings: Sightings;
}

export interface ForecastNews {
  /** The highest threshold that people hear of now. */
  readonly announced: number | undefined;
  /** Lower ones, recorded without a message. */
  readonly silent: readonly number[];
  /** What to remember until the next look; everything else is forgotten. */
  readonly sighted: ReadonlyMap<string, Instant>;
}

/** Thresholds that spend has reached already are the business of thresholds, not of forecasts. */
export function decideForecast(
  watched: Watched,
  thresholdPercents: readonly number[],
  { forecast, keyOf }: { readonly forecast: Forecast; readonly keyOf: (percent: number) => string },
): ForecastNews {
  const { now, limit, spend, known, sightings, periodKind } = watched;
  const sighted = new Map<string, Instant>();
  const reached: number[] = [];
  for (const percent of thresholdPercents) {
    const key = keyOf(percent);
    if (known.has(key) || hasReachedPercent(spend, limit, percent)) continue;
    if (!hasReachedPercent(forecast.expected, limit, percent)) continue;
    const seenAt = sightings.get(key) ?? now;
    const holds = addMs(seenAt, HOLD_MS[periodKind]) <= now;
    if (holds || hasReachedPercent(forecast.low, limit, percent)) reached.push(percent);
    else sighted.set(key, seenAt);
  }
  const announced = reached.toSorted((left, right) => right - left)[0];
  const highestKnown = Math.max(
    0,
    ...thresholdPercents.filter((percent) => known.has(keyOf(percent))),
  );
  if (announced === undefined || announced <= highestKnown) {
    return { announced: undefined, silent: reached, sighted };
  }
  return { announced, silent: reached.filter((percent) => percent !== announced), sighted };
}

/** Whether the forecast is clearly back below a threshold that people heard of. */
export function hasForecastRecovered(
  forecast: Forecast,
  { limit, announcedPercent }: { readonly limit: Usd; readonly announcedPercent: number },
): boolean {
  return !hasReachedPercent(
    forecast.expected,
    limit,
    Math.max(1, announcedPercent - RECOVERED_POINTS),
  );
}

/** Whether spend is clearly back below the highest threshold that people heard of. */
export function hasSpendRecovered(of: {
  readonly spend: Usd;
  readonly limit: Usd;
  readonly announcedPercent: number;
}): boolean {
  const { spend, limit, announcedPercent } = of;
  return !hasReachedPercent(spend, limit, Math.max(1, announcedPercent - RECOVERED_POINTS));
}

/** News once a period and limit, when spend is that many whole days ahead; not once it is used up. */
export function isAheadOfPlan(
  watched: Pick<Watched, "spend" | "limit" | "known">,
  pace: { readonly daysAhead: number; readonly paceDays: number; readonly key: string },
): boolean {
  return (
    !watched.known.has(pace.key) && watched.spend < watched.limit && pace.daysAhead >= pace.paceDays
  );
}

export function hasPaceRecovered(pace: {
  readonly daysAhead: number;
  readonly paceDays: number;
}): boolean {
  return pace.daysAhead < pace.paceDays * PACE_RECOVERED_SHARE;
}
