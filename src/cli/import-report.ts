/** What an import has to say at its end: what was recorded, what was not, and where it stands. */
import type { ImportProblem, ImportTotals } from "../features/ingest/index.ts";
import type { Report } from "./command.ts";

/** More are a mistake in the file as a whole; `--json` has a thousand. */
const PROBLEMS_SHOWN = 20;

export function importReport(outcome: {
  readonly totals: ImportTotals;
  readonly problems: readonly ImportProblem[];
  readonly isDryRun: boolean;
  /** Files that nobody named: what is in them may be anything. */
  readonly foundInFolders: ReadonlySet<string>;
}): Report {
  const { totals, problems, isDryRun, foundInFolders } = outcome;
  const { found, ...counts } = totals;
  const leftOut = problems.filter(
    ({ code, file }) => code === "unknown_format" && foundInFolders.has(file),
  );
  // Problems are kept up to a limit, but all are counted.
  const untold = counts.rejected + counts.refusedFiles - PROBLEMS_SHOWN;
  const refusedFiles = counts.refusedFiles - leftOut.length;
  return {
    text: [
      ...summary(totals, isDryRun),
      ...problems.slice(0, PROBLEMS_SHOWN).map(problemLine),
      ...(untold > 0 ? [`… and ${numberOf(untold)} more (--json lists the first thousand).`] : []),
    ].join("\n"),
    json: {
      dry_run: isDryRun,
      files: counts.files,
      accepted: counts.accepted,
      duplicates: counts.duplicates,
      rejected: counts.rejected,
      too_old: counts.tooOld,
      unfinished: counts.unfinished,
      refused_files: refusedFiles,
      left_out_files: leftOut.length,
      found,
      problems: problems.map(({ line, ...problem }) => ({ ...problem, line: line ?? null })),
    },
    isFailed: counts.rejected > 0 || refusedFiles > 0,
  };
}

function summary(totals: ImportTotals, isDryRun: boolean): readonly string[] {
  const { files, accepted, duplicates, rejected, tooOld, unfinished, refusedFiles } = totals;
  const kinds = Object.entries(totals.found)
    .filter(([, events]) => events > 0)
    .map(([kind, events]) => `${kind} ${numberOf(events)}`);
  const from = `${numberOf(files)} ${files === 1 ? "file" : "files"}`;
  return [
    isDryRun
      ? `${eventsOf(accepted)} in ${from} could be recorded. Nothing was: this is a dry run.`
      : `${eventsOf(accepted)} recorded from ${from}, ${numberOf(duplicates)} ${duplicates === 1 ? "was" : "were"} there already.`,
    ...(kinds.length > 1 ? [`Found: ${kinds.join(", ")}.`] : []),
    ...(tooOld > 0 ? [`${eventsOf(tooOld)} from more than 400 days ago left out.`] : []),
    ...(unfinished > 0
      ? [`${numberOf(unfinished)} still being written by a running session: import again later.`]
      : []),
    ...(rejected > 0 ? [`${numberOf(rejected)} rejected.`] : []),
    ...(refusedFiles > 0 ? [`${numberOf(refusedFiles)} of the files not imported.`] : []),
  ];
}

function problemLine({ file, line, message }: ImportProblem): string {
  return `${file}${line === undefined ? "" : `:${String(line)}`}: ${message}`;
}

function eventsOf(count: number): string {
  return count === 1 ? "1 event" : `${numberOf(count)} events`;
}

function numberOf(count: number): string {
  return count.toLocaleString("en-US");
}
