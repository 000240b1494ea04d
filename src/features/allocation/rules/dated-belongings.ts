/**
 * Where people and projects belonged by dates of their own, beside what an ownership says of them in
 * general. Pure. All that a decision says of a name counts from the first date that it gives for it:
 * whoever moved on that day is in the new team then, and no longer in the old one.
 */
import { doOverlap, holdsAt, type Stretch } from "../../../domain/stretch.ts";
import type { Instant } from "../../../domain/time.ts";

/** Where a name belonged in a time, instead of what the memberships and projects beside it say. */
export interface DatedBelonging {
  /** A person or service account by address; a project by key. */
  readonly kind: "person" | "project";
  readonly name: string;
  /** All of them, in order; a project has one or none. */
  readonly teams: readonly string[];
  /** Absent ends are open. */
  readonly from?: Instant;
  readonly until?: Instant;
}

/**
 * What a stretch of the past says of dates once `restated` was decided: of each name from its first
 * date on only what is restated. What was said of the time before stays.
 */
export function restateBelongings(
  former: readonly DatedBelonging[],
  restated: readonly DatedBelonging[],
  stretch: Stretch,
): readonly DatedBelonging[] {
  if (!restated.some((one) => doOverlap(one, stretch))) return former;
  const firstDates = new Map<string, Instant>();
  for (const one of restated) {
    const first = firstDates.get(keyOf(one));
    if (one.from !== undefined && (first === undefined || one.from < first)) {
      firstDates.set(keyOf(one), one.from);
    }
  }
  const kept = former.flatMap((one): DatedBelonging[] => {
    const first = firstDates.get(keyOf(one));
    if (first === undefined || (one.until !== undefined && one.until <= first)) return [one];
    return one.from !== undefined && one.from >= first ? [] : [{ ...one, until: first }];
  });
  // All of them, in one order: what is said again leaves everything as it is.
  return inOrder([...kept, ...restated]);
}

/** By name, and of each name by time. */
export function inOrder(belongings: readonly DatedBelonging[]): readonly DatedBelonging[] {
  const startOf = ({ from }: DatedBelonging): number => from?.getTime() ?? -Infinity;
  return belongings.toSorted((left, right) => {
    const [one, other] = [keyOf(left), keyOf(right)];
    if (one === other) return startOf(left) - startOf(right);
    return one < other ? -1 : 1;
  });
}

/** What is said by dates at `at`, name by name. */
export function belongingsAt(
  belongings: readonly DatedBelonging[],
  at: Instant,
): readonly DatedBelonging[] {
  return belongings.filter((one) => holdsAt(one, at));
}

function keyOf({ kind, name }: DatedBelonging): string {
  return `${kind} ${name}`;
}
