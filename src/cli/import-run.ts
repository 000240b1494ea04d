/** Imports one file after the other, in whichever thread: opens each, and hands its bytes to ingest. */
import { pino } from "pino";
import { type Instant, instant } from "../domain/time.ts";
import {
  createIngestMemory,
  createUsageImport,
  type ImportProblem,
  type ImportTotals,
} from "../features/ingest/index.ts";
import type { Database } from "../store/database.ts";
import { nameOf, readInput } from "./import-files.ts";

/** What holds for the whole import. Plain values: they go to other threads. */
export interface ImportTask {
  readonly now: Instant;
  readonly source: string | undefined;
  readonly userEmail: string | undefined;
}

export interface ImportListeners {
  readonly onBytes: (bytes: number) => void;
  readonly onSettled: (events: number) => void;
  readonly onProblem: (problem: ImportProblem) => void;
}

/** Imports the files that `nextPath` gives; without a database nothing is recorded. */
export async function runImportOf(
  nextPath: () => Promise<string | undefined>,
  task: ImportTask,
  {
    database,
    listeners,
  }: { readonly database: Database | undefined; readonly listeners: ImportListeners },
): Promise<ImportTotals> {
  const recording =
    database === undefined
      ? undefined
      : {
          database,
          // One instant for all: what is too old, or begun anew, must not change on the way.
          clock: () => instant(task.now),
          log: pino({ level: "warn" }, process.stderr),
          ingestMemory: createIngestMemory(),
        };
  const usageImport = createUsageImport({
    ...task,
    now: instant(task.now),
    recording,
    onProblem: listeners.onProblem,
    onSettled: listeners.onSettled,
  });
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one file after the other, in bounded memory
    const path = await nextPath();
    if (path === undefined) return await usageImport.finish();
    const chunks = readInput(path, listeners.onBytes);
    // oxlint-disable-next-line no-await-in-loop -- one file after the other, in bounded memory
    await usageImport.add({ name: nameOf(path), chunks });
  }
}
