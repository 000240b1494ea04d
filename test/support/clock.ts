/** Clocks for tests: time stands still until a test moves it. */
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
