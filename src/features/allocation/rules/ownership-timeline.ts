/**
 * Who owned what, when: time is tiled by stretches in each of which one ownership holds as a whole.
 * Pure. Whole stretches instead of dates on every row, because the order of rules has a meaning only
 * among those of one document; so nothing can overlap or be empty (ADR 0025).
 */
import { doOverlap, holdsAt } from "../../../domain/stretch.ts";
import type { Instant } from "../../../domain/time.ts";
import type { AllocationRule } from "../rules.ts";
import {
  belongingsAt,
  type DatedBelonging,
  inOrder,
  restateBelongings,
} from "./dated-belongings.ts";

/** All that decides whose spend is. Plain data: it is kept as it is. */
export interface Ownership {
  /** In order: the first match wins. */
  readonly rules: readonly AllocationRule[];
  /** The teams that a person owns or is a member of, in order. */
  readonly memberships: Readonly<Record<string, readonly string[]>>;
  readonly teamByProject: Readonly<Record<string, string>>;
  /** Addresses of service accounts by the ids under which they use Claude: "api_key:apikey_02". */
  readonly serviceAccountById: Readonly<Record<string, string>>;
  /** Of whom dates were given: where they belong when, instead of the two before. */
  readonly dated?: readonly DatedBelonging[];
}

/** A stretch of time. Undefined ends are open: since ever, until further notice. */
export interface OwnershipPeriod {
  readonly from: Instant | undefined;
  readonly until: Instant | undefined;
  readonly ownership: Ownership;
}

/** Tiles time: ascending, the end of one is the start of the next, the outer ends are open. */
export type OwnershipTimeline = readonly OwnershipPeriod[];

/**
 * The timeline after `ownership` was decided to hold from `from` on, whatever had been decided for
 * that time before. What lies before stays, but for what says itself that it began earlier: such
 * rules go before the rules of that time, and who has such a date belongs from it on to what is
 * said now. Undefined `from`: since ever.
 */
export function decideOwnership(
  timeline: OwnershipTimeline,
  decided: { readonly ownership: Ownership; readonly from: Instant | undefined },
): OwnershipTimeline {
  const { from } = decided;
  const { dated = [], ...rest } = decided.ownership;
  const ownership = dated.length === 0 ? rest : { ...rest, dated: inOrder(dated) };
  if (from === undefined || timeline.length === 0) {
    return [{ from: undefined, until: undefined, ownership }];
  }
  const earlier = ownership.rules.filter((rule) => rule.from !== undefined && rule.from < from);
  const began = dated.filter((one) => one.from !== undefined && one.from < from);
  const names = new Set(began.map(({ kind, name }) => `${kind} ${name}`));
  const restated = dated.filter(
    (one) => one.from !== undefined && names.has(`${one.kind} ${one.name}`),
  );
  const cuts = [from, ...earlier.flatMap((rule) => [rule.from, rule.until])];
  const past = cuts
    .reduce(cutAt, timeline)
    .filter((period) => period.until !== undefined && period.until <= from)
    .map((period) => withBelongings(withRules(period, earlier), restated));
  return joinEqual([...past, { from, until: undefined, ownership }]);
}

function withRules(period: OwnershipPeriod, rules: readonly AllocationRule[]): OwnershipPeriod {
  const { ownership } = period;
  const there = new Set(ownership.rules.map(textOf));
  const added = rules.filter((rule) => doOverlap(rule, period) && !there.has(textOf(rule)));
  if (added.length === 0) return period;
  return { ...period, ownership: { ...ownership, rules: [...added, ...ownership.rules] } };
}

function withBelongings(
  period: OwnershipPeriod,
  restated: readonly DatedBelonging[],
): OwnershipPeriod {
  const { dated: former = [], ...ownership } = period.ownership;
  const dated = restateBelongings(former, restated, period);
  return dated === former ? period : { ...period, ownership: { ...ownership, dated } };
}

/** The same timeline with a border at `at`. */
function cutAt(timeline: OwnershipTimeline, at: Instant | undefined): OwnershipTimeline {
  if (at === undefined) return timeline;
  return timeline.flatMap((period) => {
    const isInside =
      (period.from === undefined || period.from < at) &&
      (period.until === undefined || at < period.until);
    return isInside
      ? [
          { ...period, until: at },
          { ...period, from: at },
        ]
      : [period];
  });
}

