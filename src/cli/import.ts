/**
 * `claude-spend import`: usage that stands in files already. What records it is loaded while the
 * threads that read begin.
 */
import { availableParallelism } from "node:os";
import { InvalidArgumentError } from "commander";
import { parseEmail } from "../domain/email.ts";
import type { Clock } from "../domain/time.ts";
import type { ImportProblem } from "../features/ingest/reading.ts";
import type { DefineCommand, Report } from "./command.ts";
import { type Crew, type ImportListeners, type ImportTask, startCrew } from "./import-crew.ts";
import { findInputFiles, type InputFile } from "./import-files.ts";
import { nameOf, STDIN } from "./import-input.ts";
import { showImportProgress } from "./import-progress.ts";
import { importReport } from "./import-report.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** Threads take a moment to start; less than this is done before. */
export const BYTES_WORTH_A_CREW = 16 * 1024 * 1024;
/** They read as much as this thread can take; beside it, Postgres wants processors, too. */
const THREADS_MAX = 3;
/** As many are shown and kept; the count goes on. */
const PROBLEMS_MAX = 1_000;

export function defineImportCommand(define: DefineCommand, surroundings: Surroundings): void {
  const command = define(
    "import",
    "Record usage from files: Claude Code transcripts, Message Batches results, LiteLLM spend logs, native events.",
    async (_first, options, paths) => {
      const source = textOf(options["source"]);
      const problem = source === undefined ? undefined : await problemOfSource(source);
      if (problem !== undefined) {
        command.error(
          `error: option '--source <name>' argument '${String(source)}' is invalid. ${problem}`,
        );
      }
      return await runImport(surroundings, { paths, options });
    },
  )
    .argument(
      "<files...>",
      "files, patterns in quotes, folders that are searched for .jsonl and .ndjson, - for standard input; .gz too",
    )
    .option(
      "--source <name>",
      "under which source the events are kept (default: claude-code, batch-results, litellm or import, by what a file holds)",
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
  const crew = crewFor(files, task, listeners);
  try {
    const { runDry, runRecording } = await import("./import-run.ts");
    const work = { files, crew, task, listeners };
    const totals = isDryRun ? await runDry(work) : await runRecording(env, work);
    return importReport({ totals, problems, isDryRun, foundInFolders: foundInFolders(files) });
  } finally {
    await crew?.stop();
    progress.stop();
  }
}

/** Undefined where there is too little to read for several. */
function crewFor(
  files: readonly InputFile[],
  task: ImportTask,
  listeners: ImportListeners,
): Crew | undefined {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  // Standard input belongs to this thread.
  if (bytes < BYTES_WORTH_A_CREW || files.some(({ path }) => path === STDIN)) return undefined;
  // The largest first, so that none is left to one thread while the others are done.
  const paths = files.toSorted((left, right) => right.bytes - left.bytes).map(({ path }) => path);
  const threads = Math.min(THREADS_MAX, availableParallelism(), files.length);
  return startCrew({ threads, paths }, task, listeners);
}

function foundInFolders(files: readonly InputFile[]): ReadonlySet<string> {
  return new Set(files.flatMap(({ path, isNamed }) => (isNamed ? [] : [nameOf(path)])));
}

/** What is wrong with the name of a source. Loaded here: few name one. */
async function problemOfSource(name: string): Promise<string | undefined> {
  const { DEFAULT_SOURCE, problemOfName } = await import("../features/sources/index.ts");
  const problem = problemOfName(name);
  if (problem === undefined || name === DEFAULT_SOURCE.name) return undefined;
  return problem === "built-in"
    ? "Under this name Anthropic's own reports are kept. Choose another."
    : "Expected lower-case letters, digits and hyphens, at most 63.";
}

function parseUser(email: string): string {
  if (parseEmail(email) !== undefined) return email;
  throw new InvalidArgumentError("Expected an e-mail address.");
}

function textOf(option: unknown): string | undefined {
  return typeof option === "string" ? option : undefined;
}
