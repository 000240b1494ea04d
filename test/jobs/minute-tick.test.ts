import pino from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startMinuteTick } from "../../src/jobs/minute-tick.ts";

const log = pino({ level: "silent" });
const MINUTE_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-23T10:00:30Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("startMinuteTick", () => {
  test("works at once and then at the start of every minute", async () => {
    const times: string[] = [];
    const tick = startMinuteTick({
      name: "test",
      log,
      work: async () => {
        times.push(new Date().toISOString().slice(11, 19));
        await Promise.resolve();
      },
    });
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    await tick.stop();

    expect(times).toEqual(["10:00:30", "10:01:00", "10:02:00"]);
  });

  test("never works twice at a time: minutes that pass meanwhile are left out", async () => {
    const state = { running: 0, most: 0, runs: 0 };
    const tick = startMinuteTick({
      name: "test",
      log,
      work: async () => {
        state.runs += 1;
        state.running += 1;
        state.most = Math.max(state.most, state.running);
        await new Promise((resolve) => setTimeout(resolve, 2.2 * MINUTE_MS));
        state.running -= 1;
      },
    });
    await vi.advanceTimersByTimeAsync(6 * MINUTE_MS);

    expect(state).toMatchObject({ most: 1, runs: 3 });
    const stopping = tick.stop();
    await vi.advanceTimersByTimeAsync(3 * MINUTE_MS);
    await stopping;
  });

  test("a failure is not the end", async () => {
    let runs = 0;
    const tick = startMinuteTick({
      name: "test",
      log,
      work: async () => {
        runs += 1;
        await Promise.reject(new Error("away"));
      },
    });
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    await tick.stop();

    expect(runs).toBe(2);
  });

  test("stop waits for the work in hand; then nothing comes any more", async () => {
    const done: string[] = [];
    const tick = startMinuteTick({
      name: "test",
      log,
      work: async (stopping) => {
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        done.push(stopping.aborted ? "work that knows of it" : "work");
      },
    });
    const stopping = tick.stop().then(() => done.push("stopped"));
    await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
    await stopping;

    expect(done).toEqual(["work that knows of it", "stopped"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
