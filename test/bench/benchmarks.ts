/** The benchmarks by name, in the order in which they run. */
import { benchApprovals } from "./approvals.ts";
import { benchAlertLatency, benchBudgetChecks } from "./budgets.ts";
import { benchForecast } from "./forecast.ts";
import { benchImport } from "./import.ts";
import { benchBatches, benchSingles } from "./ingest.ts";
import { benchHistory, benchMemory } from "./ingest-history.ts";
import { benchReplicas, benchWriters } from "./ingest-together.ts";

export const BENCHMARKS: Readonly<Record<string, () => Promise<void>>> = {
  batches: benchBatches,
  singles: benchSingles,
  writers: benchWriters,
  replicas: benchReplicas,
  history: benchHistory,
  memory: benchMemory,
  import: benchImport,
  budgets: benchBudgetChecks,
  alerts: benchAlertLatency,
  forecast: benchForecast,
  approvals: benchApprovals,
};
