/**
 * Which forecast alerts there must be, as a model that shares no code with the program: after each
 * look of the clock, all that may be known of a history by then. What was seen once is told when it
 * is nearly certain, or still so half a day later.
 */
import { type Projection, project } from "./forecast-oracle.ts";
import { look, type Model, type Span } from "./oracle.ts";

const HOUR = 3_600_000;

/** "forecast|period start|percent|decided" or "recovery|…" → "announced", "planned", "higher-threshold". */
export type Said = ReadonlyMap<string, string>;

/** What the program may know of one history. */
export interface OutlookState {
  readonly said: Said;
  /** What was seen and is not told yet, by key, since when. */
  readonly sighted: ReadonlyMap<string, number>;
}

export const UNSAID: OutlookState = { said: new Map(), sighted: new Map() };

export interface Watched {
  readonly model: Model;
  readonly zone: string;
  readonly forecastThresholds: readonly number[];
  /** When more was expected than ever comes: forecasts are muted. */
  readonly plans: readonly Span[];
}

/** All that looks at any of these times, the last one at `lastAt`, may have made of `states`. */
export function watched(
  of: Watched,
  states: readonly OutlookState[],
  { looks, lastAt }: { readonly looks: readonly number[]; readonly lastAt: number },
): readonly OutlookState[] {
  const known = new Map(states.map((state) => [textOf(state), state]));
  const open = [...states];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const next of looks.flatMap(after(of, state))) {
      if (known.has(textOf(next))) continue;
      known.set(textOf(next), next);
      open.push(next);
    }
  }
  const last = [...known.values()].flatMap((state) => after(of, state)(lastAt));
  return [...new Map(last.map((state) => [textOf(state), state])).values()];
}

/** One look. A cent more or less in the projection is no mistake: each way is followed. */
function after(of: Watched, state: OutlookState): (at: number) => OutlookState[] {
  return (at) => {
    const projection = project(of.model, of.zone, at);
    // Nothing is known: what was seen may still hold.
    if (projection === undefined) return [state];
    return [-1, 0, 1].map((cents) =>
      decided(of, state, {
        at,
        projection: {
          expected: projection.expected + cents,
          low: projection.low + cents,
          high: projection.high + cents,
        },
      }),
    );
  };
}

function decided(
  { model, forecastThresholds, plans }: Watched,
  { said, sighted }: OutlookState,
  { at, projection }: { readonly at: number; readonly projection: Projection },
): OutlookState {
  const { period, spend, decided: limitSet, limit } = look(model, at);
  // A limit is in hundredths of a cent.
  const reaches = (cents: number, percent: number): boolean => cents * 10_000 >= limit * percent;
  const keyOf = (percent: number, what = "forecast"): string =>
    [what, period.start, percent, limitSet].join("|");
  const hold = (model.periodKind === "daily" ? 2 : 12) * HOUR;

  const seen = forecastThresholds.filter(
    (percent) =>
      !said.has(keyOf(percent)) &&
      !reaches(spend, percent) &&
      reaches(projection.expected, percent),
  );
  const isSure = (percent: number): boolean =>
    reaches(projection.low, percent) || (sighted.get(keyOf(percent)) ?? at) + hold <= at;
  const news = seen.filter(isSure);
  const highestSaid = Math.max(
    0,
    ...forecastThresholds.filter((percent) => said.has(keyOf(percent))),
  );
  const highest = Math.max(0, ...news);
  const isPlanned = plans.some(({ start, end }) => start <= at && at < end);
  const heard = forecastThresholds.findLast((percent) => said.get(keyOf(percent)) === "announced");
  const isBack = heard !== undefined && !reaches(projection.expected, Math.max(1, heard - 10));
  return {
    said: new Map([
      ...said,
      ...news.map((percent) => {
        const speaks = percent === highest && highest > highestSaid;
        const told = isPlanned ? "planned" : "announced";
        return [keyOf(percent), speaks ? told : "higher-threshold"] as const;
      }),
      ...(isBack ? [[keyOf(heard, "recovery"), "announced"] as const] : []),
    ]),
    sighted: new Map(
      seen
        .filter((percent) => !isSure(percent))
        .map((percent) => [keyOf(percent), sighted.get(keyOf(percent)) ?? at]),
    ),
  };
}

function textOf({ said, sighted }: OutlookState): string {
  return `${saidText(said)} seen ${[...sighted]
    .map((one) => one.join(" since "))
    .toSorted()
    .join()}`;
}

export function saidText(said: Said): string {
  return [...said]
    .map(([key, how]) => `${key}=${how}`)
    .toSorted()
    .join("\n");
}
