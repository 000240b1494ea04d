/** The benchmarks by name, in the order in which they run. */
import { benchAlertLatency } from "./alerts.ts";
import { benchApprovals } from "./approvals.ts";
import { benchBudgetChecks } from "./budgets.ts";
import { benchCommands } from "./commands.ts";
import { benchDigests } from "./digests.ts";
import { benchForecast } from "./forecast.ts";
import { benchImport } from "./import.ts";
import { benchBatches, benchSingles } from "./ingest.ts";
import { benchHistory, benchMemory } from "./ingest-history.ts";
import { benchReplicas, benchWriters } from "./ingest-together.ts";
import { benchInsights } from "./insights.ts";
import { benchSpend } from "./spend.ts";

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
  insights: benchInsights,
  approvals: benchApprovals,
  spend: benchSpend,
  commands: benchCommands,
  digests: benchDigests,
};
