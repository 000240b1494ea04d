/**
 * What must have been found, by the words of the budgets' README alone: a model of one budget that
 * shares no code with the program. Where two replicas may look in either order, all orders are
 * followed; what the program recorded must be what one of them leads to.
 */

const DAY = 86_400_000;

export type PeriodKind = "daily" | "weekly" | "monthly";

/** Everything in cents and milliseconds. */
export interface Model {
  readonly zoneOffset: number;
  readonly periodKind: PeriodKind;
  base: number;
  thresholds: readonly number[];
  readonly rollOverPercent: number | undefined;
  /** Base limits in the order in which they were set. */
  readonly limits: { readonly at: number; readonly limit: number }[];
  readonly grants: Grant[];
  /** What counts, by event id. */
  readonly costs: Map<string, { readonly at: number; cents: number }>;
}

export interface Grant {
  readonly id: string;
  readonly cents: number;
  readonly from: number;
  until: number;
}

/** "period start|percent|decided" → "announced|spend|limit", "higher-threshold|…", "limit-changed|…". */
export type Facts = ReadonlyMap<string, string>;

export interface Span {
  readonly start: number;
  readonly end: number;
}

export function periodAt(model: Pick<Model, "periodKind" | "zoneOffset">, at: number): Span {
  const local = new Date(at + model.zoneOffset);
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  const utc = (...date: [number, number, number]): number => Date.UTC(...date) - model.zoneOffset;
  if (model.periodKind === "monthly") {
    return { start: utc(year, month, 1), end: utc(year, month + 1, 1) };
  }
  if (model.periodKind === "daily") {
    return { start: utc(year, month, day), end: utc(year, month, day + 1) };
  }
  const monday = utc(year, month, day - ((local.getUTCDay() + 6) % 7));
  return { start: monday, end: monday + 7 * DAY };
}

export function spentIn({ costs }: Pick<Model, "costs">, { start, end }: Span): number {
  let sum = 0;
  for (const { at, cents } of costs.values()) if (at >= start && at < end) sum += cents;
  return sum;
}

function decidedAt({ base, grants }: Model, at: number): number {
  const valid = grants.filter(({ from, until }) => from <= at && at < until);
  return valid.reduce((sum, { cents }) => sum + cents, base);
}

/** In hundredths of a cent, since a share of a limit need not be whole cents. */
function carriedAt(model: Model, at: number): number {
  const { rollOverPercent, limits } = model;
  if (rollOverPercent === undefined) return 0;
  const former = periodAt(model, periodAt(model, at).start - 1);
  const last = limits.findLast((entry) => entry.at < former.end);
  if (last === undefined) return 0;
  const unused = Math.max(0, last.limit - spentIn(model, former));
  return Math.min(unused * 100, last.limit * rollOverPercent);
}

interface Look {
  readonly period: Span;
  readonly spend: number;
  readonly decided: number;
  /** Hundredths of a cent. */
  readonly limit: number;
  readonly reached: readonly number[];
}

/** Where a model stands then. */
export function look(model: Model, at: number): Look {
  const period = periodAt(model, at);
  const spend = spentIn(model, period);
  const decided = decidedAt(model, at);
  const limit = decided * 100 + carriedAt(model, at);
  const reached = model.thresholds.filter((percent) => spend * 10_000 >= limit * percent);
  return { period, spend, decided, limit, reached };
}

function record(
  facts: Facts,
  seen: Look,
  found: readonly (readonly [percent: number, how: string])[],
): Facts {
  if (found.length === 0) return facts;
  const numbers = `${String(seen.spend)}|${String(seen.limit)}`;
  return new Map([
    ...facts,
    ...found.map(([percent, how]) => [keyOf(seen, percent), `${how}|${numbers}`] as const),
  ]);
}

function keyOf({ period, decided }: Look, percent: number): string {
  return `${String(period.start)}|${String(percent)}|${String(decided)}`;
}

