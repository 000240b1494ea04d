/** Starts the program from the environment and stops it on a signal. */
import { AppError } from "../domain/errors.ts";
import { readConfig } from "./config.ts";
import { createLog } from "./log.ts";
import { type Program, startProgram } from "./program.ts";

process.env["TZ"] = "UTC"; // Nothing may depend on where the host stands.

const result = readConfig(process.env);
if (result.kind === "problems") {
  process.stderr.write(
    `claude-spend can't start. These settings are missing or wrong:\n${result.problems.map((problem) => `  ${problem}\n`).join("")}README.md lists every setting.\n`,
  );
  process.exit(1);
}

const log = createLog(result.config);
let program: Program | undefined;
let isStopping = false;

/** Ends the process: at once while it starts or when it is asked twice, else in good order. */
function stop(reason: string, exitCode: 0 | 1): void {
  if (program === undefined || isStopping) process.exit(1);
  isStopping = true;
  log.info({ reason }, "stopping");
  program.stop().then(
    () => process.exit(exitCode),
    (error: unknown) => {
      log.error({ err: error }, "stopped with an error");
      process.exit(1);
    },
  );
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    stop(signal, 0);
  });
}
// A promise that nobody awaited is a bug of ours: say so and let the supervisor start afresh.
process.on("unhandledRejection", (error) => {
  log.fatal({ err: error }, "unhandled rejection");
  stop("unhandledRejection", 1);
});

try {
  program = await startProgram({ config: result.config, log });
  log.info({ work: "start", url: program.url }, "ready");
} catch (error) {
  if (error instanceof AppError)
    process.stderr.write(`claude-spend can't start: ${error.message}\n`);
  log.fatal({ err: error }, "start failed");
  process.exit(1);
}
