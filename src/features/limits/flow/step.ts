/** What one attempt at a push came to, and what every attempt needs. */
import type { Logger } from "pino";
import type { CallOutcome } from "../../../domain/limit.ts";
import { formatUsd, type Usd } from "../../../domain/money.ts";
import type { Clock } from "../../../domain/time.ts";
import type { Database } from "../../../store/database.ts";
import type { TargetState } from "../rules.ts";
import type { Lease } from "../store/pushes.ts";
import type { IncreaseDesk, LimitKeepers } from "./keepers.ts";

export interface LimitDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly keepers: LimitKeepers;
  /** Undefined: no Claude Enterprise organization. */
  readonly desk: IncreaseDesk | undefined;
}

export interface Attempt {
  readonly deps: LimitDeps;
  readonly lease: Lease;
}

export type Step =
  | {
      readonly kind: "done" | "reversed";
      readonly detail?: string | undefined;
      /** What is known of the target from now on; absent: nothing was changed there. */
      readonly state?: TargetState | undefined;
    }
  /** For good; a person has to look. */
  | { readonly kind: "failed"; readonly detail: string }
  /** It may have been done: looked at again, never sent blindly. */
  | { readonly kind: "unknown"; readonly detail: string }
  /** Nothing was done. */
  | { readonly kind: "later"; readonly detail: string; readonly retryAfterMs?: number | undefined }
  /** Another worker has taken over: what we found out is its business now. */
  | { readonly kind: "lease-lost" };

/** Of a question that only reads, or of a write that was refused: nothing was changed. */
export function stepOfFailure(outcome: Exclude<CallOutcome<unknown>, { kind: "answer" }>): Step {
  switch (outcome.kind) {
    case "refused":
      return { kind: "failed", detail: outcome.message };
    case "busy":
      return { kind: "later", detail: outcome.message, retryAfterMs: outcome.retryAfterMs };
    case "doubt":
      return { kind: "later", detail: outcome.message };
  }
}

/** Somebody else has changed it: theirs stays. */
export function conflict(expected: Usd, found: Usd | undefined): Step {
  const now = found === undefined ? "no limit" : formatUsd(found);
  return {
    kind: "failed",
    detail: `Somebody changed it meanwhile: expected ${formatUsd(expected)}, found ${now}. Nothing was written.`,
  };
}
