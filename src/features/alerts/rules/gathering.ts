/** What of a storm is still told when its message is written, and for how long that is of use. Pure. */
import type { Instant } from "../../../domain/time.ts";
import type { Alert } from "../rules.ts";

/** A fact that is to be a line of a storm's message. */
export interface WaitingAlert {
  readonly alert: Alert;
  /** What it said is no longer the case, and its thread says so. */
  readonly isResolved: boolean;
}

export interface GatheringPlan {
  readonly told: readonly Alert[];
  readonly dropped: readonly {
    readonly alert: Alert;
    readonly because: "period-over" | "resolved";
  }[];
  /** Until when the message says something true; undefined: one of its lines is of no period. */
  readonly validUntil: Instant | undefined;
}

/** Normally all of them: they have waited for a moment. It is different when no worker ran. */
export function planGathering(waiting: readonly WaitingAlert[], now: Instant): GatheringPlan {
  const isOver = ({ period }: Alert): boolean => period !== undefined && period.end <= now;
  const told = waiting.filter(({ alert, isResolved }) => !isResolved && !isOver(alert));
  const dropped = waiting.filter((one) => !told.includes(one));
  const ends = told.map(({ alert }) => alert.period?.end);
  return {
    told: told.map(({ alert }) => alert),
    dropped: dropped.map(({ alert }) => ({
      alert,
      because: isOver(alert) ? "period-over" : "resolved",
    })),
    validUntil: ends.reduce(
      (latest, end) =>
        latest === undefined || end === undefined ? undefined : end > latest ? end : latest,
      ends[0],
    ),
  };
}
