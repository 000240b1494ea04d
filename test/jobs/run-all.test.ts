import { expect, test } from "vitest";
import { runAll } from "../../src/jobs/run-all.ts";

test("runs every step in order and then throws what the first one threw that failed", async () => {
  const done: string[] = [];
  const step = (name: string) => async (): Promise<void> => {
    done.push(name);
    await Promise.resolve();
  };
  const fail = (name: string) => async (): Promise<never> => {
    await step(name)();
    throw new Error(name);
  };

  await expect(runAll([step("one"), fail("two"), step("three"), fail("four")])).rejects.toThrow(
    "two",
  );

  expect(done).toEqual(["one", "two", "three", "four"]);
});

test("begins no further step once it is told to stop", async () => {
  const stopping = new AbortController();
  const done: string[] = [];
  await runAll(
    [
      async () => await Promise.resolve(done.push("one")),
      async () => {
        stopping.abort();
        done.push("two");
        await Promise.resolve();
      },
      async () => await Promise.resolve(done.push("three")),
    ],
    stopping.signal,
  );

  expect(done).toEqual(["one", "two"]);
});
