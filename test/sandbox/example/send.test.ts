import { describe, expect, test } from "vitest";
import { addMs, DAY_MS, instant } from "../../../src/domain/time.ts";
import type { NativeEvent } from "../../../src/sandbox/example/native-event.ts";
import { type SendProgress, sendUsage } from "../../../src/sandbox/example/send.ts";
import { exampleUsage } from "../../../src/sandbox/example/usage.ts";
import { aStory } from "./priced-example.ts";
import { SECRET, startUsageServer } from "./usage-server.ts";

const clock = () => instant(new Date());
const story = aStory();
const events: readonly NativeEvent[] = [
  ...exampleUsage({ story, from: addMs(story.toldAt, -4 * DAY_MS), to: story.toldAt }),
].slice(0, 230);
const ids = events.map((event) => event.event_id);

describe("sending usage", () => {
  test("signed batches arrive whole, in order, a few at a time", async () => {
    const server = await startUsageServer();
    const seen: SendProgress[] = [];

    const result = await sendUsage({
      url: server.url,
      secret: SECRET,
      clock,
      events,
      batchSize: 20,
      concurrency: 3,
      onProgress: (progress) => seen.push(progress),
    });

    expect(result).toEqual({
      sent: 230,
      accepted: 230,
      duplicates: 0,
      rejected: 0,
      firstRejection: undefined,
    });
    expect(server.deliveries).toHaveLength(12);
    expect(server.deliveries.flatMap(({ eventIds }) => eventIds).toSorted()).toEqual(
      ids.toSorted(),
    );
    expect(server.inFlightMax()).toBeGreaterThan(1);
    expect(server.inFlightMax()).toBeLessThanOrEqual(3);
    expect(seen.map(({ sent }) => sent)).toEqual(
      seen.map(({ sent }) => sent).toSorted((left, right) => left - right),
    );
    expect(seen.at(-1)).toEqual(result);
  });

  test("one at a time, batches arrive in the order of the events", async () => {
    const server = await startUsageServer();

    await sendUsage({
      url: server.url,
      secret: SECRET,
      clock,
      events,
      batchSize: 30,
      concurrency: 1,
    });

    expect(server.deliveries.flatMap(({ eventIds }) => eventIds)).toEqual(ids);
  });

  test("what was sent before is counted as duplicates", async () => {
    const server = await startUsageServer();
    await sendUsage({ url: server.url, secret: SECRET, clock, events: events.slice(0, 50) });

    const again = await sendUsage({ url: server.url, secret: SECRET, clock, events });

    expect(again).toMatchObject({ sent: 230, accepted: 180, duplicates: 50, rejected: 0 });
  });

  test.each([
    ["is busy", { status: 503, headers: { "retry-after": "0" } }],
    ["hangs up", "hang-up"],
    ["asks for patience", { status: 429, headers: { "retry-after": "0" } }],
    ["stands behind a proxy that restarts", { status: 502 }],
  ] as const)(
    "a server that %s gets the same batch again, under the same id",
    async (_, answer) => {
      const server = await startUsageServer((_delivery, number) =>
        number === 1 ? answer : undefined,
      );

      const result = await sendUsage({ url: server.url, secret: SECRET, clock, events });

      expect(result.accepted).toBe(230);
      expect(server.deliveries).toHaveLength(2);
      expect(server.deliveries[1]).toEqual(server.deliveries[0]);
    },
  );

  test("waits as long as the server asks for", async () => {
    const server = await startUsageServer((_delivery, number) =>
      number === 1 ? { status: 503, headers: { "retry-after": "1" } } : undefined,
    );
    const startedAt = performance.now();

    await sendUsage({ url: server.url, secret: SECRET, clock, events });

    expect(performance.now() - startedAt).toBeGreaterThan(950);
  });

  test("a wrong secret throws with what the server said", async () => {
    const server = await startUsageServer();
    const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

    const failure = sendUsage({ url: server.url, secret, clock, events });

    await expect(failure).rejects.toMatchObject({ code: "unauthorized" });
    await expect(failure).rejects.toThrow(/401.*No matching signature/);
  });

  test("a refusal ends the sending: no further batch leaves", async () => {
    const server = await startUsageServer((_delivery, number) =>
      number === 2 ? { status: 422, body: { rejected: ["too strange"] } } : undefined,
    );

    const failure = sendUsage({
      url: server.url,
      secret: SECRET,
      clock,
      events,
      batchSize: 10,
      concurrency: 1,
    });

    await expect(failure).rejects.toMatchObject({ code: "invalid" });
    await expect(failure).rejects.toThrow("too strange");
    expect(server.deliveries).toHaveLength(2);
  });

  test("a redirect is not followed", async () => {
    const elsewhere = await startUsageServer();
    const server = await startUsageServer(() => ({
      status: 307,
      headers: { location: elsewhere.url },
    }));

    await expect(sendUsage({ url: server.url, secret: SECRET, clock, events })).rejects.toThrow(
      "307",
    );
    expect(elsewhere.deliveries).toEqual([]);
  });

  test("names the first event that the server refused", async () => {
    const server = await startUsageServer(() => ({
      status: 202,
      body: { accepted: 1, duplicates: 0, rejected: [{ index: 1, message: "model: too odd" }] },
    }));

    const result = await sendUsage({
      url: server.url,
      secret: SECRET,
      clock,
      events: events.slice(0, 2),
    });

    expect(result).toMatchObject({
      sent: 2,
      accepted: 1,
      rejected: 1,
      firstRejection: "model: too odd",
    });
  });

  test("stops waiting for a server that is away when told to stop", async () => {
    const stop = new AbortController();
    const server = await startUsageServer(() => {
      stop.abort(new Error("stopped"));
      return { status: 503, headers: { "retry-after": "10" } };
    });

    await expect(
      sendUsage({ url: server.url, secret: SECRET, clock, events, signal: stop.signal }),
    ).rejects.toThrow(/stopped|aborted/);
    expect(server.deliveries).toHaveLength(1);
  });
});
