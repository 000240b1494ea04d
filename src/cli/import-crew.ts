/**
 * Several threads that import at once: reading and pricing take more of a processor than Postgres
 * does. Each asks for its next file when it is done with one, and writes over its own connection.
 */
import { Worker } from "node:worker_threads";
import { AppError, type ErrorCode } from "../domain/errors.ts";
import {
  addTotals,
  type ImportProblem,
  type ImportTotals,
  NOTHING_IMPORTED,
} from "../features/ingest/index.ts";
import type { ImportListeners, ImportTask } from "./import-run.ts";
import type { Connection } from "./with-database.ts";

/** What a thread is started with. */
export interface CrewTask extends ImportTask {
  readonly connection: Connection;
}

/** First its task, then, as often as it asks, the path of a file; undefined: there are no more. */
export type ToThread =
  | { readonly kind: "task"; readonly task: CrewTask }
  | { readonly kind: "file"; readonly path: string | undefined };

export type FromThread =
  | { readonly kind: "next" }
  | { readonly kind: "bytes"; readonly bytes: number }
  | { readonly kind: "settled"; readonly events: number }
  | { readonly kind: "problem"; readonly problem: ImportProblem }
  | { readonly kind: "done"; readonly totals: ImportTotals }
  | {
      readonly kind: "failed";
      readonly code: ErrorCode;
      readonly message: string;
      readonly retryable: boolean;
    };

/** Rows of a batch live until it is written; in a smaller young generation all of them move out of it. */
const YOUNG_GENERATION_MB = 128;

/** Imports all files; the sum of what the threads did. The first that fails ends all of them. */
export async function importWithCrew(
  { threads, paths }: { readonly threads: number; readonly paths: readonly string[] },
  task: CrewTask,
  listeners: ImportListeners,
): Promise<ImportTotals> {
  const left = paths.values();
  const workers: Worker[] = [];
  const runs = Array.from({ length: threads }, async () => {
    const worker = new Worker(new URL("./import-worker.js", import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    workers.push(worker);
    send(worker, { kind: "task", task });
    return await threadTotals(worker, left, listeners);
  });
  try {
    return (await Promise.all(runs)).reduce(addTotals, NOTHING_IMPORTED);
  } finally {
    await Promise.all(workers.map(async (worker) => await worker.terminate()));
  }
}

function send(worker: Worker, message: ToThread): void {
  worker.postMessage(message);
}

async function threadTotals(
  worker: Worker,
  left: Iterator<string>,
  { onBytes, onSettled, onProblem }: ImportListeners,
): Promise<ImportTotals> {
  return await new Promise((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", () => reject(new Error("a thread of the import ended before its work")));
    worker.on("message", (message: FromThread) => {
      switch (message.kind) {
        case "next": {
          const next = left.next();
          send(worker, { kind: "file", path: next.done === true ? undefined : next.value });
          return;
        }
        case "bytes":
          onBytes(message.bytes);
          return;
        case "settled":
          onSettled(message.events);
          return;
        case "problem":
          onProblem(message.problem);
          return;
        case "done":
          resolve(message.totals);
          return;
        case "failed":
          reject(new AppError(message));
          return;
      }
    });
  });
}
