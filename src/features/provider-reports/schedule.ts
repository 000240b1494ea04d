/** When reports are read: every minute whatever is due, on one replica at a time. */
import { setTimeout as wait } from "node:timers/promises";
import { v4 as uuid } from "uuid";
import { type MinuteTick, startMinuteTick } from "../../jobs/minute-tick.ts";
import { type PullReportsDeps, pullReports } from "./flow/pull-reports.ts";

/** Reads what is due until it is stopped; a stop ends the reading at the next request. */
export function startPulling(
  deps: Omit<PullReportsDeps, "holder" | "signal" | "wait">,
): MinuteTick {
  const stopping = new AbortController();
  const { signal } = stopping;
  const holder = uuid();
  const tick = startMinuteTick({
    name: "pull-reports",
    log: deps.log,
    work: async () => {
      await pullReports({
        ...deps,
        holder,
        signal,
        wait: async (ms) => {
          await wait(ms, undefined, { signal });
        },
      });
    },
  });
  return {
    stop: async () => {
      stopping.abort(new Error("the program stops"));
      await tick.stop();
    },
  };
}
