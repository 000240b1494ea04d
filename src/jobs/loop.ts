/**
 * A loop that works through what is due: again at once while there is more, else after a wake-up or
 * the interval. One that fails waits and tries again; it never ends the program.
 */
import type { Logger } from "pino";

export interface Loop {
  /** There may be something to do. Cheap; calls while it works are remembered as one. */
  readonly wake: () => void;
  /** Resolves when the piece of work in hand is done; no further one starts. */
  readonly stop: () => Promise<void>;
}

/** Grows with each failure in a row, so that a lost database is not hammered. */
const FAILURE_PAUSE_MS_MAX = 30_000;

export function startLoop(options: {
  readonly name: string;
  /** The longest pause while all is well. */
  readonly intervalMs: number;
  /** Does one portion and says how much that was; 0: nothing is due. */
  readonly run: () => Promise<number>;
  readonly log: Logger;
}): Loop {
  const { name, intervalMs, run, log } = options;
  let isStopping = false;
  let isWoken = false;
  let wakeUp: (() => void) | undefined;
  let failures = 0;

  const pause = async (ms: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    wakeUp = undefined;
  };

  const step = async (): Promise<void> => {
    isWoken = false;
    try {
      const count = await run();
      failures = 0;
      if (count === 0 && !isWoken) await pause(intervalMs);
    } catch (error) {
      failures += 1;
      log.warn({ err: error, loop: name, failures }, "loop will try again");
      await pause(Math.min(FAILURE_PAUSE_MS_MAX, intervalMs * 2 ** Math.min(failures, 6)));
    }
  };

  const finished = (async () => {
    // oxlint-disable-next-line no-unmodified-loop-condition -- stop() changes it
    while (!isStopping) await step();
  })();

  return {
    wake: () => {
      isWoken = true;
      // While failures last, the pause is the point.
      if (failures === 0) wakeUp?.();
    },
    stop: async () => {
      isStopping = true;
      wakeUp?.();
      await finished;
    },
  };
}
