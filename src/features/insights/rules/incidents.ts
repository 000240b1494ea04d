/**
 * One cause, one message. A script that runs away is unusual for its person, its key, their team and
 * its model at once: the narrowest of them is told, the others are kept on record as part of it.
 * Pure.
 */
import type { Usd } from "../../../domain/money.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";

/** What spikes are looked for in. */
export const SERIES_KINDS = ["user", "api_key", "team", "model"] as const;
export type SeriesKind = (typeof SERIES_KINDS)[number];

export interface Series extends Scope {
  readonly kind: SeriesKind;
}

export interface UnusualSeries {
  readonly series: Series;
  readonly excess: Usd;
}

/** One episode for all sessions of somebody: false alarms are about whose they are. */
export function sessionsSubject(owner: Scope): string {
  return `${SESSIONS_OF}${formatScope(owner)}`;
}

export function isOfSession(subject: string): boolean {
  return subject.startsWith(SESSIONS_OF);
}

const SESSIONS_OF = "sessions of ";

/** Of a broader series' excess so much must be that of narrower ones, in percent. */
const PART_PERCENT = 70n;

/**
 * By scope, which series each is a part of: undefined for those that are told. `shared` says how
 * much two series have in common. `toldElsewhere` is what people know already: a loop of the same
 * person, or a spike that is still open.
 */
export function partOf(
  unusual: readonly UnusualSeries[],
  shared: (left: Series, right: Series) => Usd,
  toldElsewhere: readonly UnusualSeries[] = [],
): ReadonlyMap<string, string | undefined> {
  const result = new Map<string, string | undefined>();
  const told = [...toldElsewhere];
  const ordered = unusual.toSorted(
    (left, right) =>
      SERIES_KINDS.indexOf(left.series.kind) - SERIES_KINDS.indexOf(right.series.kind),
  );
  for (const one of ordered) {
    const name = formatScope(one.series);
    const isKnown = toldElsewhere.some(
      ({ series, excess }) => formatScope(series) === name && isMostOf(excess, one.excess),
    );
    const explained = isKnown
      ? name
      : explainedBy(one, told, (narrow) => shared(narrow, one.series));
    result.set(name, explained);
    if (explained === undefined) told.push(one);
  }
  return result;
}

/** The kinds are looked at one by one: a person's spend is that of their key once more. */
function explainedBy(
  broad: UnusualSeries,
  told: readonly UnusualSeries[],
  sharedWith: (narrow: Series) => Usd,
): string | undefined {
  for (const kind of SERIES_KINDS) {
    if (kind === broad.series.kind) return undefined;
    const parts = told
      .filter(({ series }) => series.kind === kind)
      .map(({ series, excess }) => ({ series, part: lesser(excess, sharedWith(series)) }))
      .toSorted((left, right) => (left.part > right.part ? -1 : 1));
    const sum = parts.reduce((total, { part }) => total + part, 0n);
    const [first] = parts;
    if (first !== undefined && sum * 100n >= broad.excess * PART_PERCENT) {
      return formatScope(first.series);
    }
  }
  return undefined;
}

/** Whether something that was told covers what would be told next. */
export function isMostOf(part: Usd, whole: Usd): boolean {
  return part > 0n && part * 100n >= whole * PART_PERCENT;
}

function lesser(left: Usd, right: Usd): Usd {
  return left < right ? left : right;
}
