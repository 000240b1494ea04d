/** When limits elsewhere are seen to: pushes within seconds, Anthropic's requests every minute. */
import { startLoop } from "../../jobs/loop.ts";
import { startMinuteTick } from "../../jobs/minute-tick.ts";
import { carryOutPushes } from "./flow/carry-out.ts";
import { type PollDeps, pollIncreases } from "./flow/poll-increases.ts";
import type { LimitDeps } from "./flow/step.ts";

/** An approver who looks at the other system right after the click finds it done. */
const INTERVAL_MS = 3_000;

/** Works until it is stopped; the attempt in hand is finished, or cut off by its own signal. */
export function startLimits(deps: LimitDeps & PollDeps): { readonly stop: () => Promise<void> } {
  const { log } = deps;
  const loop = startLoop({
    name: "limit-pushes",
    intervalMs: INTERVAL_MS,
    run: async () => await carryOutPushes(deps),
    log,
  });
  const tick = startMinuteTick({
    name: "limit-requests",
    work: async () => {
      await pollIncreases(deps);
    },
    log,
  });
  return {
    stop: async () => {
      await tick.stop();
      await loop.stop();
    },
  };
}
