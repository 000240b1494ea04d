/**
 * Starts the program from the environment and stops it on a signal. With PROCESSES it starts this
 * file again for each process that serves.
 */
import cluster from "node:cluster";
import { AppError } from "../domain/errors.ts";
import { startChild, tellStartFailure } from "./cluster/child.ts";
import { PROCESS_NAME } from "./cluster/child-process.ts";
import { startProcesses } from "./cluster/primary.ts";
import { readConfig } from "./config.ts";
import { type Life, live } from "./lifetime.ts";
import { createLog } from "./log.ts";
import { startProgram } from "./program.ts";

process.env["TZ"] = "UTC"; // Nothing may depend on where the host stands.

const result = readConfig(process.env);
if (result.kind === "problems") {
  process.stderr.write(
    `claude-spend can't start. These settings are missing or wrong:\n${result.problems.map((problem) => `  ${problem}\n`).join("")}README.md lists every setting.\n`,
  );
  process.exit(1);
}

const { config } = result;
const isOneOfSeveral = config.PROCESSES > 1;
const name = cluster.isWorker ? process.env[PROCESS_NAME] : "primary";
const log = createLog(config).child(isOneOfSeveral ? { process: name } : {});
await live(cluster.isWorker ? aChild() : theProgram());

function theProgram(): Life {
  return {
    log,
    start: async () => {
      const start = isOneOfSeveral ? startProcesses : startProgram;
      const program = await start({ config, log });
      log.info({ work: "start", url: program.url, processes: config.PROCESSES }, "ready");
      return program;
    },
    onStartFailure: (error) => {
      if (error instanceof AppError) {
        process.stderr.write(`claude-spend can't start: ${error.message}\n`);
      }
      log.fatal({ err: error }, "start failed");
    },
    isHurriedBySignals: true,
  };
}

function aChild(): Life {
  return {
    log,
    start: async () => await startChild({ config, log }),
    onStartFailure: tellStartFailure,
    isHurriedBySignals: false,
  };
}
