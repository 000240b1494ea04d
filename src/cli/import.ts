/** `claude-spend import`: usage that stands in files already. */
import { availableParallelism } from "node:os";
import { InvalidArgumentError } from "commander";
import { parseEmail } from "../domain/email.ts";
import type { Clock } from "../domain/time.ts";
import type { ImportProblem, ImportTotals } from "../features/ingest/index.ts";
import { DEFAULT_SOURCE, problemOfName } from "../features/sources/index.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { importWithCrew } from "./import-crew.ts";
import { findInputFiles, type InputFile, nameOf, STDIN } from "./import-files.ts";
import { showImportProgress } from "./import-progress.ts";
import { importReport } from "./import-report.ts";
import { type ImportListeners, type ImportTask, runImportOf } from "./import-run.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** Threads take a moment to start; less than this is done before. */
export const BYTES_WORTH_A_CREW = 16 * 1024 * 1024;
const THREADS_MAX = 4;
/** As many are shown and kept; the count goes on. */
const PROBLEMS_MAX = 1_000;

export function defineImportCommand(define: DefineCommand, surroundings: Surroundings): void {
  define(
    "import",
    "Record usage from files: Claude Code transcripts, Message Batches results, LiteLLM spend logs, native events.",
    async (_first, options, paths) => await runImport(surroundings, { paths, options }),
  )
    .argument(
      "<files...>",
      "files, patterns in quotes, folders that are searched for .jsonl and .ndjson, - for standard input; .gz too",
    )
    .option(
      "--source <name>",
      "under which source the events are kept (default: claude-code, batch-results, litellm or import, by what a file holds)",
      parseSourceName,
    )
    .option("--user <email>", "whose usage it is, where a file does not say", parseUser)
    .option("--dry-run", "read and check everything, record nothing; needs no database");
}

async function runImport(
  { env, clock }: Surroundings,
  asked: {
    readonly paths: readonly string[];
    readonly options: Readonly<Record<string, unknown>>;
  },
): Promise<Report> {
  const { options } = asked;
  const isDryRun = options["dryRun"] === true;
  const files = await findInputFiles(asked.paths);
  const problems: ImportProblem[] = [];
  const progress = showImportProgress(process.stderr, {
    bytesTotal: files.reduce((sum, { bytes }) => sum + bytes, 0),
    files: files.length,
  });
  const listeners: ImportListeners = {
    ...progress,
    onProblem: (problem) => {
      if (problems.length < PROBLEMS_MAX) problems.push(problem);
    },
  };
  const task: ImportTask = {
    now: clock(),
    source: textOf(options["source"]),
    userEmail: textOf(options["user"]),
  };
  try {
    const totals = isDryRun
      ? await runImportOf(eachOf(files), task, { database: undefined, listeners })
      : await record(env, files, { task, listeners });
    return importReport({ totals, problems, isDryRun, foundInFolders: foundInFolders(files) });
  } finally {
    progress.stop();
  }
}

async function record(
  env: Surroundings["env"],
  files: readonly InputFile[],
  { task, listeners }: { readonly task: ImportTask; readonly listeners: ImportListeners },
): Promise<ImportTotals> {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return await withDatabase(env, async (database, connection) => {
    await migrate(database);
    const threads = Math.min(THREADS_MAX, availableParallelism(), files.length);
    // Standard input belongs to this thread.
    if (bytes < BYTES_WORTH_A_CREW || files.some(({ path }) => path === STDIN)) {
      return await runImportOf(eachOf(files), task, { database, listeners });
    }
    // The largest first, so that none is left to one thread while the others are done.
    const paths = files.toSorted((left, right) => right.bytes - left.bytes).map(({ path }) => path);
    return await importWithCrew({ threads, paths }, { ...task, connection }, listeners);
  });
}

function eachOf(files: readonly InputFile[]): () => Promise<string | undefined> {
  const left = files.values();
  return async () => {
    const next = await Promise.resolve(left.next());
    return next.done === true ? undefined : next.value.path;
  };
}

function foundInFolders(files: readonly InputFile[]): ReadonlySet<string> {
  return new Set(files.flatMap(({ path, isNamed }) => (isNamed ? [] : [nameOf(path)])));
}

function parseSourceName(name: string): string {
  const problem = problemOfName(name);
  if (problem === undefined || name === DEFAULT_SOURCE.name) return name;
  throw new InvalidArgumentError(
    problem === "built-in"
      ? "Under this name Anthropic's own reports are kept. Choose another."
      : "Expected lower-case letters, digits and hyphens, at most 63.",
  );
}

function parseUser(email: string): string {
  if (parseEmail(email) !== undefined) return email;
  throw new InvalidArgumentError("Expected an e-mail address.");
}

function textOf(option: unknown): string | undefined {
  return typeof option === "string" ? option : undefined;
}
