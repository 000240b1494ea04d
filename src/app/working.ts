/** The role `worker`: the loops that wake-ups and the clock set to work. */
import { deadDestinationNews, gatherAlerts } from "../features/alerts/index.ts";
import { type Loop, startLoop } from "../jobs/loop.ts";
import { startMinuteTick } from "../jobs/minute-tick.ts";
import { createBatches } from "../slack/batches.ts";
import { sendDueMessages } from "../slack/sender.ts";
import type { WorkKind } from "../store/notify.ts";
import type { Assembly } from "./assembly.ts";

/** The longest pause of a loop that nothing wakes. */
const LOOP_INTERVAL_MS = 2_000;

/** What is gathered for a moment is due by itself, and somebody looks at it. */
const HOMES_INTERVAL_MS = 1_000;

/** Nothing wakes re-rating: it is asked for by hand, now and then, and waits a while by itself. */
const RERATE_INTERVAL_MS = 15_000;

/** The loops and the clockwork; returns how to stop them. */
export function startWorking(parts: Assembly): () => Promise<void> {
  const { wiring, waker, log, clock, database } = parts;
  const reroute = deadDestinationNews({ clock });
  const loop = (
    name: WorkKind,
    run: () => Promise<number>,
    intervalMs = LOOP_INTERVAL_MS,
  ): Loop => {
    const started = startLoop({ name, intervalMs, run, log });
    waker.onWake(name, started.wake);
    return started;
  };
  const batches = createBatches({
    send: async (onClaimed) => await sendDueMessages({ ...parts, reroute }, onClaimed),
    onDone: () => outbox.wake(),
  });
  const outbox = loop("outbox", batches.begin);
  const rerates = startLoop({
    name: "rerates",
    intervalMs: RERATE_INTERVAL_MS,
    run: wiring.rerate,
    log,
  });
  const loops = [
    loop("budget-checks", wiring.checkBudgets),
    loop("gatherings", async () => await gatherAlerts({ database, clock })),
    loop("homes", wiring.refreshHomes, HOMES_INTERVAL_MS),
    outbox,
    rerates,
  ];
  const tick = startMinuteTick({ name: "every-minute", work: wiring.everyMinute, log });
  const pulling = wiring.startPulling();
  const limits = wiring.startLimits();
  return async () => {
    const all = [pulling, limits, tick, ...loops];
    await Promise.all(all.map(async (each) => await each?.stop()));
    await batches.settle();
  };
}
