/** What the rest of the program may use from ingest. */
export { createIngestMemory, type IngestMemory, recordUsage } from "./flow.ts";
export { ingestRoutes } from "./http.ts";
export { nativeEventJsonSchema, parseNativeEvent } from "./native-event.ts";
