/** When lists are read: every minute whatever is due, each by one replica at a time. */
import type { AdminReader } from "../../anthropic/read.ts";
import { type MinuteTick, startMinuteTick } from "../../jobs/minute-tick.ts";
import { type SyncDeps, syncDirectory } from "./flow/sync-directory.ts";

/** Reads what is due until it is stopped; a stop ends the reading at the next request. */
export function startDirectorySync(
  deps: Omit<SyncDeps, "reader" | "signal"> & {
    readonly reader: (signal: AbortSignal) => AdminReader | undefined;
  },
): MinuteTick {
  const stopping = new AbortController();
  const { signal } = stopping;
  const reader = deps.reader(signal);
  const tick = startMinuteTick({
    name: "directory-sync",
    log: deps.log,
    work: async () => {
      await syncDirectory({ ...deps, reader, signal }, { isAsked: false });
    },
  });
  return {
    stop: async () => {
      stopping.abort(new Error("the program stops"));
      await tick.stop();
    },
  };
}
