import pino from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startLoop } from "../../src/jobs/loop.ts";

const log = pino({ level: "silent" });
const INTERVAL_MS = 2_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A loop over `answers`, one for each run; when they are used up nothing is due. */
function loopOver(...answers: readonly (number | Error)[]) {
  const left = [...answers];
  const state = { runs: 0 };
  const loop = startLoop({
    name: "test",
    intervalMs: INTERVAL_MS,
    log,
    run: async () => {
      state.runs += 1;
      const answer = left.shift() ?? 0;
      await Promise.resolve();
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { loop, state };
}

/** Lets a little time pass, as much as work without waiting needs. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1);
}

describe("startLoop", () => {
  test("goes on at once while there is more, then pauses for the interval", async () => {
    const { loop, state } = loopOver(5, 5, 0);
    await settle();
    expect(state.runs).toBe(3);

    await vi.advanceTimersByTimeAsync(INTERVAL_MS - 2);
    expect(state.runs).toBe(3);
    await vi.advanceTimersByTimeAsync(2);
    expect(state.runs).toBe(4);
    await loop.stop();
  });

  test("a wake-up ends the pause, and is remembered when it comes while work goes on", async () => {
    const gate: { open?: () => void } = {};
    let runs = 0;
    const loop = startLoop({
      name: "test",
      intervalMs: INTERVAL_MS,
      log,
      run: async () => {
        runs += 1;
        if (runs === 2) await new Promise<void>((resolve) => (gate.open = resolve));
        return 0;
      },
    });
    await settle();
    loop.wake();
    await settle();
    expect(runs).toBe(2);

    loop.wake();
    loop.wake();
    gate.open?.();
    await settle();
    expect(runs).toBe(3);
    await loop.stop();
  });

  test("pauses longer with every failure in a row, half a minute at most, and shorter again after", async () => {
    const failures = Array.from({ length: 6 }, () => new Error("away"));
    const { loop, state } = loopOver(...failures, 1, 0, new Error("away again"));
    const pauses: number[] = [];
    for (let runs = 1; runs <= failures.length; runs += 1) {
      await settle();
      expect(state.runs).toBe(runs);
      let paused = 1;
      for (; state.runs === runs; paused += 500) await vi.advanceTimersByTimeAsync(500);
      pauses.push(Math.round(paused / 500) / 2);
    }

    expect(pauses).toEqual([4, 8, 16, 30, 30, 30]);
    await vi.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(state.runs).toBe(9);
    await vi.advanceTimersByTimeAsync(2 * INTERVAL_MS);
    expect(state.runs).toBe(10);
    await loop.stop();
  });

  test("wake-ups do not shorten the pause after a failure", async () => {
    const { loop, state } = loopOver(new Error("away"));
    await settle();
    loop.wake();
    await vi.advanceTimersByTimeAsync(INTERVAL_MS);

    expect(state.runs).toBe(1);
    await loop.stop();
  });

  test("a run that throws before it gives a promise is a failure like any other", async () => {
    let runs = 0;
    const loop = startLoop({
      name: "test",
      intervalMs: INTERVAL_MS,
      log,
      run: () => {
        runs += 1;
        throw new Error("at once");
      },
    });
    await vi.advanceTimersByTimeAsync(2 * INTERVAL_MS);

    expect(runs).toBe(2);
    await loop.stop();
  });

  test("stops at once while it pauses, and leaves no timer", async () => {
    const { loop, state } = loopOver();
    await settle();
    await loop.stop();
    loop.wake();
    await vi.advanceTimersByTimeAsync(10 * INTERVAL_MS);

    expect(state.runs).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each<[string, () => number]>([
    ["there is more to do", () => 7],
    ["nothing is left", () => 0],
    [
      "it fails",
      () => {
        throw new Error("away");
      },
    ],
  ])("stopped in the middle of its work, it ends with that piece, also when %s", async (_, end) => {
    const gate: { open?: () => void } = {};
    let runs = 0;
    const loop = startLoop({
      name: "test",
      intervalMs: INTERVAL_MS,
      log,
      run: async () => {
        runs += 1;
        await new Promise<void>((resolve) => (gate.open = resolve));
        return end();
      },
    });
    let isStopped = false;
    const stopping = loop.stop().then(() => (isStopped = true));
    await settle();
    expect(isStopped).toBe(false);

    gate.open?.();
    await settle();
    expect({ isStopped, runs }).toEqual({ isStopped: true, runs: 1 });
    expect(vi.getTimerCount()).toBe(0);
    await stopping;
  });
});
