/** Clocks for tests: time stands still until a test moves it, or runs far from every midnight. */
import { addMs, type Clock, type Instant, instant } from "../../src/domain/time.ts";

export interface ManualClock {
  readonly clock: Clock;
  advance(ms: number): Instant;
  set(at: string): Instant;
}

export function fixedClock(at: string): Clock {
  const now = instant(at);
  return () => now;
}

export function manualClock(at: string): ManualClock {
  let now = instant(at);
  return {
    clock: () => now,
    advance: (ms) => (now = addMs(now, ms)),
    set: (next) => (now = instant(next)),
  };
}

/**
 * Moves on with real time, `speed` times as fast, from noon in the middle of a week and of a month:
 * whatever the real time is, no test of "today" or "this month" meets its end.
 */
export function runningClock({
  from = "2026-11-18T11:00:00Z",
  speed = 1,
}: {
  readonly from?: string;
  readonly speed?: number;
} = {}): Clock {
  const start = instant(from);
  const startedAt = performance.now();
  return () => addMs(start, Math.floor((performance.now() - startedAt) * speed));
}
