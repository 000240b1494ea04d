import pino from "pino";
import { describe, expect, test, vi } from "vitest";
import { startSlack } from "../../src/app/slack.ts";
import { AppError } from "../../src/domain/errors.ts";

const log = pino({ level: "silent" });

function away(): AppError {
  return new AppError({ code: "unavailable", message: "Slack is away.", retryable: true });
}

describe("startSlack", () => {
  test("ends the start when Slack refuses the token", async () => {
    const refused = new AppError({ code: "unauthorized", message: "Slack refuses the token." });

    const starting = startSlack(
      { start: () => Promise.reject(refused), stop: () => Promise.resolve() },
      log,
    );

    await expect(starting).rejects.toBe(refused);
  });

  test("goes on without a Slack that neither lets in nor refuses, until it is stopped", async () => {
    vi.useFakeTimers();
    try {
      let stops = 0;
      const starting = startSlack(
        {
          start: () => new Promise(() => {}),
          stop: () => {
            stops += 1;
            return Promise.resolve();
          },
        },
        log,
      );
      await vi.advanceTimersByTimeAsync(10_000);
      const stop = await starting;
      await stop();

      expect(stops).toBe(1);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test("tries again until Slack is back, also when it gave up late", async () => {
    vi.useFakeTimers();
    try {
      const answers = [
        () => Promise.reject(away()),
        () => Promise.reject(away()),
        () => Promise.resolve(),
      ];
      let starts = 0;
      const start = (): Promise<void> => {
        starts += 1;
        return answers.shift()?.() ?? Promise.resolve();
      };
      const stop = await startSlack({ start, stop: () => Promise.resolve() }, log);
      await vi.advanceTimersByTimeAsync(60_000);
      await stop();

      expect(starts).toBe(3);
    } finally {
      vi.useRealTimers();
    }
  });
});
