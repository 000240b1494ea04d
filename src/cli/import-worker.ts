/** One thread of an import's crew: the other end of import-crew.ts. */
import { parentPort } from "node:worker_threads";
import { assert } from "../domain/assert.ts";
import { AppError } from "../domain/errors.ts";
import { openDatabase } from "../store/database.ts";
import type { FromThread, ToThread } from "./import-crew.ts";
import { runImportOf } from "./import-run.ts";

/** One writes while the other looks something up. */
const CONNECTIONS_MAX = 2;

const port = parentPort;
assert(port !== null, "a crew starts this file as a thread");
const tell = (message: FromThread): void => port.postMessage(message);

const heard = async (): Promise<ToThread> =>
  await new Promise((resolve) => {
    port.once("message", (message: ToThread) => resolve(message));
  });

const first = await heard();
assert(first.kind === "task", "a crew says first what there is to do");
const { connection, ...task } = first.task;
const database = openDatabase({ ...connection, max: CONNECTIONS_MAX });
try {
  const totals = await runImportOf(
    async () => {
      const answered = heard();
      tell({ kind: "next" });
      const answer = await answered;
      return answer.kind === "file" ? answer.path : undefined;
    },
    task,
    {
      database,
      listeners: {
        onBytes: (bytes) => tell({ kind: "bytes", bytes }),
        onSettled: (events) => tell({ kind: "settled", events }),
        onProblem: (problem) => tell({ kind: "problem", problem }),
      },
    },
  );
  tell({ kind: "done", totals });
} catch (error) {
  const { code, message, retryable } =
    error instanceof AppError
      ? error
      : new AppError({ code: "internal", message: String(error), cause: error });
  tell({ kind: "failed", code, message, retryable });
} finally {
  await database.end();
}
