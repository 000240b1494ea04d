/**
 * One of several processes that serve on the same port: every route, and Slack over HTTP. The
 * database is ready when it starts, and what there is only once is the primary's.
 */
import type { Logger } from "pino";
import { type Clock, instant } from "../../domain/time.ts";
import { snapshotOf } from "../../http/metrics.ts";
import { runAll } from "../../jobs/run-all.ts";
import { openDatabase } from "../../store/database.ts";
import { type Assembly, assemble } from "../assembly.ts";
import type { Config } from "../config.ts";
import type { Program } from "../program.ts";
import { createSlack, startServing } from "../serving.ts";
import { startSlack } from "../slack.ts";
import { parseToChild, type ToPrimary } from "./messages.ts";
import { isSlackInChildren } from "./shares.ts";

/** Longer than the primary waits for those that it asks. */
const METRICS_MS_MAX = 3_000;

/** Serves until it is told to stop. The primary hears how the start went. */
export async function startChild(options: {
  readonly config: Config;
  readonly log: Logger;
}): Promise<Pick<Program, "stop">> {
  const { config, log } = options;
  const clock: Clock = () => instant(new Date());
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await runAll(undo.splice(0).toReversed());
  };
  try {
    const database = openDatabase({ connectionString: config.DATABASE_URL?.reveal() });
    undo.push(async () => {
      await database.end();
    });
    const parts = assemble({ config, log, clock, database }, undo);
    const primary = hearPrimary(parts);
    const slack = isSlackInChildren(config) ? createSlack(parts) : undefined;
    const url = await startServing(
      parts,
      { slack, mounts: [], isStarted: primary.isStarted, readMetrics: primary.readMetrics },
      undo,
    );
    if (slack !== undefined) undo.push(await startSlack(slack, log));
    log.info({ work: "start", pid: process.pid, url }, "serving");
    tellPrimary({ kind: "serving", url });
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Resolves when it is said, or nobody is left to hear it. */
export async function tellStartFailure(error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  await new Promise<void>((resolve) => {
    tellPrimary({ kind: "failed", message }, resolve);
  });
}

function tellPrimary(message: ToPrimary, done: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, done);
  else done();
}

function hearPrimary({ metrics: { registry } }: Assembly): {
  readonly isStarted: () => boolean;
  readonly readMetrics: () => Promise<string>;
} {
  let isStarted = false;
  let answer: ((text: string) => void) | undefined;
  let reading: Promise<string> | undefined;

  const tellSnapshot = async (): Promise<void> => {
    tellPrimary({ kind: "snapshot", snapshot: await snapshotOf(registry) });
  };
  process.on("message", (raw: unknown) => {
    const message = parseToChild(raw);
    if (message?.kind === "all-serving") isStarted = true;
    if (message?.kind === "metrics") answer?.(message.text);
    if (message?.kind === "snapshot-wanted") {
      void tellSnapshot();
    }
  });

  const read = async (): Promise<string> => {
    const own = setTimeout(() => {
      void registry.metrics().then(answer); // Better than none: the primary is too busy.
    }, METRICS_MS_MAX);
    const text = await new Promise<string>((resolve) => {
      answer = resolve;
      tellPrimary({ kind: "metrics-wanted" });
    });
    clearTimeout(own);
    reading = undefined;
    return text;
  };
  return {
    isStarted: () => isStarted,
    readMetrics: async () => await (reading ??= read()),
  };
}
