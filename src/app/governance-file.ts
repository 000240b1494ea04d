/** The governance document that GOVERNANCE_FILE names, applied before the program takes anything. */
import { readFile } from "node:fs/promises";
import type { Logger } from "pino";
import { AppError } from "../domain/errors.ts";
import type { Clock } from "../domain/time.ts";
import { applyGovernance, formatProblems } from "../features/governance/index.ts";
import type { Database } from "../store/database.ts";
import type { Config } from "./config.ts";
import { governanceAppliers } from "./wire.ts";

/** Throws what is wrong with the file, by line; does nothing when none is set. */
export async function applyGovernanceFile(deps: {
  readonly config: Config;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}): Promise<void> {
  const { config, log } = deps;
  const file = config.GOVERNANCE_FILE;
  if (file === undefined) return;
  const outcome = await applyGovernance(
    { ...deps, appliers: governanceAppliers },
    { text: await readGovernanceFile(file), appliedBy: "GOVERNANCE_FILE" },
  );
  if (outcome.kind === "refused") {
    throw new AppError({
      code: "invalid",
      message: `GOVERNANCE_FILE was not applied:\n${formatProblems(outcome.problems, file)}`,
    });
  }
  log.info(
    { work: "governance", outcome: outcome.kind, version: outcome.version },
    "governance applied",
  );
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
