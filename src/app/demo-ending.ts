/**
 * How the demo ends: everything that it has started stops first, however often and however early
 * somebody presses Ctrl-C. Ending at once would leave Postgres behind.
 */

export interface Ending {
  readonly isAsked: () => boolean;
  /** From now on there is something to stop, or nothing will be. */
  readonly canStop: (stop: () => Promise<void>) => void;
}

/** Listens to signals; npm passes on one that the terminal has sent already. */
export function endOnSignals(say: (text: string) => void): Ending {
  let isAsked = false;
  let canStop: Ending["canStop"] = () => {};
  // A Postgres that is being started can only be stopped once it runs.
  const stoppable = new Promise<() => Promise<void>>((resolve) => {
    canStop = resolve;
  });
  const end = async (): Promise<never> => {
    try {
      await (await stoppable)();
      process.exit(0);
    } catch {
      process.exit(1);
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (isAsked) return;
      isAsked = true;
      say("Stopping…");
      void end();
    });
  }
  return {
    isAsked: () => isAsked,
    canStop: (stop) => {
      canStop(stop);
    },
  };
}
