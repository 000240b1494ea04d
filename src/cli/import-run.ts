/** What an import records and hears, whichever thread reads its files. */
import { pino } from "pino";
import { instant } from "../domain/time.ts";
import {
  createIngestMemory,
  createUsageImport,
  type ImportTotals,
} from "../features/ingest/index.ts";
import type { Database } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import type { Crew, ImportListeners, ImportTask } from "./import-crew.ts";
import type { InputFile } from "./import-files.ts";
import { nameOf, readInput } from "./import-input.ts";
import { withDatabase } from "./with-database.ts";

type Environment = Readonly<Record<string, string | undefined>>;

interface Work {
  /** Read here, one after the other. */
  readonly files: readonly InputFile[];
  /** Reads the files instead, if there is one. */
  readonly crew: Crew | undefined;
  readonly task: ImportTask;
  readonly listeners: ImportListeners;
}

/** Reads and checks, and records nothing. */
export async function runDry(work: Work): Promise<ImportTotals> {
  return await runImportOf(work, undefined);
}

export async function runRecording(env: Environment, work: Work): Promise<ImportTotals> {
  return await withDatabase(env, async (database) => {
    await migrate(database);
    return await runImportOf(work, database);
  });
}

async function runImportOf(
  { files, crew, task, listeners }: Work,
  database: Database | undefined,
): Promise<ImportTotals> {
  const now = instant(task.now);
  const recording =
    database === undefined
      ? undefined
      : {
          database,
          // One instant for all: what is too old, or begun anew, must not change on the way.
          clock: () => now,
          log: pino({ level: "warn" }, process.stderr),
          ingestMemory: createIngestMemory(),
        };
  const { onProblem, onSettled } = listeners;
  const usageImport = createUsageImport({ ...task, now, recording, onProblem, onSettled });
  if (crew !== undefined) return await usageImport.finish(await crew.readAll(usageImport.take));
  for (const { path } of files) {
    const chunks = readInput(path, listeners.onBytes);
    // oxlint-disable-next-line no-await-in-loop -- one file after the other, in bounded memory
    await usageImport.add({ name: nameOf(path), chunks });
  }
  return await usageImport.finish();
}
