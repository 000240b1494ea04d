/** Faults of quantity: usage that was counted twice, at another hour, or not at all. Pure. */
import { addMs, DAY_MS, HOUR_MS, type Instant, instant } from "../../../domain/time.ts";
import { type Explanation, isWithin, type OpenCell } from "./difference.ts";
import { absolute, type Cell, groupBy, sumOf } from "./lines.ts";
import { isDiscountedList } from "./prices.ts";

const QUARTER_MS = HOUR_MS / 4;
const QUARTERS_OF_DAY = DAY_MS / QUARTER_MS;

/** What one source reported in each quarter of an hour. */
export interface SourceSeries {
  readonly source: string;
  /** The first quarter's start. */
  readonly start: Instant;
  readonly requests: readonly number[];
  readonly billed: readonly bigint[];
}

/**
 * A source whose usage is there twice: the bill is ours less half of what it reported; or less all
 * of it, where others report the same. In every place that it reported from on that day.
 */
export function explainDoubledSource(open: readonly OpenCell[]): Explanation[] {
  const tooMuch = open.filter((cell) => cell.gap > 0n && !isDiscountedList(cell));
  const byPlace = groupBy(tooMuch, ({ cell }) => JSON.stringify([cell.day, cell.workspaceId]));
  return [...byPlace.values()].flatMap((cells) => {
    const sources = [...new Set(cells.flatMap(({ cell }) => cell.ours.map(({ source }) => source)))]
      .toSorted()
      .map((source) => ({
        source,
        cells: cells.filter(({ cell }) => cell.ours.some((line) => line.source === source)),
      }));
    const twice = sources.find((one) =>
      one.cells.every((cell) =>
        isWithin({ bound: cell.bound * 2n }, cell.gap * 2n - reportedBy(cell, one.source)),
      ),
    );
    const same = sources.filter((one) =>
      one.cells.every((cell) => isWithin(cell, cell.gap - reportedBy(cell, one.source))),
    );
    const names = same.map(({ source }) => source).join(" and ");
    if (twice !== undefined) return doubled(twice.cells, `${twice.source} reports its usage twice`);
    const isRepeated = same.length > 1 && same[0] !== undefined;
    return isRepeated ? doubled(same[0]?.cells ?? [], `${names} report the same usage`) : [];
  });
}

function doubled(cells: readonly OpenCell[], evidence: string): Explanation[] {
  return cells.map((open) => ({ open, cause: "doubled_source", evidence }));
}

function reportedBy({ cell }: OpenCell, source: string): bigint {
  return sumOf(cell.ours.filter((line) => line.source === source));
}

/** Offsets of the world's zones, in quarters of an hour. */
const SHIFT_QUARTERS_MAX = 14 * 4;

/**
 * A source whose clock runs in another zone: moved by the same time on every day, its usage gives
 * the bill. One day could be chance, two exact sums can't.
 */
export function explainTimeZoneShift(
  open: readonly OpenCell[],
  cells: readonly Cell[],
  series: readonly SourceSeries[],
): Explanation[] {
  const days = [...new Set(open.map(({ cell }) => cell.day))];
  if (days.length < 2) return [];
  const ofDays = days.map((day) => {
    const ofDay = cells.filter((cell) => cell.day === day);
    const bound = open
      .filter(({ cell }) => cell.day === day)
      .reduce((sum, cell) => sum + cell.bound, 0n);
    return {
      day,
      bound,
      ours: ofDay.flatMap(({ ours }) => ours),
      theirs: ofDay.flatMap(({ theirs }) => theirs),
    };
  });
  for (const one of series) {
    const before = runningSums(one.billed);
    const isExplainedBy = (shift: number): boolean =>
      ofDays.every(({ day, bound, ours, theirs }) => {
        const first = indexOf(one, instant(`${day}T00:00:00Z`)) - shift;
        const from = before[first];
        const to = before[first + QUARTERS_OF_DAY];
        if (from === undefined || to === undefined) return false;
        const others = sumOf(ours.filter(({ source }) => source !== one.source));
        return isWithin({ bound }, others + (to - from) - sumOf(theirs));
      });
    for (let size = 1; size <= SHIFT_QUARTERS_MAX; size += 1) {
      const shift = [size, -size].find(isExplainedBy);
      if (shift === undefined) continue;
      const hours = Math.abs(shift) / 4;
      const evidence = `times of ${one.source} are ${String(hours)} ${hours === 1 ? "hour" : "hours"} ${shift > 0 ? "early" : "late"}`;
      return open.map((cell) => ({ open: cell, cause: "time_zone_shift", evidence }));
    }
  }
  return [];
}

function runningSums(values: readonly bigint[]): readonly bigint[] {
  const sums = [0n];
  let sum = 0n;
  for (const value of values) {
    sum += value;
    sums.push(sum);
  }
  return sums;
}

function indexOf({ start }: SourceSeries, at: Instant): number {
  return (at.getTime() - start.getTime()) / QUARTER_MS;
}

