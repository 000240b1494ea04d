/** What can go wrong while usage is reported. An app hears of it here and nowhere else. */

/** One event that Claude Spend refused, in its own words. */
export interface RejectedEvent {
  readonly eventId: string | undefined;
  /** `invalid`, `conflict`, `too_old`, …: docs/usage-events.md lists them. */
  readonly code: string;
  readonly message: string;
}

export type DropReason =
  /** Events came faster than they could be sent for longer than the buffer lasts. */
  | "buffer-full"
  /** Claude Spend could not be reached, or had no time, in every attempt. */
  | "gave-up"
  /** Claude Spend does not want the request as it is: a wrong secret or URL, for example. */
  | "refused"
  /** The reporter was closed, or the process ended, before they were sent. */
  | "closed";

interface ProblemDescription {
  /** One sentence for people. */
  readonly message: string;
  readonly cause?: unknown;
}

/** `kind` tells what is missing from the figures: a call, its attribution, some events. */
export type UsageProblem =
  | (ProblemDescription & { readonly kind: "unattributed" })
  | (ProblemDescription & {
      readonly kind: "unreadable";
      readonly requestId: string | undefined;
    })
  | (ProblemDescription & {
      readonly kind: "dropped";
      readonly reason: DropReason;
      readonly events: number;
    })
  | (ProblemDescription & {
      readonly kind: "rejected";
      readonly rejected: readonly RejectedEvent[];
    });

/** Calls the app's listener; what that throws or rejects with ends here. */
export function tellSafely(
  onProblem: (problem: UsageProblem) => unknown,
  problem: UsageProblem,
): void {
  try {
    Promise.resolve(onProblem(problem)).catch(() => undefined);
  } catch {
    // A listener that fails is no reason for the app's own work to fail.
  }
}

/** For apps that pass no listener. Written at once, for it may be the last that a process does. */
export function warnOfProblem(problem: UsageProblem): void {
  process.stderr.write(`claude-spend: ${problem.message}\n`);
}
