/**
 * Sends what is reported beside the app's own work, and what is left when the process has nothing
 * else to do. None of it throws, rejects or keeps a process alive for longer than it was told.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createDelivery, type Destination } from "./delivery.ts";
import { createEventQueue } from "./event-queue.ts";
import { createLossReport } from "./losses.ts";
import type { RejectedEvent, UsageProblem } from "./problems.ts";

interface SenderOptions {
  readonly destination: Destination;
  readonly eventsMax: number;
  readonly exitTimeoutMs: number;
  /** Must not throw. */
  readonly tell: (problem: UsageProblem) => void;
}

export interface Deadline {
  readonly timeoutMs?: number;
}

export interface UsageCounts {
  readonly reported: number;
  readonly delivered: number;
  /** Delivered, but refused one by one. */
  readonly rejected: number;
  readonly dropped: number;
  readonly buffered: number;
}

export interface Sender {
  /** False: full or closed; the loss is told. */
  readonly offer: (event: string) => boolean;
  readonly flush: (deadline?: Deadline) => Promise<boolean>;
  readonly close: (deadline?: Deadline) => Promise<boolean>;
  readonly counts: () => UsageCounts;
}

const FLUSH_TIMEOUT_MS = 10_000;

export function createSender({
  destination,
  eventsMax,
  exitTimeoutMs,
  tell,
}: SenderOptions): Sender {
  const delivery = createDelivery(destination);
  const counts = { reported: 0, delivered: 0, rejected: 0, dropped: 0 };
  const losses = createLossReport((problem) => {
    if (problem.kind === "dropped") counts.dropped += problem.events;
    tell(problem);
  });
  let closing: Promise<boolean> | undefined;
  let isEnded = false;

  const queue = createEventQueue({
    eventsMax,
    deliver: async (events) => {
      const outcome = await delivery.send(events);
      if (isEnded) return; // told as lost already
      if (outcome.kind !== "delivered") {
        losses.tell(events.length, outcome.kind, outcome);
        return;
      }
      const { rejected } = outcome;
      counts.delivered += events.length - rejected.length;
      counts.rejected += rejected.length;
      if (rejected.length > 0) tell(rejectionProblem(rejected));
    },
  });

  const flush: Sender["flush"] = async ({ timeoutMs = FLUSH_TIMEOUT_MS } = {}) => {
    delivery.hurry();
    return await isDoneWithin(timeoutMs, queue.settle());
  };
  const end = (): void => {
    isEnded = true;
    process.off("beforeExit", beforeExit);
    process.off("exit", end);
    delivery.stop();
    losses.tell(queue.clear(), "closed", { why: "there was no time left to send them" });
    losses.tellOverflow();
  };
  const beforeExit = (): void => {
    if (queue.size() === 0) return;
    void flush({ timeoutMs: exitTimeoutMs }).then((isSettled) => isSettled || end());
  };
  process.on("beforeExit", beforeExit);
  process.on("exit", end);

  return {
    offer: (event) => {
      if (isEnded || closing !== undefined) {
        losses.tell(1, "closed", { why: "it came after the reporter was closed" });
        return false;
      }
      if (!queue.offer(event)) {
        losses.addOverflow();
        return false;
      }
      counts.reported += 1;
      return true;
    },
    flush,
    close: async (deadline) => {
      closing ??= flush(deadline).finally(end);
      return await closing;
    },
    counts: () => ({ ...counts, buffered: queue.size() }),
  };
}

/** Its timer keeps the process alive meanwhile; those of the delivery don't. */
async function isDoneWithin(timeoutMs: number, done: Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  const timeUp = sleep(timeoutMs, false, { signal: timer.signal }).catch(() => false);
  const isDone = await Promise.race([done.then(() => true), timeUp]);
  timer.abort();
  return isDone;
}

function rejectionProblem(rejected: readonly RejectedEvent[]): UsageProblem {
  const [first] = rejected;
  const count = `${String(rejected.length)} usage ${rejected.length === 1 ? "event" : "events"}`;
  return {
    kind: "rejected",
    rejected,
    message: `Claude Spend refused ${count}, the first because: ${first?.message ?? "unknown"}`,
  };
}
