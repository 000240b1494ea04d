/**
 * The `claude-spend` command: what an operator does beside the running bot. Only the code of the
 * command that was typed is loaded: all of it takes a second.
 */
import { readFile } from "node:fs/promises";
import { Command, CommanderError } from "commander";
import { AppError } from "../domain/errors.ts";
import { type Instant, instant } from "../domain/time.ts";
import { defineCommandsOf, EXIT_FAILED, EXIT_WRONG_USAGE, type Report } from "./command.ts";

const surroundings = { env: process.env, clock: () => instant(new Date()) };

const program = new Command("claude-spend")
  .description("Operate Claude Spend: the settings are the environment of the bot.")
  .showHelpAfterError("Run with --help to see what there is.")
  .exitOverride();

const command = defineCommandsOf(program);

/** A command that has commands of its own. */
function group(name: string, description: string): ReturnType<typeof defineCommandsOf> {
  return defineCommandsOf(program.command(name).description(description));
}

/** By the first word that is typed; several words may share what defines them. */
const DEFINITIONS: readonly {
  readonly words: readonly string[];
  readonly define: () => Promise<void> | void;
}[] = [
  { words: ["migrate"], define: defineMigrate },
  { words: ["apply"], define: defineApply },
  {
    words: ["governance"],
    define: async () =>
      (await import("./governance.ts")).defineGovernanceCommands(
        group("governance", "What is in force, who changed it, and what they changed."),
        surroundings,
      ),
  },
  { words: ["doctor"], define: defineDoctor },
  {
    words: ["pull"],
    define: async () => (await import("./pull.ts")).definePullCommand(command, surroundings),
  },
  {
    words: ["sources"],
    define: async () =>
      (await import("./sources.ts")).defineSourceCommands(
        group("sources", "Who may send usage events."),
        surroundings,
      ),
  },
  {
    words: ["slack"],
    define: async () =>
      (await import("./slack.ts")).defineSlackCommands(
        group("slack", "Which Slack workspaces have the bot, and links to install it."),
        surroundings,
      ),
  },
  {
    words: ["rejected"],
    define: async () =>
      (await import("./rejected.ts")).defineRejectedCommands(
        group("rejected", "What could not be recorded."),
        surroundings,
      ),
  },
  {
    words: ["audit"],
    define: async () =>
      (await import("./audit.ts")).defineAuditCommands(
        group("audit", "Who changed and decided what."),
        surroundings,
      ),
  },
  {
    words: ["prices"],
    define: async () =>
      (await import("./prices.ts")).definePriceCommands(
        group("prices", "What Claude costs, from when."),
        surroundings,
      ),
  },
  {
    words: ["approvals"],
    define: async () =>
      (await import("./approvals.ts")).defineApprovalCommands(
        group("approvals", "Who decides about raises, and why."),
        surroundings,
      ),
  },
  {
    words: ["limits"],
    define: async () =>
      (await import("./limits.ts")).defineLimitCommands(
        group("limits", "Limits in other systems that follow approved raises."),
        surroundings,
      ),
  },
  {
    words: ["people"],
    define: async () =>
      (await import("./people.ts")).definePeopleCommands(
        group("people", "Under which names people use Claude."),
        surroundings,
      ),
  },
  {
    words: ["owners", "unallocated"],
    define: async () => (await import("./owners.ts")).defineOwnerCommands(command, surroundings),
  },
  {
    words: ["reprice"],
    define: async () => (await import("./reprice.ts")).defineRepriceCommand(command, surroundings),
  },
  {
    words: ["close", "statement", "export"],
    define: async () =>
      (await import("./chargeback.ts")).defineChargebackCommands(command, surroundings),
  },
  {
    words: ["reconcile", "accept-difference"],
    define: async () =>
      (await import("./reconcile.ts")).defineReconcileCommands(command, surroundings),
  },
  {
    words: ["import"],
    define: async () => (await import("./import.ts")).defineImportCommand(command, surroundings),
  },
];

async function defineMigrate(): Promise<void> {
  const { migrate } = await import("../store/migrate.ts");
  const { withDatabase } = await import("./with-database.ts");
  command("migrate", "Bring the database to the newest schema.", async () => {
    const ran = await withDatabase(process.env, async (database) => await migrate(database));
    return {
      text: ran.length === 0 ? "The schema is up to date." : `Applied ${ran.join(", ")}.`,
      json: { applied: ran },
    };
  });
}

function defineApply(): void {
  command("apply", "Apply a governance document, whole or not at all.", apply)
    .argument("<file>", "governance.yml")
    .option("--only-after <version>", "not if another version is in force than this one");
}

function defineDoctor(): void {
  command(
    "doctor",
    "Check the database, Slack, Anthropic and what waits, and say what to do.",
    async () => {
      const { runChecks } = await import("./doctor.ts");
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
}

async function apply(
  file: string,
  { onlyAfter }: Readonly<Record<string, unknown>>,
): Promise<Report> {
  const version = typeof onlyAfter === "string" ? onlyAfter : undefined;
  if (version !== undefined && !/^\d{1,9}$/.test(version)) {
    throw new AppError({
      code: "invalid",
      message: "--only-after: expected a version, such as 3.",
    });
  }
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new AppError({ code: "invalid", message: `Can't read ${file}.`, cause });
  });
  const { governanceAppliers } = await import("../app/wire.ts");
  const { applyGovernance, formatProblems } = await import("../features/governance/index.ts");
  const { migrate } = await import("../store/migrate.ts");
  const { withDatabase } = await import("./with-database.ts");
  const { channelLookup } = await import("./slack-channels.ts");
  const outcome = await withDatabase(process.env, async (database) => {
    await migrate(database);
    const clock = (): Instant => instant(new Date());
    const channels = channelLookup(database, process.env, clock);
    return await applyGovernance(
      {
        database,
        clock,
        appliers: governanceAppliers,
        ...(channels === undefined ? {} : { channels }),
      },
      {
        text,
        appliedBy: "command line",
        onlyAfter: version === undefined ? undefined : Number(version),
      },
    );
  });
  switch (outcome.kind) {
    case "applied":
      return {
        text: [
          `Applied as version ${String(outcome.version)}.`,
          ...outcome.changes,
          ...outcome.warnings,
        ].join("\n"),
        json: outcome,
      };
    case "unchanged":
      return { text: `Version ${String(outcome.version)} is in force already.`, json: outcome };
    case "overtaken":
      return {
        text: `Version ${String(outcome.version)} is in force: nothing was applied. \`claude-spend governance history\` says who changed what.`,
        json: outcome,
        isFailed: true,
      };
    case "refused":
      return { text: formatProblems(outcome.problems, file), json: outcome, isFailed: true };
  }
}

/** What the first word names; all of it for help, and for a word that nothing defines. */
async function defineCommands(firstWord: string): Promise<void> {
  const named = DEFINITIONS.filter(({ words }) => words.includes(firstWord));
  for (const { define } of named.length > 0 ? named : DEFINITIONS) {
    // oxlint-disable-next-line no-await-in-loop -- help lists them in this order
    await define();
  }
}

process.env["TZ"] = "UTC";
try {
  await defineCommands(process.argv[2] ?? "");
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