function joinEqual(timeline: OwnershipTimeline): OwnershipTimeline {
  const joined: OwnershipPeriod[] = [];
  for (const period of timeline) {
    const last = joined.at(-1);
    if (last !== undefined && textOf(last.ownership) === textOf(period.ownership)) {
      joined[joined.length - 1] = { ...last, until: period.until };
    } else {
      joined.push(period);
    }
  }
  return joined;
}

/** The same for equal values, whatever the order of their names. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(
          Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1)),
        )
      : part,
  );
}

/** The first instant before `before` for which `next` says something else than `former`. */
export function firstChange(
  former: OwnershipTimeline,
  next: OwnershipTimeline,
  before: Instant,
): Instant | undefined {
  // Of all that lies before the first border nothing is ever decided anew.
  return bordersOf([...former, ...next]).find(
    (at) => at < before && !isSameAt({ former, next }, at),
  );
}

function isSameAt(
  { former, next }: { readonly former: OwnershipTimeline; readonly next: OwnershipTimeline },
  at: Instant,
): boolean {
  // What was left alone is the very same object, and most is.
  if (ownershipIn(former, at) === ownershipIn(next, at)) return true;
  return meaningOf(former, at) === meaningOf(next, at);
}

/** What an event of that time would be allocated by: the dates themselves are no part of it. */
function meaningOf(timeline: OwnershipTimeline, at: Instant): string {
  const then = ownershipThen(timeline, at);
  return textOf({
    rules: then.rules.map(({ from: _from, until: _until, ...rule }) => rule),
    memberships: Object.fromEntries(then.membershipsByEmail),
    projects: Object.fromEntries(then.teamByProject),
    accounts: Object.fromEntries(then.serviceAccountById),
  });
}

/** What `allocateEvent` needs to know of ownership. */
export interface OwnershipThen {
  readonly rules: readonly AllocationRule[];
  readonly membershipsByEmail: ReadonlyMap<string, readonly string[]>;
  readonly teamByProject: ReadonlyMap<string, string>;
  readonly serviceAccountById: ReadonlyMap<string, string>;
}

/** Answers who owned what at a time; quick for many questions. */
export type OwnershipAt = (at: Instant) => OwnershipThen;

/**
 * Prepares a timeline for questions. A stretch is made ready when it is first asked for: nearly all
 * questions are about the last one.
 */
export function ownershipLookup(timeline: OwnershipTimeline): OwnershipAt {
  const borders = bordersOf(timeline).map((at) => at.getTime());
  const ready = new Map<number, OwnershipThen>();
  return (at) => {
    const time = at.getTime();
    let index = borders.length;
    // From the end: usage is of today.
    while (index > 0 && (borders[index - 1] ?? 0) > time) index -= 1;
    const known = ready.get(index);
    if (known !== undefined) return known;
    const then = ownershipThen(timeline, at);
    ready.set(index, then);
    return then;
  };
}

/** In order, all instants at which something begins or ends. */
function bordersOf(timeline: OwnershipTimeline): readonly Instant[] {
  const dates = new Map<number, Instant>();
  for (const { from, ownership } of timeline) {
    const named = [...ownership.rules, ...(ownership.dated ?? [])];
    for (const at of [from, ...named.flatMap((one) => [one.from, one.until])]) {
      if (at !== undefined) dates.set(at.getTime(), at);
    }
  }
  return [...dates.values()].toSorted((left, right) => left.getTime() - right.getTime());
}

export const NO_OWNERSHIP: Ownership = {
  rules: [],
  memberships: {},
  teamByProject: {},
  serviceAccountById: {},
};

function ownershipIn(timeline: OwnershipTimeline, at: Instant): Ownership {
  const period = timeline.findLast(({ from }) => from === undefined || from <= at);
  return period?.ownership ?? NO_OWNERSHIP;
}

function ownershipThen(timeline: OwnershipTimeline, at: Instant): OwnershipThen {
  const ownership = ownershipIn(timeline, at);
  const membershipsByEmail = new Map(Object.entries(ownership.memberships));
  const teamByProject = new Map(Object.entries(ownership.teamByProject));
  for (const { kind, name, teams } of belongingsAt(ownership.dated ?? [], at)) {
    const [team] = teams;
    if (team === undefined) (kind === "person" ? membershipsByEmail : teamByProject).delete(name);
    else if (kind === "person") membershipsByEmail.set(name, teams);
    else teamByProject.set(name, team);
  }
  return {
    rules: ownership.rules.filter((rule) => holdsAt(rule, at)),
    membershipsByEmail,
    teamByProject,
    serviceAccountById: new Map(Object.entries(ownership.serviceAccountById)),
  };
}
