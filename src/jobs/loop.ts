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
  const state = { isStopping: false, wakeUps: 0, failures: 0 };
  let wakeUp: (() => void) | undefined;

  const pause = async (ms: number): Promise<void> => {
    if (state.isStopping) return; // Nobody is left to end it before its time.
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
    const { wakeUps } = state;
    try {
      const count = await run();
      state.failures = 0;
      if (count === 0 && state.wakeUps === wakeUps) await pause(intervalMs);
    } catch (error) {
      state.failures += 1;
      log.warn({ err: error, loop: name, failures: state.failures }, "loop will try again");
      await pause(Math.min(FAILURE_PAUSE_MS_MAX, intervalMs * 2 ** Math.min(state.failures, 6)));
    }
  };

  const finished = (async () => {
    // oxlint-disable-next-line no-await-in-loop -- one portion after the other is what a loop is
    while (!state.isStopping) await step();
  })();

  return {
    wake: () => {
      state.wakeUps += 1;
      // While failures last, the pause is the point.
      if (state.failures === 0) wakeUp?.();
    },
    stop: async () => {
      state.isStopping = true;
      wakeUp?.();
      await finished;
    },
  };
}
