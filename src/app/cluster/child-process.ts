/** One forked process as the primary sees it: what it says, how it ends, how it is stopped. */
import cluster, { type Worker } from "node:cluster";
import { AppError } from "../../domain/errors.ts";
import { parseToPrimary, type ToChild, type ToPrimary } from "./messages.ts";

export interface ChildProcess {
  /** Never used again; a child that replaces this one has another. */
  readonly id: number;
  readonly pid: number | undefined;
  /** The address, once it serves; rejects with why it does not. */
  readonly served: Promise<string>;
  readonly ended: Promise<Ending>;
  /** False: nobody is there any more. */
  readonly tell: (message: ToChild) => boolean;
  /** Resolves when it is gone: after what it has in hand, or when that takes too long. */
  readonly stop: () => Promise<void>;
}

export interface Ending {
  readonly exit_code: number | null;
  readonly signal: string | null;
  /** What it said last, when it could not start. */
  readonly reason?: string;
}

/** The name of a child, in its environment; it stands in its log lines. */
export const PROCESS_NAME = "CLAUDE_SPEND_PROCESS";
/** Requests in hand get ten seconds, and so does what Slack asked for; then the child is stuck. */
const STOP_MS_MAX = 22_000;

/** Starts this very program again; `onMessage` hears all but how the start went. */
export function forkChild(options: {
  /** Beyond our own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly onMessage: (message: ToPrimary, child: Pick<ChildProcess, "id" | "tell">) => void;
}): ChildProcess {
  // The children accept themselves. In node's default the primary does and passes each connection
  // on: one on its way to a child that dies then has no end, and its client waits for ever.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  // Structured clones: JSON would lose the figures that are not numbers.
  cluster.setupPrimary({ serialization: "advanced" });
  const worker = cluster.fork(options.env);
  const { id } = worker;
  const tell = (message: ToChild): boolean => sendTo(worker, message);
  const start: { reason?: string } = {};
  // The channel breaks when a child is killed; its end says so.
  worker.on("error", () => {});

  const ended = new Promise<Ending>((resolve) => {
    worker.once("exit", (code: number | null, signal: string | null) => {
      resolve({ exit_code: code, signal, ...start });
    });
  });
  const served = new Promise<string>((resolve, reject) => {
    worker.on("message", (raw: unknown) => {
      const message = parseToPrimary(raw);
      if (message?.kind === "serving") resolve(message.url);
      else if (message?.kind === "failed") start.reason = message.message;
      else if (message !== undefined) options.onMessage(message, { id, tell });
    });
    worker.once("exit", (code: number | null, signal: string | null) => {
      const how = `A process ended while it started (${signal ?? String(code)}).`;
      reject(new AppError({ code: "unavailable", message: start.reason ?? how }));
    });
  });
  served.catch(() => {}); // Who waits for the end only hears it there.

  return {
    id,
    pid: worker.process.pid,
    served,
    ended,
    tell,
    stop: async () => {
      const timer = setTimeout(() => worker.process.kill("SIGKILL"), STOP_MS_MAX);
      worker.process.kill("SIGTERM");
      await ended;
      clearTimeout(timer);
    },
  };
}

function sendTo(worker: Worker, message: ToChild): boolean {
  if (!worker.isConnected()) return false;
  worker.send(message, () => {}); // With a callback nothing is thrown when it ends in this moment.
  return true;
}
