/** The governance document that GOVERNANCE_FILE names, applied before the program takes anything. */
import { readFile } from "node:fs/promises";
import type { Logger } from "pino";
import { AppError } from "../domain/errors.ts";
import type { Clock } from "../domain/time.ts";
import {
  applyGovernanceFile as applyFile,
  formatProblems,
  REFRESH_FILE,
  versionText,
} from "../features/governance/index.ts";
import type { Database } from "../store/database.ts";
import type { Config } from "./config.ts";
import { governanceAppliers } from "./wire.ts";

type ChannelLookup = NonNullable<Parameters<typeof applyFile>[0]["channels"]>;
type FileOutcome = Awaited<ReturnType<typeof applyFile>>;

/**
 * Throws what is wrong with the file, by line, or what it would undo (ADR 0031); does nothing when
 * none is set.
 */
export async function applyGovernanceFile(deps: {
  readonly config: Config;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Which channels there are, where the program has a way to Slack. */
  readonly web?: ChannelLookup;
}): Promise<void> {
  const { config, log } = deps;
  const file = config.GOVERNANCE_FILE;
  if (file === undefined) return;
  const outcome = await applyFile(
    {
      ...deps,
      appliers: governanceAppliers,
      ...(deps.web === undefined ? {} : { channels: deps.web }),
    },
    {
      text: await readGovernanceFile(file),
      appliedBy: "GOVERNANCE_FILE",
      isOnlyWay: config.GOVERNANCE_FILE_MODE === "only",
    },
  );
  const problem = problemOf(outcome, file);
  if (problem !== undefined) throw new AppError({ code: "invalid", message: problem });
  const fields = { work: "governance", outcome: outcome.kind, ...detailsOf(outcome) };
  // The file lags behind what is in force: nothing is wrong, but somebody should know.
  if (outcome.kind === "kept") log.warn(fields, "governance file is older than what is in force");
  else log.info(fields, "governance applied");
}

function problemOf(outcome: FileOutcome, file: string): string | undefined {
  if (outcome.kind === "refused") {
    return `GOVERNANCE_FILE was not applied:\n${formatProblems(outcome.problems, file)}`;
  }
  if (outcome.kind !== "would-undo") return undefined;
  return [
    `GOVERNANCE_FILE was not applied: ${file} has changed, and would undo what was decided elsewhere meanwhile:`,
    ...outcome.lost.map((line) => `  ${line}`),
    "Decided by:",
    ...outcome.since.map((version) => `  ${versionText(version).split("\n", 1).join("")}`),
    `Bring the file up to date (\`${REFRESH_FILE}\`), make your change again, and start. To undo these on purpose, run \`claude-spend apply ${file}\` first. To let only the file decide from now on, set GOVERNANCE_FILE_MODE=only.`,
  ].join("\n");
}

function detailsOf(outcome: FileOutcome): object {
  switch (outcome.kind) {
    case "applied":
      return {
        version: outcome.version,
        changes: outcome.changes,
        ...(outcome.warnings.length === 0 ? {} : { warnings: outcome.warnings }),
      };
    case "kept":
      return {
        version: outcome.version,
        edited_by: [...new Set(outcome.since.map(({ appliedBy }) => appliedBy))],
        remedy: REFRESH_FILE,
      };
    case "unchanged":
      return { version: outcome.version };
    case "would-undo":
    case "refused":
      return {};
  }
}

async function readGovernanceFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new AppError({
      code: "invalid",
      message: `GOVERNANCE_FILE: can't read ${file}. Check the path and its permissions.`,
      cause: error,
    });
  }
}
