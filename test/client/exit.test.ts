import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { useProgram } from "../support/child-program.ts";
import { type Receiver, SECRET, startReceiver } from "../support/client-stand-ins.ts";

const EXIT_TIMEOUT_MS = 700;
/** Longer than any test. */
const FOREVER_MS = 3_600_000;

const startProgram = useProgram("usage-reporter");

let receiver: Receiver;

beforeEach(async () => {
  receiver = await startReceiver();
});

afterEach(async () => {
  await receiver.stop();
});

/** At its end it waits for the receiver as long as that may need, unless told otherwise. */
function start(
  how: string,
  { url = receiver.url, exitTimeoutMs = FOREVER_MS } = {},
): ReturnType<typeof startProgram> {
  return startProgram({ arguments: [how, url, SECRET, String(exitTimeoutMs)] });
}

describe("a process that ends", () => {
  test("because it has nothing else to do has sent everything", async () => {
    const program = start("end");
    await program.says("reported");

    expect(await program.finish()).toBe(0);
    expect(receiver.events.map(({ eventId }) => eventId)).toEqual(["msg_1", "msg_2", "msg_3"]);
  });

  test("by process.exit after a flush has sent everything", async () => {
    const program = start("flush");

    expect(await program.says("flushed")).toBe(true);
    expect(await program.finish()).toBe(0);
    expect(receiver.events).toHaveLength(3);
  });

  test("by process.exit without a flush says what is lost", async () => {
    const program = start("exit");

    expect(await program.says("problem")).toMatchObject({ reason: "closed", events: 3 });
    expect(await program.finish()).toBe(0);
  });

  test("waits for a receiver that is away no longer than told, and says what is lost", async () => {
    const { url } = receiver;
    await receiver.stop();
    const program = start("end", { url, exitTimeoutMs: EXIT_TIMEOUT_MS });
    await program.says("reported");

    expect(await program.says("problem")).toMatchObject({ reason: "closed", events: 3 });
    expect(await program.says("after")).toBeGreaterThanOrEqual(EXIT_TIMEOUT_MS - 10);
    expect(await program.finish()).toBe(0);
  });

  test("waits for a receiver that does not answer no longer than told", async () => {
    receiver.delay(FOREVER_MS);
    const program = start("end", { exitTimeoutMs: EXIT_TIMEOUT_MS });
    await program.says("reported");

    expect(await program.says("problem")).toMatchObject({ reason: "closed", events: 3 });
    expect(await program.finish()).toBe(0);
  });

  test("is not held by a reporter without work", async () => {
    const program = start("idle");
    await program.says("reported");

    expect(await program.says("waits")).toBe(false);
    expect(await program.finish()).toBe(0);
  });
});
