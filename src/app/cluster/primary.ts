/**
 * The program in several processes: this one has what there is once (the embedded Postgres,
 * migrations, the governance file, loops, Socket Mode) and starts others that share the port and
 * serve (ADR 0022). They do what several replicas would do; what they share is in Postgres.
 */
import type { Logger } from "pino";
import { type Clock, instant } from "../../domain/time.ts";
import { snapshotOf } from "../../http/metrics.ts";
import { runAll } from "../../jobs/run-all.ts";
import { assemble } from "../assembly.ts";
import type { Config } from "../config.ts";
import { startDatabase } from "../database.ts";
import { announceSetUp } from "../first-admin.ts";
import { applyGovernanceFile } from "../governance-file.ts";
import type { Program } from "../program.ts";
import { createSlack, refreshMetrics } from "../serving.ts";
import { startSlack } from "../slack.ts";
import { startWorking } from "../working.ts";
import type { ChildProcess } from "./child-process.ts";
import { createChildren } from "./children.ts";
import { createGatheredMetrics } from "./gathered-metrics.ts";
import { isSlackInPrimary } from "./shares.ts";

/** As `startProgram`, with `config.PROCESSES` children; resolves when all of them serve. */
export async function startProcesses(options: {
  readonly config: Config;
  readonly log: Logger;
}): Promise<Program> {
  const { config, log } = options;
  const clock: Clock = () => instant(new Date());
  const undo: (() => Promise<void>)[] = [];
  let letEnd = (): void => {};
  const stop = async (): Promise<void> => {
    letEnd();
    await runAll(undo.splice(0).toReversed());
  };
  try {
    const { database, connectionString } = await startDatabase(config, log, undo);
    const parts = assemble({ config, log, clock, database }, undo);
    await applyGovernanceFile(parts);
    await announceSetUp(parts);
    const metrics = createGatheredMetrics({
      own: async () => {
        await refreshMetrics(parts);
        return await snapshotOf(parts.metrics.registry);
      },
      ask: () => children.tell({ kind: "snapshot-wanted" }),
    });
    const answer = async ({ tell }: Pick<ChildProcess, "tell">): Promise<void> => {
      tell({ kind: "metrics", text: await metrics.read() });
    };
    const children = createChildren({
      count: config.PROCESSES,
      env: { DATABASE_URL: connectionString },
      log,
      onMessage: (message, from) => {
        if (message.kind === "snapshot") metrics.take(from.id, message.snapshot);
        if (message.kind === "metrics-wanted") void answer(from);
      },
      onEnded: metrics.forget,
    });
    undo.push(children.stop);
    ({ letEnd } = children);
    const url = await children.start();
    if (isSlackInPrimary(config)) undo.push(await startSlack(createSlack(parts), log));
    if (config.ROLES.includes("worker")) undo.push(startWorking(parts));
    return { url, database, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
