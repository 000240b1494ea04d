/** Who wants to know what changed: the pages of people, tests that wait, the file that keeps it all. */
import type { ChangeNotice } from "./protocol.ts";

export interface Changes {
  /** Listens to what changes for one person; the returned function stops it. */
  readonly listen: (userId: string, listener: (notice: ChangeNotice) => void) => () => void;
  /** Listens to every change, whoever it is for. */
  readonly listenToAll: (listener: () => void) => () => void;
  readonly notify: (userIds: readonly string[], notice: ChangeNotice) => void;
}

export function createChanges(): Changes {
  const personal = new Map<string, Set<(notice: ChangeNotice) => void>>();
  const general = new Set<() => void>();
  return {
    listen: (userId, listener) => {
      const listeners = personal.get(userId) ?? new Set();
      personal.set(userId, listeners.add(listener));
      return () => {
        listeners.delete(listener);
      };
    },
    listenToAll: (listener) => {
      general.add(listener);
      return () => {
        general.delete(listener);
      };
    },
    notify: (userIds, notice) => {
      for (const userId of userIds) {
        for (const listener of personal.get(userId) ?? []) listener(notice);
      }
      for (const listener of general) listener();
    },
  };
}
