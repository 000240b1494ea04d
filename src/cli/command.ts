/** What every command has in common: a report as text or JSON, and an exit code. */
import { userInfo } from "node:os";
import { Command } from "commander";
import { withAuditOrigin } from "../store/audit-origin.ts";

export const EXIT_FAILED = 1;
export const EXIT_WRONG_USAGE = 2;

/** What a command has to say: text for people, the same as JSON for programs. */
export interface Report {
  readonly text: string;
  readonly json: object;
  readonly isFailed?: boolean;
  /** What was asked for stands on the output already, and nothing else may. */
  readonly isSilent?: boolean;
}

/** Adds a command; `run` gets its argument, its options, and all arguments where it takes several. */
export type DefineCommand = (
  name: string,
  description: string,
  run: (
    argument: string,
    options: Readonly<Record<string, unknown>>,
    all: readonly string[],
  ) => Promise<Report>,
) => Command;

export function defineCommandsOf(parent: Command): DefineCommand {
  return (name, description, run) =>
    parent
      .command(name)
      .description(description)
      .option("--json", "machine-readable output")
      .action(async (...given: readonly unknown[]) => {
        const self = given.at(-1);
        const options: Readonly<Record<string, unknown>> =
          self instanceof Command ? self.opts() : {};
        const isJson = options["json"] === true;
        const all = given
          .slice(0, -2)
          .flat()
          .filter((one) => typeof one === "string");
        const origin = {
          via: "cli",
          command: [parent.name(), name].join(" "),
          user: userName(),
        } as const;
        const report = await withAuditOrigin(
          origin,
          async () => await run(all[0] ?? "", options, all),
        );
        const output = isJson ? JSON.stringify(report.json) : report.text;
        const stream = report.isFailed === true && !isJson ? process.stderr : process.stdout;
        if (report.isSilent !== true) stream.write(`${output}\n`);
        process.exitCode = report.isFailed === true ? EXIT_FAILED : 0;
      });
}

/** A container may run us as a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
