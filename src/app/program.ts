/**
 * The running program in one process: database, features, HTTP server, Slack, loops. `main.ts`
 * starts it from the environment, the demo and the tests from their own settings; it is the same
 * program. `cluster/` divides the same parts among several processes.
 */
import type { Logger } from "pino";
import { type Clock, instant } from "../domain/time.ts";
import type { Mount } from "../http/server.ts";
import { runAll } from "../jobs/run-all.ts";
import type { Database } from "../store/database.ts";
import { assemble } from "./assembly.ts";
import type { Config } from "./config.ts";
import { startDatabase } from "./database.ts";
import { announceSetUp } from "./first-admin.ts";
import { applyGovernanceFile } from "./governance-file.ts";
import { createSlack, refreshMetrics, startServing } from "./serving.ts";
import { startSlack } from "./slack.ts";
import { startWorking } from "./working.ts";

export interface Program {
  /** Where it listens, for example "http://127.0.0.1:3000". */
  readonly url: string;
  readonly database: Database;
  /** Stops taking requests, finishes the work in hand, then lets go of the database. */
  readonly stop: () => Promise<void>;
}

/** Starts everything that the roles of `config` ask for; rejects with what to do about it. */
export async function startProgram(options: {
  readonly config: Config;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Other listeners on the same port: the sandbox. */
  readonly mounts?: readonly Mount[];
}): Promise<Program> {
  const { config, log, mounts = [] } = options;
  const clock = options.clock ?? (() => instant(new Date()));
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await runAll(undo.splice(0).toReversed());
  };
  try {
    const { database } = await startDatabase(config, log, undo);
    const parts = assemble({ config, log, clock, database }, undo);
    await applyGovernanceFile(parts);
    await announceSetUp(parts);
    const slack = config.ROLES.includes("slack") ? createSlack(parts) : undefined;
    const readMetrics = async (): Promise<string> => {
      await refreshMetrics(parts);
      return await parts.metrics.registry.metrics();
    };
    const url = await startServing(
      parts,
      { slack, mounts, isStarted: () => true, readMetrics },
      undo,
    );
    if (slack !== undefined) undo.push(await startSlack(slack, log));
    if (config.ROLES.includes("worker")) undo.push(startWorking(parts));
    return { url, database, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
