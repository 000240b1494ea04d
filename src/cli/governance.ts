/** `claude-spend governance`: the document in force, its history, and what a version changed. */
import { AppError } from "../domain/errors.ts";
import {
  diffGovernance,
  findGovernanceDocument,
  listGovernanceVersions,
  versionText,
} from "../features/governance/index.ts";
import type { Database } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** More than this nobody reads at once. */
const HISTORY_LIMIT = 20;
const HISTORY_LIMIT_MAX = 1_000;

export function defineGovernanceCommands(define: DefineCommand, { env }: Surroundings): void {
  const looking = async <T>(look: (database: Database) => Promise<T>): Promise<T> =>
    await withDatabase(env, async (database) => {
      await migrate(database);
      return await look(database);
    });

  define(
    "show",
    "The document in force, as it was written; > governance.yml",
    async (_, options) => {
      const version = wholeNumber("--version", options["version"]);
      const document = await looking(
        async (database) => await findGovernanceDocument({ database }, version),
      );
      if (document === undefined) throw unknownVersion(version);
      return { text: document.text.replace(/\n$/, ""), json: document };
    },
  ).option("--version <number>", "an earlier version");

  define("history", "Who changed it, when, from where and what.", async (_, options) => {
    const limit = Math.min(
      wholeNumber("--limit", options["limit"]) ?? HISTORY_LIMIT,
      HISTORY_LIMIT_MAX,
    );
    const { versions } = await looking(
      async (database) => await listGovernanceVersions({ database }, { limit }),
    );
    return {
      text:
        versions.length === 0
          ? "No document was applied yet."
          : versions.map(versionText).join("\n\n"),
      json: { versions },
    };
  }).option("--limit <number>", "how many, newest first", String(HISTORY_LIMIT));

  define("diff", "What is different between two versions.", async (_first, _options, all) => {
    const [first, second] = all.map((given) => wholeNumber("VERSION", given));
    const { from, to, changes } = await looking(async (database) => {
      const last = (await findGovernanceDocument({ database }))?.version;
      if (last === undefined) throw unknownVersion(undefined);
      const bounds =
        second === undefined
          ? { from: first ?? last - 1, to: last }
          : { from: first ?? last - 1, to: second };
      return { ...bounds, changes: await diffGovernance({ database }, bounds) };
    });
    const between = `version ${String(from)} and version ${String(to)}`;
    return {
      text:
        changes.length === 0
          ? `Nothing is different between ${between} but words and comments.`
          : changes.join("\n"),
      json: { from, to, changes },
    };
  })
    .argument("[from]", "a version; without it the one before the last")
    .argument("[to]", "another one; without it the one in force");
}

function wholeNumber(name: string, given: unknown): number | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "string" && /^\d{1,9}$/.test(given)) return Number(given);
  throw new AppError({ code: "invalid", message: `${name}: expected a whole number.` });
}

function unknownVersion(version: number | undefined): AppError {
  return new AppError({
    code: "not-found",
    message:
      version === undefined
        ? "No governance document was applied yet."
        : `There is no version ${String(version)}; \`claude-spend governance history\` lists them.`,
  });
}
