/** Events that will be missing: worded, counted and told; never silently. */
import type { DropReason, UsageProblem } from "./problems.ts";

/** Losses by a full buffer are told together, this often at most. */
const OVERFLOW_TOLD_EVERY_MS = 1_000;

interface Loss {
  readonly why: string;
  readonly cause?: unknown;
}

export interface LossReport {
  readonly tell: (events: number, reason: DropReason, loss: Loss) => void;
  /** One more than the buffer takes; told soon, with others. */
  readonly addOverflow: () => void;
  readonly tellOverflow: () => void;
}

export function createLossReport(tellProblem: (problem: UsageProblem) => void): LossReport {
  let overflow = 0;
  let timer: NodeJS.Timeout | undefined;
  const tell: LossReport["tell"] = (events, reason, { why, cause }) => {
    if (events === 0) return;
    const message = `Usage of ${String(events)} ${events === 1 ? "call" : "calls"} is lost: ${why}.`;
    tellProblem({ kind: "dropped", reason, events, message, cause });
  };
  const tellOverflow = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const events = overflow;
    overflow = 0;
    tell(events, "buffer-full", { why: "Claude Spend takes them slower than they come" });
  };
  return {
    tell,
    tellOverflow,
    addOverflow: () => {
      overflow += 1;
      timer ??= setTimeout(tellOverflow, OVERFLOW_TOLD_EVERY_MS).unref();
    },
  };
}
