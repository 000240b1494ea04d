/**
 * The processes that serve: all started, each started again when it ends, all stopped. What they
 * say to each other passes through here; what it means is the primary's.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import { assert } from "../../domain/assert.ts";
import { type ChildProcess, forkChild, PROCESS_NAME } from "./child-process.ts";
import type { ToChild } from "./messages.ts";

export interface Children {
  /** Resolves with the address when all serve; rejects with what the first says that can't. */
  readonly start: () => Promise<string>;
  /** Tells all that run; the ids of those. */
  readonly tell: (message: ToChild) => readonly number[];
  /** From now on who ends is not replaced: Ctrl-C ends them all, before it is our turn to. */
  readonly letEnd: () => void;
  /** Resolves when all are gone. */
  readonly stop: () => Promise<void>;
}

const PAUSE_MS = 200;
const PAUSE_MS_MAX = 30_000;
/** One that ran this long did not fail at once again. */
const STEADY_MS = 60_000;

interface Slot {
  readonly name: string;
  child: ChildProcess;
}

export function createChildren(options: {
  readonly count: number;
  /** Beyond the primary's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly onMessage: Parameters<typeof forkChild>[0]["onMessage"];
  readonly onEnded: (id: number) => void;
}): Children {
  const { log, onMessage } = options;
  const slots: Slot[] = [];
  const keepers: Promise<void>[] = [];
  const stopping = new AbortController();

  const fork = (name: string): ChildProcess =>
    forkChild({ env: { ...options.env, [PROCESS_NAME]: name }, onMessage });

  const startSlot = async (number: number): Promise<string> => {
    const name = `http-${String(number)}`;
    const slot = { name, child: fork(name) };
    slots.push(slot);
    return await slot.child.served;
  };

  /** Waits for the end of a child, and starts another one in its place, until all stop. */
  const keep = async (slot: Slot, endings = 0): Promise<void> => {
    const startedAt = performance.now();
    const ending = await slot.child.ended;
    options.onEnded(slot.child.id);
    const inARow = performance.now() - startedAt > STEADY_MS ? 0 : endings;
    const pause = Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** inARow);
    if (!stopping.signal.aborted) {
      const { pid } = slot.child;
      log.warn(
        { child: slot.name, child_pid: pid, ...ending, pause_ms: pause },
        "process ended, starts again",
      );
    }
    try {
      await wait(pause, undefined, { signal: stopping.signal });
    } catch {
      return; // All stop.
    }
    slot.child = fork(slot.name);
    void welcome(slot, log);
    await keep(slot, inARow + 1);
  };

  return {
    start: async () => {
      // The first one alone, so that what keeps all of them from starting is said once.
      const url = await startSlot(1);
      await Promise.all(Array.from({ length: options.count - 1 }, (_, at) => startSlot(at + 2)));
      assert(slots.length === options.count, "each process has its place");
      for (const slot of slots) {
        slot.child.tell({ kind: "all-serving" });
        keepers.push(keep(slot));
      }
      return url;
    },
    tell: (message) => slots.flatMap(({ child }) => (child.tell(message) ? [child.id] : [])),
    letEnd: () => {
      stopping.abort();
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(slots.map(async ({ child }) => await child.stop()));
      await Promise.all(keepers);
    },
  };
}

async function welcome({ name, child }: Slot, log: Logger): Promise<void> {
  try {
    await child.served;
  } catch {
    return; // Its end says why.
  }
  child.tell({ kind: "all-serving" });
  log.info({ child: name, child_pid: child.pid }, "process replaced");
}
