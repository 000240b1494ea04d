/** What the rest of the program may use from ingest. */

export type { ImportProblem } from "./flow/import-batches.ts";
export {
  addTotals,
  createUsageImport,
  type ImportTotals,
  NOTHING_IMPORTED,
} from "./flow/import-usage.ts";
export { createIngestMemory, type IngestMemory } from "./flow/ingest-memory.ts";
export { type RecordUsageDeps, recordUsage } from "./flow/record-usage.ts";
export { ingestRoutes } from "./http.ts";
export { nativeEventJsonSchema } from "./native-event.ts";
