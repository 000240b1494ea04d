/**
 * Threads that read the files of a large import, while this one prices and records what they find:
 * most of a transcript is no usage, so reading takes more of a processor than all else. Each asks for
 * its next file when it is done with one, and waits when too much of what it found is not taken yet.
 */
import { Worker } from "node:worker_threads";
import type { Instant } from "../domain/time.ts";
import {
  addReadingTotals,
  type ImportProblem,
  NOTHING_READ,
  type ReadEvent,
  type ReadingTotals,
} from "../features/ingest/reading.ts";

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

/** First its task, then, as often as it asks, the path of a file; undefined: there are no more. */
export type ToThread =
  | { readonly kind: "task"; readonly task: ImportTask }
  | { readonly kind: "file"; readonly path: string | undefined }
  | { readonly kind: "taken" };

export type FromThread =
  | { readonly kind: "next" }
  | { readonly kind: "bytes"; readonly bytes: number }
  /** Answered with "taken". */
  | { readonly kind: "events"; readonly events: readonly ReadEvent[] }
  | { readonly kind: "problem"; readonly problem: ImportProblem }
  | { readonly kind: "done"; readonly totals: ReadingTotals };

export interface Crew {
  /** The sum of what the threads read; `take` gets their events. The first that fails ends it. */
  readonly readAll: (take: Take) => Promise<ReadingTotals>;
  readonly stop: () => Promise<void>;
}

type Take = (events: readonly ReadEvent[]) => Promise<void>;

/** Lets the threads begin at once: they need a moment to start, as does whoever takes what they read. */
export function startCrew(
  { threads, paths }: { readonly threads: number; readonly paths: readonly string[] },
  task: ImportTask,
  listeners: ImportListeners,
): Crew {
  const left = paths.values();
  const nextPath = (): string | undefined => {
    const next = left.next();
    return next.done === true ? undefined : next.value;
  };
  const readers = Array.from({ length: threads }, () => startReader(nextPath, task, listeners));
  return {
    readAll: async (take) => {
      const totals = await Promise.all(readers.map(async ({ readAll }) => await readAll(take)));
      return totals.reduce(addReadingTotals, NOTHING_READ);
    },
    stop: async () => {
      await Promise.all(readers.map(async ({ worker }) => await worker.terminate()));
    },
  };
}

function startReader(
  nextPath: () => string | undefined,
  task: ImportTask,
  { onBytes, onProblem }: ImportListeners,
): { readonly worker: Worker; readonly readAll: (take: Take) => Promise<ReadingTotals> } {
  const worker = new Worker(new URL("./import-worker.js", import.meta.url));
  const tell = (message: ToThread): void => worker.postMessage(message);
  const taker = promised<Take>();
  const ended = promised<ReadingTotals>();
  ended.promise.catch(() => undefined); // Thrown where it is awaited.
  // One message after the other, so that what stands first in a file is taken first.
  let taken = Promise.resolve();
  let isDone = false;
  const handOn = async (events: readonly ReadEvent[]): Promise<void> => {
    const take = await taker.promise;
    await take(events);
    tell({ kind: "taken" });
  };
  worker.on("error", ended.reject);
  worker.on("exit", () => {
    if (!isDone) ended.reject(new Error("a thread of the import ended before its work"));
  });
  worker.on("message", (message: FromThread) => {
    switch (message.kind) {
      case "next":
        tell({ kind: "file", path: nextPath() });
        return;
      case "bytes":
        onBytes(message.bytes);
        return;
      case "events":
        taken = taken.then(async () => await handOn(message.events));
        taken.catch(ended.reject);
        return;
      case "problem":
        onProblem(message.problem);
        return;
      case "done":
        isDone = true;
        taken.then(() => ended.resolve(message.totals), ended.reject);
        return;
    }
  });
  tell({ kind: "task", task });
  return {
    worker,
    readAll: async (take) => {
      taker.resolve(take);
      return await ended.promise;
    },
  };
}

interface Promised<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** A promise that is settled from elsewhere. */
function promised<T>(): Promised<T> {
  const settle: Partial<Pick<Promised<T>, "resolve" | "reject">> = {};
  const promise = new Promise<T>((resolve, reject) => Object.assign(settle, { resolve, reject }));
  return {
    promise,
    resolve: (value) => settle.resolve?.(value),
    reject: (error) => settle.reject?.(error),
  };
}
