/**
 * The clockwork: node-cron wakes us every minute, and what is due stands in Postgres. So a missed
 * minute is caught up by the next, and any number of replicas may tick.
 */
import cron from "node-cron";
import type { Logger } from "pino";

export interface MinuteTick {
  readonly stop: () => Promise<void>;
}

/** Runs `work` now and at the start of every minute, never twice at a time. */
export function startMinuteTick(options: {
  readonly name: string;
  /** What is left undone when `stopping` says so is due at the next start, or to another replica. */
  readonly work: (stopping: AbortSignal) => Promise<void>;
  readonly log: Logger;
}): MinuteTick {
  const { name, work, log } = options;
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const tick = async (): Promise<void> => {
    if (running !== undefined) return;
    running = work(stopping.signal).catch((error: unknown) => {
      log.warn({ err: error, job: name }, "job will run again in a minute");
    });
    await running;
    running = undefined;
  };
  const task = cron.schedule("* * * * *", tick, {
    name,
    timezone: "UTC",
    // A tick that comes late (a suspended machine, a long pause) is as good as one in time.
    missedExecutionTolerance: 55_000,
  });
  void tick();
  return {
    stop: async () => {
      stopping.abort();
      await task.destroy();
      await running;
    },
  };
}
