/** Starts the program from the environment and stops it on a signal. */
import { AppError } from "../domain/errors.ts";
import { readConfig } from "./config.ts";
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

const log = createLog(result.config.LOG_LEVEL);
try {
  const program = await startProgram({ config: result.config, log });
  log.info({ work: "start", url: program.url }, "ready");

  let isStopping = false;
  const stop = (signal: string): void => {
    if (isStopping) process.exit(1); // Asked twice: at once.
    isStopping = true;
    log.info({ signal }, "stopping");
    program.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "stopped with an error");
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  // A promise that nobody awaited is a bug of ours: say so and let the supervisor start afresh.
  process.on("unhandledRejection", (error) => {
    log.fatal({ err: error }, "unhandled rejection");
    stop("unhandledRejection");
    process.exitCode = 1;
  });
} catch (error) {
  if (error instanceof AppError)
    process.stderr.write(`claude-spend can't start: ${error.message}\n`);
  log.fatal({ err: error }, "start failed");
  process.exit(1);
}
