/**
 * What a thread that only reads files may use of ingest: a second door beside `index.ts`, behind which
 * nothing knows a database. Loading the rest takes longer than reading most files.
 */
export {
  addReadingTotals,
  createUsageReading,
  type ImportProblem,
  NOTHING_READ,
  type ReadEvent,
  type ReadingTotals,
} from "./flow/read-usage-file.ts";
