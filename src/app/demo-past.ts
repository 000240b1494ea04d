/**
 * The demo's first start begins some hours ago, in a time of its own that then catches up: a bot
 * that has been here before has news which one that was just started can't have, such as a period
 * that began, a forecast that held, a budget that recovered, a source that went silent.
 */
import { setTimeout as wait } from "node:timers/promises";
import { addMs, type Clock, HOUR_MS, MINUTE_MS } from "../domain/time.ts";
import { checkDueWatches, countWaitingChecks } from "../features/budgets/index.ts";
import { adoptPast } from "../features/insights/index.ts";
import { dryRunUsage, sendUsage, voidsOf } from "../sandbox/example/index.ts";
import type { FakeSlack } from "../sandbox/slack/index.ts";
import { DEMO_INGEST_SECRET, sendExample, type UsageDeps } from "./demo-usage.ts";

/** More than the half day for which a forecast must hold before anybody is told. */
export const PAST_MS = 14 * HOUR_MS;
/** Budgets are looked at with the next full hour after something was spent. */
const LOOK_AFTER_MS = HOUR_MS + MINUTE_MS;
/** Archived before the day's first news for it, and long enough for them to be refused. */
const ARCHIVED_CHANNEL = "#team-support";
const ARCHIVED_MS = 150_000;
const DRAINED_EVERY_MS = 100;
const DRAINED_WITHIN_MS = 20_000;

export interface DemoTime {
  readonly clock: Clock;
  /** From now on it is so much earlier than elsewhere; 0: as late as everywhere. */
  readonly setBehind: (ms: number) => void;
}

export function demoTime(real: Clock): DemoTime {
  let behindMs = 0;
  return {
    clock: () => addMs(real(), -behindMs),
    setBehind: (ms) => {
      behindMs = ms;
    },
  };
}

/**
 * What the bot lives through before the demo is ready; time must be behind by `PAST_MS`.
 *
 * 1. Everything until then is sent, and what a dry run reports by mistake. 2. The bot looks at its
 * budgets. 3. Time catches up: the rest is sent, and the mistake taken back.
 */
export async function livePast(
  deps: UsageDeps,
  {
    time,
    beforeCatchingUp,
  }: { readonly time: DemoTime; readonly beforeCatchingUp: () => Promise<void> },
): Promise<void> {
  const { url, database, clock, realClock, story } = deps;
  const target = { url: `${url}/v1/usage`, secret: DEMO_INGEST_SECRET, clock: realClock };
  await sendExample(deps);
  const mistaken = dryRunUsage(story, clock());
  await sendUsage({ ...target, events: mistaken });
  await drained(deps);
  time.setBehind(PAST_MS - LOOK_AFTER_MS);
  await checkDueWatches({ database, clock });
  await adoptPast({ database, clock });
  await beforeCatchingUp();
  time.setBehind(0);
  await sendExample(deps);
  await sendUsage({ ...target, events: voidsOf(mistaken, clock()) });
}

/** So that what is looked at next knows all that was sent. */
async function drained({ database }: UsageDeps): Promise<void> {
  for (let waitedMs = 0; waitedMs < DRAINED_WITHIN_MS; waitedMs += DRAINED_EVERY_MS) {
    // oxlint-disable-next-line no-await-in-loop -- asks until the bot is done
    if ((await countWaitingChecks(database)) === 0) return;
    // oxlint-disable-next-line no-await-in-loop -- see above
    await wait(DRAINED_EVERY_MS);
  }
}

/** Somebody archives a channel that news are meant for, and takes it back; returns how to end it. */
export function archiveForAWhile(slack: FakeSlack): () => void {
  slack.faults.add({ kind: "archive", channel: ARCHIVED_CHANNEL });
  const timer = setTimeout(() => {
    slack.faults.add({ kind: "unarchive", channel: ARCHIVED_CHANNEL });
  }, ARCHIVED_MS);
  timer.unref();
  return () => {
    clearTimeout(timer);
  };
}
