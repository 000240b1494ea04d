/** The `claude-spend` command: what an operator does beside the running bot. */
import { readFile } from "node:fs/promises";
import { Command, CommanderError } from "commander";
import { AppError } from "../domain/errors.ts";
import { instant } from "../domain/time.ts";
import { applyGovernance, formatProblems } from "../features/governance/index.ts";
import { migrate } from "../store/migrate.ts";
import { defineApprovalCommands } from "./approvals.ts";
import { defineAuditCommands } from "./audit.ts";
import { defineChargebackCommands } from "./chargeback.ts";
import { defineCommandsOf, EXIT_FAILED, EXIT_WRONG_USAGE, type Report } from "./command.ts";
import { defineImportCommand } from "./import.ts";
import { defineLimitCommands } from "./limits.ts";
import { defineOwnerCommands } from "./owners.ts";
import { definePeopleCommands } from "./people.ts";
import { definePriceCommands } from "./prices.ts";
import { definePullCommand } from "./pull.ts";
import { defineReconcileCommands } from "./reconcile.ts";
import { defineRejectedCommands } from "./rejected.ts";
import { defineRepriceCommand } from "./reprice.ts";
import { defineSourceCommands } from "./sources.ts";
import { withDatabase } from "./with-database.ts";

const program = new Command("claude-spend")
  .description("Operate Claude Spend: the settings are the environment of the bot.")
  .showHelpAfterError("Run with --help to see what there is.")
  .exitOverride();

const command = defineCommandsOf(program);

command("migrate", "Bring the database to the newest schema.", async () => {
  const ran = await withDatabase(process.env, async (database) => await migrate(database));
  return {
    text: ran.length === 0 ? "The schema is up to date." : `Applied ${ran.join(", ")}.`,
    json: { applied: ran },
  };
});

command("apply", "Apply a governance document, whole or not at all.", apply).argument(
  "<file>",
  "governance.yml",
);

command(
  "doctor",
  "Check the database, Slack, Anthropic and what waits, and say what to do.",
  async () => {
    const { runChecks } = await import("./doctor.ts"); // Slow to load, and only this needs it.
    const checks = await runChecks(process.env, instant(new Date()));
    const MARKS = { ok: "ok  ", warning: "warn", failed: "FAIL" } as const;
    return {
      text: checks
        .map(({ name, status, message }) => `${MARKS[status]}  ${name}: ${message}`)
        .join("\n"),
      json: { checks },
      isFailed: checks.some(({ status }) => status === "failed"),
    };
  },
);

definePullCommand(command, { env: process.env, clock: () => instant(new Date()) });

defineSourceCommands(
  defineCommandsOf(program.command("sources").description("Who may send usage events.")),
  { env: process.env, clock: () => instant(new Date()) },
);

defineRejectedCommands(
  defineCommandsOf(program.command("rejected").description("What could not be recorded.")),
  { env: process.env, clock: () => instant(new Date()) },
);

defineAuditCommands(
  defineCommandsOf(program.command("audit").description("Who changed and decided what.")),
  { env: process.env, clock: () => instant(new Date()) },
);

definePriceCommands(
  defineCommandsOf(program.command("prices").description("What Claude costs, from when.")),
  { env: process.env, clock: () => instant(new Date()) },
);

defineApprovalCommands(
  defineCommandsOf(program.command("approvals").description("Who decides about raises, and why.")),
  { env: process.env, clock: () => instant(new Date()) },
);

defineLimitCommands(
  defineCommandsOf(
    program.command("limits").description("Limits in other systems that follow approved raises."),
  ),
  { env: process.env, clock: () => instant(new Date()) },
);

definePeopleCommands(
  defineCommandsOf(program.command("people").description("Under which names people use Claude.")),
  { env: process.env, clock: () => instant(new Date()) },
);

defineOwnerCommands(command, { env: process.env, clock: () => instant(new Date()) });

defineRepriceCommand(command, { env: process.env, clock: () => instant(new Date()) });

defineChargebackCommands(command, { env: process.env, clock: () => instant(new Date()) });

defineReconcileCommands(command, { env: process.env, clock: () => instant(new Date()) });

defineImportCommand(command, { env: process.env, clock: () => instant(new Date()) });

async function apply(file: string): Promise<Report> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new AppError({ code: "invalid", message: `Can't read ${file}.`, cause });
  });
  const { governanceAppliers } = await import("../app/wire.ts"); // As slow to load.
  const outcome = await withDatabase(process.env, async (database) => {
    await migrate(database);
    return await applyGovernance(
      { database, clock: () => instant(new Date()), appliers: governanceAppliers },
      { text, appliedBy: "command line" },
    );
  });
  switch (outcome.kind) {
    case "applied":
      return {
        text: [`Applied as version ${String(outcome.version)}.`, ...outcome.changes].join("\n"),
        json: outcome,
      };
    case "unchanged":
      return { text: `Version ${String(outcome.version)} is in force already.`, json: outcome };
    case "refused":
      return { text: formatProblems(outcome.problems, file), json: outcome, isFailed: true };
  }
}

process.env["TZ"] = "UTC";
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_WRONG_USAGE;
  } else {
    const message = error instanceof AppError ? error.message : String(error);
    process.stderr.write(`claude-spend: ${message}\n`);
    if (process.argv.includes("--json")) {
      const code = error instanceof AppError ? error.code : "internal";
      process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
    }
    process.exitCode = EXIT_FAILED;
  }
}
