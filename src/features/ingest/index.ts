/** What the rest of the program may use from ingest. */

export {
  addTotals,
  type ImportTotals,
  importUsage,
  NOTHING_IMPORTED,
} from "./flow/import-usage.ts";
export { createIngestMemory } from "./flow/ingest-memory.ts";
export { ingestRoutes } from "./http.ts";
export { nativeEventJsonSchema } from "./native-event.ts";
