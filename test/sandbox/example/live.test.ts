import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { addMs, HOUR_MS, instant } from "../../../src/domain/time.ts";
import {
  runawayListener,
  startLiveTraffic,
  trickleUsage,
} from "../../../src/sandbox/example/live.ts";
import { exampleUsage } from "../../../src/sandbox/example/usage.ts";
import { manualClock } from "../../support/clock.ts";
import { priced } from "./priced-example.ts";
import { SECRET, startUsageServer } from "./usage-server.ts";

/** Signatures carry the time, so the story is told now. */
function setup() {
  const toldAt = instant(new Date());
  const story = { seed: "live", toldAt, episodeAt: toldAt };
  return { story, time: manualClock(toldAt.toISOString()) };
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error("it never became true");
    // oxlint-disable-next-line no-await-in-loop -- polling
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

describe("live traffic", () => {
  test("sends each event that becomes due once, also over a failure", async () => {
    const { story, time } = setup();
    const server = await startUsageServer((_delivery, number) =>
      number === 2 ? { status: 500, body: { error: "broken" } } : undefined,
    );
    const problems: unknown[] = [];
    const live = startLiveTraffic({
      story,
      url: server.url,
      secret: SECRET,
      clock: time.clock,
      from: story.toldAt,
      intervalMs: 5,
      onProblem: (problem) => problems.push(problem),
    });

    const end = addMs(story.toldAt, 120_000);
    const due = [
      ...exampleUsage({ story, from: story.toldAt, to: end }),
      ...trickleUsage({ story, from: story.toldAt, to: end }),
    ].map((event) => event.event_id);
    const sent = () => server.deliveries.flatMap(({ eventIds }) => eventIds);
    for (let round = 1; round <= 4; round += 1) {
      time.advance(30_000);
      const before = server.deliveries.length;
      // oxlint-disable-next-line no-await-in-loop -- one round of traffic after the other
      await until(() => server.deliveries.length > before);
    }
    await until(() => new Set(sent()).size === due.length);
    await live.stop();

    expect(new Set(sent())).toEqual(new Set(due));
    const refused = server.deliveries[1]?.eventIds ?? [];
    const again = sent().filter((id, index) => sent().indexOf(id) !== index);
    expect(problems).toHaveLength(1);
    expect(again.toSorted()).toEqual([...refused].toSorted());
  });

  test("nothing is sent any more once it has stopped", async () => {
    const { story, time } = setup();
    const server = await startUsageServer();
    const live = startLiveTraffic({
      story,
      url: server.url,
      secret: SECRET,
      clock: time.clock,
      from: story.toldAt,
      intervalMs: 5,
    });

    await live.stop();
    const before = server.deliveries.length;
    time.advance(HOUR_MS);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });

    expect(server.deliveries).toHaveLength(before);
  });

  test("the button lets the script run away, once for clicks in a row", async () => {
    const { story, time } = setup();
    const server = await startUsageServer();
    const live = startLiveTraffic({
      story,
      url: server.url,
      secret: SECRET,
      clock: time.clock,
      from: story.toldAt,
    });
    const button = createServer(runawayListener(live));
    await new Promise<void>((resolve) => {
      button.listen(0, "127.0.0.1", resolve);
    });
    const url = `http://127.0.0.1:${String((button.address() as AddressInfo).port)}/`;

    const [first, second, wrong] = await Promise.all([
      fetch(url, { method: "POST" }),
      fetch(url, { method: "POST" }),
      fetch(url),
    ]);
    const answers = [await first.json(), await second.json()];
    await live.stop();
    button.closeAllConnections();
    button.close();

    expect(answers).toEqual([
      { accepted: 60, rejected: 0 },
      { accepted: 60, rejected: 0 },
    ]);
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("POST");
    const sent = server.deliveries.flatMap(({ eventIds }) => eventIds);
    expect(new Set(sent).size).toBe(60);
  });

  test("the button says so when the script can't be sent", async () => {
    const button = createServer(
      runawayListener({
        runawayScript: () => Promise.reject(new Error("the bot is away")),
      }),
    );
    await new Promise<void>((resolve) => {
      button.listen(0, "127.0.0.1", resolve);
    });
    const url = `http://127.0.0.1:${String((button.address() as AddressInfo).port)}/`;

    const answer = await fetch(url, { method: "POST" });
    const body: unknown = await answer.json();
    button.closeAllConnections();
    button.close();

    expect(answer.status).toBe(502);
    expect(body).toEqual({ error: "the bot is away" });
  });

  test("the trickle is small change, and the same whatever windows it is asked in", () => {
    const { story } = setup();
    const hour = { story, from: story.toldAt, to: addMs(story.toldAt, HOUR_MS) };
    const middle = addMs(story.toldAt, 1_234_567);

    const whole = trickleUsage(hour);
    const parts = [
      ...trickleUsage({ ...hour, to: middle }),
      ...trickleUsage({ ...hour, from: middle }),
    ];

    expect(parts).toEqual(whole);
    expect(whole).toHaveLength(360);
    const cost = whole.reduce((sum, event) => sum + priced(event, hour.to).cost, 0n);
    expect(cost).toBeLessThan(2_000_000_000_000n);
    expect(cost).toBeGreaterThan(0n);
  });
});
