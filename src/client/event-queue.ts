/**
 * Events between being reported and being delivered: bounded, in order, one batch under way at a
 * time. When it is full it takes no more; the ones that wait are not given up for newer ones.
 */

export interface EventQueueOptions {
  readonly eventsMax: number;
  /** Sends a batch; resolves when it is delivered or given up. Must not reject. */
  readonly deliver: (events: readonly string[]) => Promise<void>;
}

export interface EventQueue {
  /** False: full. */
  readonly offer: (event: string) => boolean;
  /** Events that wait or are under way. */
  readonly size: () => number;
  /** Sends without waiting; resolves when all that was offered so far is delivered or given up. */
  readonly settle: () => Promise<void>;
  /** Forgets everything, also what is under way; the number of events. */
  readonly clear: () => number;
}

/** What Claude Spend takes in one short transaction, far below its 5,000. */
const BATCH_EVENTS_MAX = 500;
/** At three bytes a character, still well below the 8 MiB that Claude Spend reads. */
const BATCH_CHARS_MAX = 1024 * 1024;
/** How long an event waits for others to go with it. */
const BATCH_DELAY_MS = 1_000;

export function createEventQueue({ eventsMax, deliver }: EventQueueOptions): EventQueue {
  const waiting: string[] = [];
  let underWay = 0;
  let offered = 0;
  let settled = 0;
  let isSending = false;
  let timer: NodeJS.Timeout | undefined;
  let settling: { readonly after: number; readonly resolve: () => void }[] = [];

  const advance = (events: number): void => {
    settled += events;
    const done = settling.filter(({ after }) => after <= settled);
    settling = settling.filter(({ after }) => after > settled);
    for (const { resolve } of done) resolve();
  };

  const send = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (isSending) return;
    isSending = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, batchLength(waiting));
      underWay = batch.length;
      await deliver(batch);
      // Cleared meanwhile: already counted as settled.
      const delivered = underWay;
      underWay = 0;
      advance(delivered);
    }
    isSending = false;
  };

  return {
    offer: (event) => {
      if (waiting.length + underWay >= eventsMax) return false;
      waiting.push(event);
      offered += 1;
      if (waiting.length === BATCH_EVENTS_MAX) {
        setImmediate(() => void send());
      } else {
        // A process that has nothing else to do may end: the reporter sends the rest then.
        timer ??= setTimeout(() => void send(), BATCH_DELAY_MS).unref();
      }
      return true;
    },
    size: () => waiting.length + underWay,
    settle: async () => {
      if (settled === offered) return;
      const done = new Promise<void>((resolve) => settling.push({ after: offered, resolve }));
      void send();
      await done;
    },
    clear: () => {
      const events = waiting.length + underWay;
      waiting.length = 0;
      underWay = 0;
      clearTimeout(timer);
      timer = undefined;
      advance(events);
      return events;
    },
  };
}

/** How many of the first events make one batch; at least one. */
function batchLength(events: readonly string[]): number {
  let chars = 0;
  for (const [index, event] of events.entries()) {
    chars += event.length;
    if (index === BATCH_EVENTS_MAX || (index > 0 && chars > BATCH_CHARS_MAX)) return index;
  }
  return events.length;
}
