/** What the rest of the program may use from ingest. */
export { authenticateSource } from "./authenticate.ts";
export { foldTeamSpend } from "./flow/fold-team-spend.ts";
export { createUsageImport, type ImportTotals } from "./flow/import-usage.ts";
export { createIngestMemory, type IngestMemory } from "./flow/ingest-memory.ts";
export type { ImportProblem } from "./flow/read-usage-file.ts";
export { type RecordUsageDeps, recordUsage } from "./flow/record-usage.ts";
export {
  dismissRejected,
  forgetOldRejected,
  listRejected,
  type ReplayResult,
  replayRejected,
} from "./flow/rejected-events.ts";
export {
  advanceRerate,
  advanceRerates,
  advanceSettledRerate,
  previewRerate,
  type RerateDeps,
  requestRerate,
} from "./flow/rerate-usage.ts";
export { listRecentRejected, tellOfRejected } from "./flow/tell-of-rejected.ts";
export { tendPartitions } from "./flow/tend-partitions.ts";
export { ingestRoutes } from "./http.ts";
export { rejectedBlocks } from "./messages/rejected.ts";
export { nativeEventJsonSchema } from "./native-event.ts";
export {
  REJECTED_STATUSES,
  REMEDY,
  type RejectedEvent,
  type RejectedFilter,
} from "./rules/rejected-events.ts";
export type { RerateRange, RerateStatement } from "./rules/rerate.ts";
export { LATENESS_MAX_MS, REJECTION_CODES, type RejectionCode } from "./rules.ts";
