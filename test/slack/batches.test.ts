import { describe, expect, test } from "vitest";
import { type Batches, createBatches } from "../../src/slack/batches.ts";

/** Batches that end when the test says so. */
function held(): {
  readonly batches: Batches;
  readonly end: (batch: number, error?: Error) => void;
  readonly done: () => number;
} {
  const ends: ((error?: Error) => void)[] = [];
  let done = 0;
  const batches = createBatches({
    send: async (onClaimed) =>
      await new Promise((resolve, reject) => {
        ends.push((error) => {
          if (error === undefined) resolve(20);
          else reject(error);
        });
        onClaimed(20);
      }),
    onDone: () => {
      done += 1;
    },
  });
  return { batches, end: (batch, error) => ends[batch]?.(error), done: () => done };
}

describe("batches", () => {
  test("go on while earlier ones are under way, three at most", async () => {
    const { batches, end, done } = held();
    expect(await batches.begin()).toBe(20);
    expect(await batches.begin()).toBe(20);

    let isThrough = false;
    const third = batches.begin().then((count) => {
      isThrough = true;
      return count;
    });
    await new Promise(setImmediate);
    expect(isThrough).toBe(false);
    end(1);
    expect(await third).toBe(20);

    end(0);
    end(2);
    await batches.settle();
    expect(done()).toBe(3);
  });

  test("of which one fails after its claim tell the next to begin, once", async () => {
    const { batches, end } = held();
    await batches.begin();
    end(0, new Error("the database is away"));
    await batches.settle();

    await expect(batches.begin()).rejects.toThrow("the database is away");
    expect(await batches.begin()).toBe(20);
    end(1);
    await batches.settle();
  });

  test("that fail before their claim fail at once, and nothing that waits is woken", async () => {
    let done = 0;
    const batches = createBatches({
      send: async () => await Promise.reject(new Error("no connection")),
      onDone: () => {
        done += 1;
      },
    });

    await expect(batches.begin()).rejects.toThrow("no connection");
    await batches.settle();
    expect(done).toBe(0);
  });

  test("without messages wake nobody", async () => {
    let done = 0;
    const batches = createBatches({
      send: async () => await Promise.resolve(0),
      onDone: () => {
        done += 1;
      },
    });

    expect(await batches.begin()).toBe(0);
    expect(done).toBe(0);
  });
});
