/** The life of a process: it starts something, keeps it until a signal or a bug, and ends well. */
import type { Logger } from "pino";

/**
 * Ctrl-C reaches us twice under npm, from the terminal and from npm, which may take its time on a
 * busy machine; a person who has waited is slower.
 */
const SAME_SIGNAL_MS = 2_500;

export interface Life {
  readonly log: Logger;
  readonly start: () => Promise<{ readonly stop: () => Promise<void> }>;
  /** Says why; the process ends with 1 afterwards. */
  readonly onStartFailure: (error: unknown) => void | Promise<void>;
  /** False: a stop in progress is left alone; somebody else sees to it that it ends. */
  readonly isHurriedBySignals: boolean;
}

/**
 * Starts; on SIGINT or SIGTERM, or after a bug that nobody awaited, stops and ends the process. A
 * signal that comes while it starts, or again, ends it at once.
 */
export async function live(options: Life): Promise<void> {
  const { log } = options;
  let stopRunning: (() => Promise<void>) | undefined;
  let stoppingSince: number | undefined;

  const stop = (reason: string, exitCode: 0 | 1): void => {
    if (stopRunning === undefined) process.exit(1);
    if (stoppingSince !== undefined) {
      const isNew = performance.now() - stoppingSince > SAME_SIGNAL_MS;
      if (isNew && options.isHurriedBySignals) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    log.info({ reason }, "stopping");
    stopRunning().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        log.error({ err: error }, "stopped with an error");
        process.exit(1);
      },
    );
  };

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      stop(signal, 0);
    });
  }
  // A promise that nobody awaited is a bug of ours: say so and let the supervisor start afresh.
  process.on("unhandledRejection", (error) => {
    log.fatal({ err: error }, "unhandled rejection");
    stop("unhandledRejection", 1);
  });

  try {
    ({ stop: stopRunning } = await options.start());
  } catch (error) {
    await options.onStartFailure(error);
    process.exit(1);
  }
}