function knownOf(facts: Facts, { period, decided }: Look): number[] {
  const [start, limit] = [String(period.start), String(decided)];
  return [...facts.keys()]
    .map((key) => key.split("|"))
    .filter((parts) => parts[0] === start && parts[2] === limit)
    .map((parts) => Number(parts[1]));
}

/** The highest newly reached threshold speaks, lower ones of the same jump are recorded. */
function afterCheck(model: Model, facts: Facts, at: number): Facts {
  const seen = look(model, at);
  const known = knownOf(facts, seen);
  const news = seen.reached.filter((percent) => !known.includes(percent));
  const highest = Math.max(0, ...news);
  if (highest === 0 || highest <= Math.max(0, ...known)) return facts;
  return record(
    facts,
    seen,
    news.map((percent) => [percent, percent === highest ? "announced" : "higher-threshold"]),
  );
}

/** What a new limit finds reached is silent; only a limit below what is spent says so. */
function afterLimitChange(
  model: Model,
  facts: Facts,
  { at, isLowered }: { readonly at: number; readonly isLowered: boolean },
): Facts {
  const seen = look(model, at);
  const known = knownOf(facts, seen);
  const news = seen.reached.filter((percent) => !known.includes(percent));
  const highest = Math.max(0, ...news);
  const speaks =
    isLowered && seen.spend * 100 >= seen.limit && highest > Math.max(0, ...known) && highest > 0;
  return record(
    facts,
    seen,
    news.map((percent) => {
      if (!speaks) return [percent, "limit-changed"];
      return [percent, percent === highest ? "announced" : "higher-threshold"];
    }),
  );
}

/** What the program may have recorded, and whether somebody still has to look. */
export interface States {
  /** Something was spent since that somebody has to look at. */
  readonly owing: readonly Facts[];
  readonly free: readonly Facts[];
}

/** A limit or thresholds change: what was reached before is told first. */
export function alterLimit(
  history: { readonly model: Model; states: States },
  change: { readonly at: number; readonly isLowered: boolean },
  carryOut: () => void,
): void {
  const { model } = history;
  const altered = (next: (facts: Facts) => Facts): void => {
    const { owing, free } = history.states;
    history.states = { owing: owing.map(next), free: free.map(next) };
  };
  altered((facts) => afterCheck(model, facts, change.at));
  carryOut();
  altered((facts) => afterLimitChange(model, facts, change));
}

/** What looks at these times may have made of it; whoever found nothing more has looked. */
export function looked(model: Model, states: States, looks: readonly number[]): States {
  const owing = reachable(model, states.owing, looks);
  const free = reachable(model, states.free, looks);
  return { owing, free: unique([...free, ...settled(model, owing, looks)]) };
}

function unique(states: readonly Facts[]): readonly Facts[] {
  return states.length < 2
    ? states
    : [...new Map(states.map((facts) => [textOf(facts), facts])).values()];
}

/** Every set of facts that looks at these times, in any order and number, may lead to. */
function reachable(
  model: Model,
  states: readonly Facts[],
  looks: readonly number[],
): readonly Facts[] {
  if (states.length === 0) return states;
  const known = new Map(states.map((facts) => [textOf(facts), facts]));
  const open = [...states];
  for (let facts = open.pop(); facts !== undefined; facts = open.pop()) {
    for (const at of looks) {
      const next = afterCheck(model, facts, at);
      const text = textOf(next);
      if (known.has(text)) continue;
      known.set(text, next);
      open.push(next);
    }
  }
  return [...known.values()];
}

/** Those of them after which one more look at one of these times finds nothing. */
function settled(
  model: Model,
  states: readonly Facts[],
  looks: readonly number[],
): readonly Facts[] {
  return states.filter((facts) =>
    looks.some((at) => textOf(afterCheck(model, facts, at)) === textOf(facts)),
  );
}

export function textOf(facts: Facts): string {
  return [...facts]
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join("\n");
}
