/** `claude-spend sources meter`: which source counts for a workspace or key. */
import { userInfo } from "node:os";
import { AppError } from "../domain/errors.ts";
import type { Clock } from "../domain/time.ts";
import {
  designateMeteringSource,
  listMetering,
  type MeteringChange,
  type MeteringMatch,
} from "../features/sources/index.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

type Options = Readonly<Record<string, unknown>>;

export function defineMeterCommand(define: DefineCommand, surroundings: Surroundings): void {
  define(
    "meter",
    "Let only one source count for a workspace or key, from now on; without arguments, list them.",
    async (source, options) =>
      source === "" && options["end"] !== true
        ? await list(surroundings)
        : await change(surroundings, source, options),
  )
    .argument("[source]", "the source that counts")
    .option("--workspace <id>", "an Anthropic workspace")
    .option("--api-key <id>", "an API key; comes before what is said of its workspace")
    .option("--end", "all sources count again, from now on");
}

async function list({ env }: Surroundings): Promise<Report> {
  const metering = await withDatabase(env, async (database) => {
    await migrate(database);
    return await listMetering({ database });
  });
  return {
    text:
      metering.length === 0
        ? "No metering source is designated: every source counts."
        : metering
            .map(
              ({ match, source, validFrom, managedBy }) =>
                `${matchName(match)}  ${source}  since ${validFrom.toISOString()}  (${managedBy})`,
            )
            .join("\n"),
    json: { metering },
  };
}

async function change(
  { env, clock }: Surroundings,
  source: string,
  options: Options,
): Promise<Report> {
  const match = matchOf(options);
  if (options["end"] === true && source !== "") {
    throw wrong("--end: expected no source beside it.");
  }
  const outcome = await withDatabase(env, async (database) => {
    await migrate(database);
    return await designateMeteringSource(
      { database, clock },
      {
        match,
        source: source === "" ? undefined : source,
        actor: `command line (${userInfo().username})`,
      },
    );
  });
  return { text: changeText(outcome), json: outcome, isFailed: outcome.kind === "refused" };
}

function matchOf(options: Options): MeteringMatch {
  const { workspace, apiKey } = options;
  if (typeof workspace === "string" && apiKey === undefined) return { workspaceId: workspace };
  if (typeof apiKey === "string" && workspace === undefined) return { apiKeyId: apiKey };
  throw wrong("Expected either --workspace or --api-key.");
}

function matchName(match: MeteringMatch): string {
  return "apiKeyId" in match ? `api_key:${match.apiKeyId}` : `workspace:${match.workspaceId}`;
}

function changeText(outcome: MeteringChange): string {
  switch (outcome.kind) {
    case "designated":
      return `${outcome.match}: from now on only ${outcome.source} counts; what others send for it is kept and not counted. What was recorded before stays as it is.`;
    case "ended":
      return `${outcome.match}: from now on every source counts again. What ${outcome.source} was preferred to stays uncounted.`;
    case "unchanged":
      return `${outcome.match}: ${outcome.source} is the one that counts already.`;
    case "refused":
      return REFUSALS[outcome.reason];
  }
}

const REFUSALS: Readonly<Record<Extract<MeteringChange, { kind: "refused" }>["reason"], string>> = {
  "not-a-name": "A source is named by lower-case letters, digits and dashes, at most 63.",
  governed: "governance.yml says which source counts there (metering): change it there.",
  "not-designated": "No source is designated there: every source counts already.",
};

function wrong(message: string): AppError {
  return new AppError({ code: "invalid", message });
}
