/** When a Home is published: at once, a moment later, again after a failure, or not at all. Pure. */
import type { Usd } from "../../../domain/money.ts";
import { addMs, DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../../domain/time.ts";

/** Whoever opened Home longer ago finds it up to date when they open it again. */
export const KEPT_FRESH_MS = 7 * DAY_MS;
/** So long after it was opened it may still be on the screen: it shows also what moves slowly. */
export const ON_SCREEN_MS = 8 * HOUR_MS;
/** A Home that may be on the screen is never older. */
export const SCREEN_AGE_MAX_MS = HOUR_MS;
/** Older than this, what was published is not shown again while the new is made. */
const CACHE_AGE_MAX_MS = 15 * MINUTE_MS;
/** Changes that follow each other are one publish for a person. */
export const GATHER_MS = 3_000;
/** Slack allows 100 a minute (Tier 4); what people open comes on top. */
export const PUBLISHES_PER_MINUTE_MAX = 70;
/** After so many failures in a row the next change, or opening Home, begins anew. */
const ATTEMPTS_MAX = 8;
const RETRY_MS = 2_000;
/** From this attempt on it is published over whatever is there: nobody else will say what that is. */
const UNCONDITIONAL_ATTEMPT = 3;

/** Whether what was published last may be shown again while Home is looked up anew. */
export function isFreshEnough(
  shown: { readonly renderedAt: Instant | undefined; readonly dueAt: Instant | undefined },
  now: Instant,
): boolean {
  const { renderedAt, dueAt } = shown;
  return (
    renderedAt !== undefined && dueAt === undefined && addMs(renderedAt, CACHE_AGE_MAX_MS) > now
  );
}

/** What Slack said to a publish that failed. */
export type PublishFailure =
  /** There is something else by now: somebody published meanwhile. */
  | { readonly kind: "superseded" }
  | { readonly kind: "retry"; readonly afterMs: number | undefined }
  /** There is nobody to show it to. */
  | { readonly kind: "gone" };

export type AfterFailure =
  | { readonly kind: "again"; readonly at: Instant }
  /** Until the next change. */
  | { readonly kind: "given-up" }
  | { readonly kind: "forgotten" };

/** What becomes of it; `attempts` includes the one that failed. */
export function decideAfterFailure(
  failure: PublishFailure,
  attempts: number,
  now: Instant,
): AfterFailure {
  switch (failure.kind) {
    case "gone":
      return { kind: "forgotten" };
    case "superseded":
      return { kind: "again", at: addMs(now, RETRY_MS / 2) };
    case "retry":
      if (attempts >= ATTEMPTS_MAX) return { kind: "given-up" };
      return { kind: "again", at: addMs(now, failure.afterMs ?? RETRY_MS * 2 ** attempts) };
  }
}

/** Whether a publish still asks that nobody else has published since. */
export function isConditional(attempts: number): boolean {
  return attempts < UNCONDITIONAL_ATTEMPT;
}

const HALF_DOLLAR = 500_000_000_000n;

/** A twentieth, and half a dollar at least: less does not change what anybody thinks of it. */
export function hasMovedNoticeably(shown: Usd, now: Usd): boolean {
  const moved = now > shown ? now - shown : shown - now;
  const size = shown < 0n ? 0n - shown : shown;
  return moved >= HALF_DOLLAR && moved * 20n >= size;
}