/** A hole shorter than this says nothing. */
const HOLE_QUARTERS_MIN = 3;
/** How likely a hole may be by chance, when each quarter is as busy as on other days. */
const CHANCE_MAX = 1e-3;
/** What is missing has to be about what those hours cost on other days. */
const USUAL_FACTOR_MAX = 5n;
/** Days before and after that say what is usual. */
const USUAL_DAYS = 14;
const USUAL_DAYS_MIN = 3;

/**
 * Hours without any event of a source that is never silent then, on a day on which the bill is
 * higher by about what those hours cost on other days.
 */
export function explainLostHour(
  open: readonly OpenCell[],
  cells: readonly Cell[],
  series: readonly SourceSeries[],
): Explanation[] {
  const missing = groupBy(
    open.filter(({ gap }) => gap < 0n),
    ({ cell }) => cell.day,
  );
  return [...missing].flatMap(([day, ofDay]) => {
    const found = series.flatMap((one) => {
      const places = placesOf(cells, one.source);
      const short = ofDay.filter(({ cell }) => places.has(placeOf(cell)));
      const hole = holeOf(one, day);
      if (hole === undefined || short.length === 0) return [];
      const gap = short.reduce((sum, cell) => sum + absolute(cell.gap), 0n);
      const isUsual = gap <= hole.usual * USUAL_FACTOR_MAX && hole.usual <= gap * USUAL_FACTOR_MAX;
      return isUsual ? [{ short, evidence: `source ${one.source} sent nothing ${hole.text}` }] : [];
    });
    const [best] = found.toSorted((left, right) => right.short.length - left.short.length);
    return (best?.short ?? []).map(
      (cell): Explanation => ({
        open: cell,
        cause: "lost_hour",
        ...(best === undefined ? {} : { evidence: best.evidence }),
      }),
    );
  });
}

/** Workspaces and models that a source has ever reported. */
function placesOf(cells: readonly Cell[], source: string): ReadonlySet<string> {
  return new Set(
    cells.filter(({ ours }) => ours.some((line) => line.source === source)).map(placeOf),
  );
}

function placeOf({ workspaceId, modelId }: Cell): string {
  return JSON.stringify([workspaceId, modelId]);
}

/** The longest hole of a day that can't be chance, and what its hours cost on other days. */
function holeOf(
  series: SourceSeries,
  day: string,
): { readonly text: string; readonly usual: bigint } | undefined {
  const first = indexOf(series, instant(`${day}T00:00:00Z`));
  // A day that has just begun, or on which a source was hardly used, does not say what is usual.
  const ofThis = Math.max(1, busyQuarters(series.requests.slice(first, first + QUARTERS_OF_DAY)));
  const others: number[] = [];
  for (let days = 1; days <= USUAL_DAYS; days += 1) {
    for (const start of [first - days * QUARTERS_OF_DAY, first + days * QUARTERS_OF_DAY]) {
      const ofDay = series.requests.slice(Math.max(start, 0), start + QUARTERS_OF_DAY);
      if (start >= 0 && ofDay.length === QUARTERS_OF_DAY && busyQuarters(ofDay) * 2 >= ofThis) {
        others.push(start);
      }
    }
  }
  if (others.length < USUAL_DAYS_MIN) return undefined;
  const runs = emptyRuns(series.requests.slice(first, first + QUARTERS_OF_DAY))
    .filter(({ length }) => length >= HOLE_QUARTERS_MIN)
    .map((run) => ({ ...run, ...usualOf(series, others, run) }))
    .filter(({ chance }) => chance <= CHANCE_MAX)
    .toSorted((left, right) => right.length - left.length);
  const [hole] = runs;
  if (hole === undefined) return undefined;
  const start = addMs(instant(`${day}T00:00:00Z`), hole.start * QUARTER_MS);
  const end = addMs(start, hole.length * QUARTER_MS);
  const time = (at: Instant): string => at.toISOString().slice(11, 16);
  const endText = hole.start + hole.length === QUARTERS_OF_DAY ? "24:00" : time(end);
  return { text: `from ${time(start)} to ${endText} UTC`, usual: hole.usual };
}

function busyQuarters(requests: readonly number[]): number {
  return requests.filter((count) => count > 0).length;
}

interface Run {
  readonly start: number;
  readonly length: number;
}

function emptyRuns(requests: readonly number[]): readonly Run[] {
  const runs: Run[] = [];
  let start: number | undefined;
  for (const [index, count] of [...requests, 1].entries()) {
    if (count <= 0) {
      start ??= index;
      continue;
    }
    if (start !== undefined) runs.push({ start, length: index - start });
    start = undefined;
  }
  return runs;
}

function usualOf(
  { requests, billed }: SourceSeries,
  others: readonly number[],
  { start, length }: Run,
): { readonly chance: number; readonly usual: bigint } {
  let chance = 1;
  let usual = 0n;
  for (let quarter = start; quarter < start + length; quarter += 1) {
    const busy = others.filter((first) => (requests[first + quarter] ?? 0) > 0).length;
    // One day more that was silent: a quarter that was always busy may be so by chance.
    chance *= 1 - busy / (others.length + 1);
    usual += others.reduce((sum, first) => sum + (billed[first + quarter] ?? 0n), 0n);
  }
  return { chance, usual: usual / BigInt(others.length) };
}
