/** When Slack tells an event again: its times, without waiting for them. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Reply } from "../../../src/sandbox/slack/delivery.ts";
import { createEventSender } from "../../../src/sandbox/slack/events.ts";

const DAY_MS = 86_400_000;
const TAKEN: Reply = { ok: true, body: undefined };
const FAILED: Reply = {
  ok: false,
  error: "dispatch_failed",
  reason: "http_error",
  shouldRetry: true,
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** After how many seconds an event is delivered to a bot that answers so, one after the other. */
async function secondsOf(...answers: readonly Reply[]): Promise<number[]> {
  const startedAt = Date.now();
  const seconds: number[] = [];
  const sender = createEventSender(async () => {
    seconds.push((Date.now() - startedAt) / 1_000);
    return await Promise.resolve(answers[seconds.length - 1] ?? FAILED);
  });
  await sender.send({});
  await vi.advanceTimersByTimeAsync(DAY_MS);
  return seconds;
}

test("an event that the bot fails to take is told again three times, then never", async () => {
  expect(await secondsOf()).toEqual([0, 0, 60, 360]);
});

test("an event is told until it is taken", async () => {
  expect(await secondsOf(TAKEN)).toEqual([0]);
  expect(await secondsOf(FAILED, FAILED, TAKEN)).toEqual([0, 0, 60]);
});

test("a bot that wants no more is told no more", async () => {
  expect(await secondsOf({ ...FAILED, shouldRetry: false })).toEqual([0]);
});
