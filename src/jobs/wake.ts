/**
 * Wakes loops of every replica when there is something to do, through Postgres' notifications. Only
 * a hint: whoever misses one finds the work at the next interval.
 */
import type { Logger } from "pino";
import type { Database } from "../store/database.ts";
import { listenForWork, notifyOfWork, type WorkKind } from "../store/notify.ts";

export interface Waker {
  /** Says so, at most every few milliseconds however often it is called; never throws. */
  readonly wake: (kind: WorkKind) => void;
  readonly onWake: (kind: WorkKind, listener: () => void) => void;
  readonly stop: () => Promise<void>;
}

/** A notification costs a commit of its own, so a burst of webhooks shares one. */
const GATHER_MS = 20;

export function createWaker(database: Database, log: Logger): Waker {
  const listeners = new Map<WorkKind, (() => void)[]>();
  const gathering = new Map<WorkKind, NodeJS.Timeout>();
  const subscribe = (): ReturnType<typeof listenForWork> =>
    listenForWork(database, (payload) => {
      for (const [kind, each] of listeners) {
        if (kind === payload) for (const listener of each) listener();
      }
    });
  // It takes a connection, which a replica that only wakes others can do without.
  let subscription: ReturnType<typeof listenForWork> | undefined;
  return {
    wake: (kind) => {
      if (gathering.has(kind)) return;
      gathering.set(
        kind,
        setTimeout(() => {
          gathering.delete(kind);
          notifyOfWork(database, kind).catch((error: unknown) => {
            log.debug({ err: error }, "wake-up was not sent");
          });
        }, GATHER_MS),
      );
    },
    onWake: (kind, listener) => {
      listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
      subscription ??= subscribe();
    },
    stop: async () => {
      for (const timer of gathering.values()) clearTimeout(timer);
      listeners.clear(); // What arrives while the connection closes is nobody's any more.
      await subscription?.stop();
    },
  };
}
