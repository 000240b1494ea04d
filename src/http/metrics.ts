/**
 * Prometheus metrics of the program itself. Names and labels are part of our outside. Where several
 * processes are one program, their snapshots become one answer here.
 */
import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  Registry,
} from "prom-client";
import { z } from "zod";

export interface Metrics {
  readonly registry: Registry;
  readonly usageEvents: Counter<"source" | "outcome">;
  readonly usageEventsNotCounted: Counter<"source" | "reason">;
  readonly usageBatchSeconds: Histogram;
  readonly budgetChecks: Counter;
  readonly reportPulls: Counter<"report" | "outcome">;
  readonly reportsCompleteUntil: Gauge<"report">;
  readonly outboxWaiting: Gauge;
  readonly budgetChecksWaiting: Gauge;
  readonly destinationsClosed: Gauge;
}

/** A registry of its own, so that two programs in one process (tests) do not share counts. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    usageEvents: new Counter({
      name: "claude_spend_usage_events_total",
      help: "Usage events received, by source and outcome: accepted, duplicate, or a rejection code.",
      labelNames: ["source", "outcome"],
      registers,
    }),
    usageEventsNotCounted: new Counter({
      name: "claude_spend_usage_events_not_counted_total",
      help: "Accepted usage events that are kept and count nothing: metered_elsewhere, or corrected before they came.",
      labelNames: ["source", "reason"],
      registers,
    }),
    usageBatchSeconds: new Histogram({
      name: "claude_spend_usage_batch_seconds",
      help: "Time that writing a usage request takes, waiting for its commit included.",
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    budgetChecks: new Counter({
      name: "claude_spend_budget_checks_total",
      help: "Budget checks worked through.",
      registers,
    }),
    reportPulls: new Counter({
      name: "claude_spend_report_pulls_total",
      help: "Attempts to read one of Anthropic's own reports, by outcome: ok or failed.",
      labelNames: ["report", "outcome"],
      registers,
    }),
    reportsCompleteUntil: new Gauge({
      name: "claude_spend_report_complete_until_seconds",
      help: "Up to when one of Anthropic's own reports was read and complete, as a Unix time.",
      labelNames: ["report"],
      registers,
    }),
    outboxWaiting: new Gauge({
      name: "claude_spend_outbox_waiting",
      help: "Messages that Slack has not got yet.",
      registers,
    }),
    destinationsClosed: new Gauge({
      name: "claude_spend_slack_destinations_closed",
      help: "Slack channels that refuse the bot's messages; their alerts go to the fallback.",
      registers,
    }),
    budgetChecksWaiting: new Gauge({
      name: "claude_spend_budget_checks_waiting",
      help: "Notes of ingest that budgets have not looked at yet.",
      registers,
    }),
  };
}

/** What one process has counted, as plain data that another one can read. */
export const metricsSnapshot = z
  .array(z.looseObject({ name: z.string(), type: z.string() }))
  .readonly();
export type MetricsSnapshot = z.infer<typeof metricsSnapshot>;

/** The state of a registry now. */
export async function snapshotOf(
  registry: Pick<Registry, "getMetricsAsJSON">,
): Promise<MetricsSnapshot> {
  return metricsSnapshot.parse(await registry.getMetricsAsJSON());
}

/** One registry of several: sums, but of node's own gauges what their definitions say. */
export function mergeSnapshots(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate<"text/plain; version=0.0.4; charset=utf-8">([...snapshots]);
}

/** What stays true of a process that is gone: its counts, not its state. */
export function lastingPart(snapshot: MetricsSnapshot): MetricsSnapshot {
  return snapshot.filter(({ type }) => type === "counter" || type === "histogram");
}
