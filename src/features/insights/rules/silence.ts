/**
 * Whether a source that normally reports has stopped: how likely so long a pause is, by the hours
 * in which it reported before. Pure.
 */
import { HOUR_MS, type Instant, instant, localParts, type TimeZone } from "../../../domain/time.ts";
import { DAYS_KNOWN_MIN, isWeekend } from "./rhythm.ts";

/** A pause that is less likely than this is no coincidence. */
const COINCIDENCE = 0.001;
/** Deployments take minutes: only whole hours count, and one alone says too little. */
const HOURS_MIN = 2;
/** So many comparable hours must have been observed for an hour to say anything. */
const COMPARABLE_MIN = 4;
/** A pause beyond this is judged by its first part: no need to look at weeks. */
const HOURS_MAX = 24 * 14;

export interface Reporting {
  /** Starts of the hours in which it reported, in ms. */
  readonly reported: ReadonlySet<number>;
  /** Starts of the hours in which somebody looked. */
  readonly observed: ReadonlySet<number>;
}

export type SilenceVerdict =
  | { readonly kind: "reporting" }
  | { readonly kind: "unknown" }
  /** `since`: the end of the last hour in which it reported. */
  | { readonly kind: "silent"; readonly since: Instant; readonly hours: number };

/** Judges the whole hours before `hourStart`, the hour that is still running. */
export function evaluateSilence(
  { reported, observed }: Reporting,
  hourStart: Instant,
  zone: TimeZone,
): SilenceVerdict {
  if (reported.size === 0) return { kind: "unknown" };
  const lastMs = Math.max(...reported);
  if (lastMs >= hourStart.getTime()) return { kind: "reporting" };
  const firstMs = Math.min(...reported);
  if (lastMs - firstMs < (DAYS_KNOWN_MIN - 1) * 24 * HOUR_MS) return { kind: "unknown" };

  const shareAt = sharesOf({ reported, observed }, { firstMs, lastMs }, zone);
  let likelihood = 1;
  let hours = 0;
  for (let index = 1; index <= HOURS_MAX; index += 1) {
    const atMs = lastMs + index * HOUR_MS;
    if (atMs >= hourStart.getTime()) break;
    const share = observed.has(atMs) ? shareAt(atMs) : undefined;
    if (share === undefined) continue;
    hours += 1;
    likelihood *= 1 - share;
  }
  return hours >= HOURS_MIN && likelihood < COINCIDENCE
    ? { kind: "silent", since: instant(lastMs + HOUR_MS), hours }
    : { kind: "reporting" };
}

/** In which share of comparable hours it reported; never quite all, never quite none. */
function sharesOf(
  { reported, observed }: Reporting,
  known: { readonly firstMs: number; readonly lastMs: number },
  zone: TimeZone,
): (atMs: number) => number | undefined {
  const counts = new Map<string, { comparable: number; yes: number }>();
  for (const hourMs of observed) {
    if (hourMs < known.firstMs || hourMs > known.lastMs) continue;
    const count = counts.get(clockAt(hourMs, zone)) ?? { comparable: 0, yes: 0 };
    count.comparable += 1;
    if (reported.has(hourMs)) count.yes += 1;
    counts.set(clockAt(hourMs, zone), count);
  }
  return (atMs) => {
    const { comparable, yes } = counts.get(clockAt(atMs, zone)) ?? { comparable: 0, yes: 0 };
    return comparable < COMPARABLE_MIN ? undefined : (yes + 0.5) / (comparable + 1);
  };
}

/** The same of hours that are comparable: "9 workday". */
function clockAt(atMs: number, zone: TimeZone): string {
  const { hour, weekday } = localParts(instant(atMs), zone);
  return `${String(hour)} ${isWeekend(weekday) ? "weekend" : "workday"}`;
}
