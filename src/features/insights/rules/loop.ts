/**
 * Repetition: the same prompt again and again, an operation that is tried over and over, an
 * operation or session that makes requests faster than anybody works. Pure.
 */
import { allocate, type Usd, usdFromDecimal, ZERO_USD } from "../../../domain/money.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";
import { MINUTE_MS } from "../../../domain/time.ts";

/** Over how long repetition is counted. */
export const LOOP_WINDOW_MS = 10 * MINUTE_MS;

export const REPEATED_KINDS = ["prompt", "operation", "session"] as const;
export type RepeatedKind = (typeof REPEATED_KINDS)[number];

/** So many requests in the window are a repetition. Agents make dozens in one operation. */
export const REPEATS_MIN: Readonly<Record<RepeatedKind, number>> = {
  prompt: 10,
  operation: 40,
  session: 150,
};
/** So many attempts of one operation whose answers were cut off are a retry storm. */
export const CUT_OFF_MIN = 5;

/** Far above its own normal: the same minutes a day and a week before. */
const TIMES_NORMAL = 3;
/** Wasted in the window: less is nobody's business. */
const WASTE_MIN: Usd = usdFromDecimal("1");
/** Of one repetition's requests so many belong to another: it is the same one. */
const SAME_PERCENT = 70;

/** What was repeated in the window. */
export interface Repeated {
  readonly kind: RepeatedKind;
  readonly key: string;
  /** Whose requests these are. */
  readonly scope: Scope;
  readonly requests: number;
  /** Attempts whose answer was cut off. */
  readonly cutOff: number;
  readonly cost: Usd;
  readonly cutOffCost: Usd;
  /** The most requests with this key in comparable windows before. */
  readonly requestsBefore: number;
}

export interface Loop {
  readonly repeated: Repeated;
  readonly what: "duplicates" | "retries" | "loop";
  /** What the window's repetitions cost. */
  readonly wasted: Usd;
}

/** Undefined: nothing out of the ordinary. `bar` rises after false alarms. */
export function evaluateLoop(repeated: Repeated, bar: bigint): Loop | undefined {
  const times = Number(bar);
  const { kind, requests, cutOff, requestsBefore } = repeated;
  const isRetried = kind === "operation" && cutOff >= CUT_OFF_MIN * times && cutOff * 2 >= requests;
  const isRepeated = requests >= REPEATS_MIN[kind] * times;
  if (!isRetried && !isRepeated) return undefined;
  if (requests <= requestsBefore * TIMES_NORMAL * times) return undefined;
  const what = isRetried ? "retries" : kind === "prompt" ? "duplicates" : "loop";
  const wasted = wastedOf(repeated, what);
  return wasted >= WASTE_MIN * bar ? { repeated, what, wasted } : undefined;
}

/** Of duplicates all but the first; of retries what was cut off; of a loop what is above normal. */
function wastedOf(repeated: Repeated, what: Loop["what"]): Usd {
  const { requests, requestsBefore, cost, cutOffCost } = repeated;
  if (what === "retries") return cutOffCost;
  const rightful = what === "duplicates" ? Math.max(1, requestsBefore) : requestsBefore;
  if (cost <= 0n || requests <= 0) return ZERO_USD;
  const kept = BigInt(Math.min(rightful, requests));
  const shares = allocate(cost, [
    { key: "kept", weight: kept },
    { key: "wasted", weight: BigInt(requests) - kept },
  ]);
  return shares.find(({ key }) => key === "wasted")?.amount ?? ZERO_USD;
}

/**
 * By subject, what it is a part of; undefined for those that are told. One loop repeats a prompt, in
 * an operation, in a session.
 */
export function loopPartOf(loops: readonly Loop[]): ReadonlyMap<string, string | undefined> {
  const ordered = loops.toSorted(
    (left, right) =>
      REPEATED_KINDS.indexOf(left.repeated.kind) - REPEATED_KINDS.indexOf(right.repeated.kind),
  );
  const result = new Map<string, string | undefined>();
  for (const loop of ordered) {
    const { repeated } = loop;
    const narrower = ordered.find(
      (other) =>
        REPEATED_KINDS.indexOf(other.repeated.kind) < REPEATED_KINDS.indexOf(repeated.kind) &&
        formatScope(other.repeated.scope) === formatScope(repeated.scope) &&
        other.repeated.requests * 100 >= repeated.requests * SAME_PERCENT,
    );
    result.set(
      loopSubject(repeated),
      narrower === undefined ? undefined : loopSubject(narrower.repeated),
    );
  }
  return result;
}

/** Whose repetition of what: the same prompt of two people is two. */
export function loopSubject({
  kind,
  key,
  scope,
}: Pick<Repeated, "kind" | "key" | "scope">): string {
  return `${kind}:${key} of ${formatScope(scope)}`;
}
