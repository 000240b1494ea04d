/**
 * Imports usage from files of any size: read here or by other threads, recorded in batches while more
 * is being read. Safe to repeat: an event counts once, however often it comes. What is wrong with a
 * line is told with its place, and stays in the file; nothing of it is stored.
 */
import type { Instant } from "../../../domain/time.ts";
import { createImportBatches, type ImportRecording } from "./import-batches.ts";
import {
  addReadingTotals,
  createUsageReading,
  type ImportFile,
  type ReadEvent,
  type ReadingTotals,
} from "./read-usage-file.ts";

export interface ImportOptions extends ImportRecording {
  readonly now: Instant;
  /** Under which source the events are kept; undefined: that of the file's kind. */
  readonly source: string | undefined;
  /** Who used what does not say whose it is. */
  readonly userEmail: string | undefined;
}

/** What was read and what became of it; conflicts with what is recorded are rejected, too. */
export interface ImportTotals extends ReadingTotals {
  readonly accepted: number;
  readonly duplicates: number;
}

export interface UsageImport {
  /** Reads a file. What is wrong with it is told; throws only where recording failed. */
  readonly add: (file: ImportFile) => Promise<void>;
  /** Takes what was read elsewhere; resolves when there is room for more. */
  readonly take: (events: readonly ReadEvent[]) => Promise<void>;
  /** Records what is left. Everything counted by then is durable. */
  readonly finish: (readElsewhere?: ReadingTotals) => Promise<ImportTotals>;
}

export function createUsageImport(options: ImportOptions): UsageImport {
  const batches = createImportBatches(options);
  const reading = createUsageReading({
    ...options,
    onEvent: batches.take,
    makeRoom: batches.makeRoom,
  });
  return {
    add: reading.read,
    take: async (events) => {
      for (const event of events) batches.take(event);
      await batches.makeRoom();
    },
    finish: async (readElsewhere) => {
      const { accepted, duplicates, conflicts } = await batches.finish();
      const read =
        readElsewhere === undefined
          ? reading.totals()
          : addReadingTotals(reading.totals(), readElsewhere);
      return { ...read, accepted, duplicates, rejected: read.rejected + conflicts };
    },
  };
}
