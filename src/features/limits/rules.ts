/**
 * Limits that other systems keep, the decisions: what to write there for a raise, what to write when
 * it ends, and when to leave it alone. Pure. Never blind: every plan compares what was read with
 * what we last wrote, and a limit that somebody else changed meanwhile is theirs.
 */
import type { Email } from "../../domain/email.ts";
import type { LimitReading, LimitSystem, LimitTarget } from "../../domain/limit.ts";
import { PICO_PER_USD, type Usd, usd } from "../../domain/money.ts";
import type { Instant } from "../../domain/time.ts";

export type PushOperation = "raise" | "approve_increase" | "deny_increase";
export type PushStatus = "pending" | "sending" | "done" | "unknown" | "failed" | "reversed";

/** One change of one limit elsewhere, on its way there (`forward`) or back. */
export interface Push {
  readonly pushId: string;
  readonly operation: PushOperation;
  readonly target: LimitTarget;
  readonly period: string;
  readonly amount: Usd;
  readonly approvalRequestId: string;
  readonly increaseRequestId: string | undefined;
  readonly requester: Email;
  /** Undefined: granted automatically. */
  readonly decidedBy: Email | undefined;
  readonly endsAt: Instant | undefined;
  readonly direction: "forward" | "back";
  readonly status: PushStatus;
  /** What was there before the first attempt, and what is to be there. */
  readonly before: Usd | undefined;
  readonly beforeIsOwn: boolean;
  readonly intended: Usd | undefined;
  /** It was seen to stand there. */
  readonly isApplied: boolean;
  readonly attempts: number;
  readonly detail: string | undefined;
  readonly version: number;
  readonly createdAt: Instant;
}

/** What we know of a limit that we have changed. */
export interface TargetState {
  /** What it had of its own before our first change; undefined: nothing, it inherited. */
  readonly ownLimit: Usd | undefined;
  /** Undefined: nothing of ours stands there. */
  readonly lastWritten: Usd | undefined;
}

export type ForwardPlan =
  /** There is no limit, or the raise is less than its smallest step. */
  | { readonly kind: "nothing"; readonly because: "unlimited" | "too-small" }
  /** What was intended stands there already. */
  | { readonly kind: "landed"; readonly intended: Usd }
  | {
      readonly kind: "write";
      readonly before: Usd;
      readonly isOwn: boolean;
      readonly intended: Usd;
    }
  | Conflict;

interface Conflict {
  readonly kind: "conflict";
  readonly expected: Usd;
  /** Undefined: no limit at all. */
  readonly found: Usd | undefined;
}

/** The smallest step of a limit: Anthropic's are whole cents, LiteLLM's numbers hold micro-dollars. */
const STEP: Readonly<Record<LimitSystem, bigint>> = {
  anthropic: PICO_PER_USD / 100n,
  gateway: PICO_PER_USD / 100n,
  litellm: PICO_PER_USD / 1_000_000n,
};

/**
 * What to do for a raise, having read what stands there. Once it is written down what is intended,
 * there are two values that are ours, the one before and the one after; any other is somebody's.
 */
export function planForward(
  push: Pick<Push, "target" | "amount" | "before" | "beforeIsOwn" | "intended">,
  reading: LimitReading,
  state: TargetState | undefined,
): ForwardPlan {
  const found = reading.effective;
  if (push.before !== undefined && push.intended !== undefined) {
    const { before, intended, beforeIsOwn: isOwn } = push;
    if (found === intended) return { kind: "landed", intended };
    return found === before
      ? { kind: "write", before, isOwn, intended }
      : { kind: "conflict", expected: before, found };
  }
  const lastWritten = state?.lastWritten;
  if (lastWritten !== undefined && found !== lastWritten) {
    return { kind: "conflict", expected: lastWritten, found };
  }
  if (found === undefined) return { kind: "nothing", because: "unlimited" };
  const step = STEP[push.target.system];
  const intended = usd(((found + push.amount) / step) * step);
  return intended === found
    ? { kind: "nothing", because: "too-small" }
    : { kind: "write", before: found, isOwn: reading.isOwn, intended };
}

export type BackPlan =
  /** Nothing of it ever arrived. */
  | { readonly kind: "never-landed" }
  | { readonly kind: "landed"; readonly next: Usd | undefined }
  | { readonly kind: "write"; readonly next: Usd }
  /** Its own limit goes, and it inherits again. */
  | { readonly kind: "remove"; readonly limitId: string }
  | Conflict;

/**
 * What to do when a raise ends: its share is taken off what stands there. When it was the last of
 * ours, what the target had before comes back, also when that was no limit of its own.
 */
export function planBack(
  push: Pick<Push, "before" | "intended" | "isApplied">,
  reading: LimitReading,
  known: {
    readonly state: TargetState | undefined;
    /** Other raises of ours still stand there. */
    readonly hasOthers: boolean;
  },
): BackPlan {
  const { before, intended, isApplied } = push;
  const found = reading.effective;
  if (before === undefined || intended === undefined) return { kind: "never-landed" };
  // Whether it had arrived was in doubt when its time was over.
  if (!isApplied && found === before) return { kind: "never-landed" };
  const standing = isApplied ? (known.state?.lastWritten ?? intended) : intended;
  const isInherited =
    !known.hasOthers && known.state !== undefined && known.state.ownLimit === undefined;
  if (isInherited) {
    if (!reading.isOwn) return { kind: "landed", next: undefined };
    return found === standing && reading.limitId !== undefined
      ? { kind: "remove", limitId: reading.limitId }
      : { kind: "conflict", expected: standing, found };
  }
  const next = usd(standing - (intended - before));
  if (found === next) return { kind: "landed", next };
  return found === standing
    ? { kind: "write", next }
    : { kind: "conflict", expected: standing, found };
}

const BACK_OFF_FIRST_MS = 5_000;
/** A system that is away for a night is found again within the hour. */
const BACK_OFF_MAX_MS = 60 * 60_000;

/** How long to wait after an attempt that left things open; `attempts` counts it. */
export function backOffMs(attempts: number): number {
  return Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(attempts - 1, 12));
}
