import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { createGatheredMetrics } from "../../../src/app/cluster/gathered-metrics.ts";
import { createMetrics, type Metrics, snapshotOf } from "../../../src/http/metrics.ts";

/** A primary with the children that answer when they are asked. */
function setup(children: ReadonlyMap<number, Metrics>): {
  readonly primary: Metrics;
  readonly gathered: ReturnType<typeof createGatheredMetrics>;
} {
  const primary = createMetrics();
  const gathered = createGatheredMetrics({
    own: async () => await snapshotOf(primary.registry),
    ask: () => {
      for (const [id, { registry }] of children) {
        void (async () => {
          gathered.take(id, await snapshotOf(registry));
        })();
      }
      return [...children.keys()];
    },
  });
  return { primary, gathered };
}

function figure(text: string, name: string): number {
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}

const ACCEPTED = 'claude_spend_usage_events_total{source="default",outcome="accepted"}';

test("counts and times are summed over all processes, each label on its own", async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  const { primary, gathered } = setup(
    new Map([
      [1, one],
      [2, other],
    ]),
  );
  one.usageEvents.inc({ source: "default", outcome: "accepted" }, 3);
  other.usageEvents.inc({ source: "default", outcome: "accepted" }, 4);
  other.usageEvents.inc({ source: "default", outcome: "duplicate" }, 1);
  one.usageBatchSeconds.observe(0.003);
  other.usageBatchSeconds.observe(0.02);
  primary.budgetChecks.inc(5);

  const text = await gathered.read();

  expect(figure(text, ACCEPTED)).toBe(7);
  expect(text).toContain('outcome="duplicate"} 1');
  expect(figure(text, 'claude_spend_usage_batch_seconds_bucket{le="0.005"}')).toBe(1);
  expect(figure(text, "claude_spend_usage_batch_seconds_count")).toBe(2);
  expect(figure(text, "claude_spend_budget_checks_total")).toBe(5);
});

test("what the primary read in the database is shown once, not added up", async () => {
  const { primary, gathered } = setup(
    new Map([
      [1, createMetrics()],
      [2, createMetrics()],
    ]),
  );
  primary.outboxWaiting.set(4);
  primary.reportsCompleteUntil.set({ report: "analytics_cost" }, 1_764_000_000);

  const text = await gathered.read();

  expect(figure(text, "claude_spend_outbox_waiting")).toBe(4);
  expect(text).toContain('complete_until_seconds{report="analytics_cost"} 1764000000');
});

test("what a process had counted stays when it is gone, what it was does not", async () => {
  const children = new Map([[1, createMetrics()]]);
  const { gathered } = setup(children);
  children.get(1)?.usageEvents.inc({ source: "default", outcome: "accepted" }, 3);
  const before = await gathered.read();
  for (const id of [1, 2, 3]) {
    children.delete(id);
    gathered.forget(id);
    const next = createMetrics();
    next.usageEvents.inc({ source: "default", outcome: "accepted" }, 10);
    children.set(id + 1, next);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await gathered.read();
  }

  const after = await gathered.read();

  expect([figure(before, ACCEPTED), figure(after, ACCEPTED)]).toEqual([3, 33]);
  // Two processes now: their memory, not that of all that there ever were.
  const memory = figure(after, "process_resident_memory_bytes");
  expect(memory).toBeLessThan(process.memoryUsage.rss() * 3);
});

test("a process that does not answer is shown as it was last seen, and holds up nobody for long", async () => {
  const busy = createMetrics();
  const children = new Map([[1, busy]]);
  const { gathered } = setup(children);
  busy.usageEvents.inc({ source: "default", outcome: "accepted" }, 3);
  await gathered.read();
  busy.registry.getMetricsAsJSON = async () => await wait(60_000, [], { ref: false });

  const startedAt = performance.now();
  const text = await gathered.read();

  expect(figure(text, ACCEPTED)).toBe(3);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test("scrapes at the same time are one question to the processes", async () => {
  let asked = 0;
  const gathered = createGatheredMetrics({
    own: async () => await snapshotOf(createMetrics().registry),
    ask: () => {
      asked += 1;
      return [];
    },
  });

  const texts = await Promise.all([gathered.read(), gathered.read(), gathered.read()]);

  expect(asked).toBe(1);
  expect(new Set(texts).size).toBe(1);
});
