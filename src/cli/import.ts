/** `claude-spend import`: usage that stands in files already. */
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Presets, SingleBar } from "cli-progress";
import { pino } from "pino";
import { AppError } from "../domain/errors.ts";
import type { Clock } from "../domain/time.ts";
import {
  addTotals,
  createIngestMemory,
  type ImportTotals,
  importUsage,
  NOTHING_IMPORTED,
} from "../features/ingest/index.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

interface InputFile {
  readonly path: string;
  readonly bytes: number;
}

export function defineImportCommand(define: DefineCommand, surroundings: Surroundings): void {
  define(
    "import",
    "Record usage from files: Claude Code transcripts, native events, Message Batches results.",
    async (_first, options, paths) => await runImport(surroundings, { paths, options }),
  )
    .argument("<files...>", "files, or folders that are searched for .jsonl and .ndjson")
    .option("--source <name>", "under which source the events are kept", "import")
    .option("--user <email>", "whose usage it is, where a file does not say");
}

async function runImport(
  { env, clock }: Surroundings,
  asked: {
    readonly paths: readonly string[];
    readonly options: Readonly<Record<string, unknown>>;
  },
): Promise<Report> {
  const { options } = asked;
  const files = (await Promise.all(asked.paths.map(findFiles))).flat();
  const bar = new SingleBar(
    { format: "Import [{bar}] {percentage}% {file}", stream: process.stderr, noTTYOutput: false },
    Presets.shades_classic,
  );
  bar.start(
    files.reduce((sum, { bytes }) => sum + bytes, 0),
    0,
    { file: "" },
  );
  let totals = NOTHING_IMPORTED;
  await withDatabase(env, async (database) => {
    await migrate(database);
    const deps = {
      database,
      clock,
      log: pino({ level: "warn" }, process.stderr),
      ingestMemory: createIngestMemory(),
    };
    for (const { path, bytes } of files) {
      bar.update({ file: path });
      // oxlint-disable-next-line no-await-in-loop -- one file after the other, in bounded memory
      const read = await importUsage(deps, {
        lines: createInterface({ input: createReadStream(path), crlfDelay: Infinity }),
        // Whoever may run this command may say whose usage it is.
        source: { name: String(options["source"]), isTrusted: true },
        userEmail: typeof options["user"] === "string" ? options["user"] : undefined,
      });
      totals = addTotals(totals, read);
      bar.increment(bytes);
    }
  });
  bar.stop();
  return {
    text: totalsText(totals, files.length),
    json: { files: files.length, ...totals },
    isFailed: totals.rejected > 0,
  };
}

function totalsText(totals: ImportTotals, files: number): string {
  const { accepted, duplicates, rejected, firstRejection, brokenLines } = totals;
  return [
    `${String(accepted)} events recorded from ${String(files)} files, ${String(duplicates)} were there already.`,
    ...(rejected > 0
      ? [`${String(rejected)} were rejected, the first: ${firstRejection ?? ""}.`]
      : []),
    ...(brokenLines > 0 ? [`${String(brokenLines)} lines are not JSON and were left out.`] : []),
  ].join("\n");
}

/** A file, or the files below a folder. */
async function findFiles(path: string): Promise<readonly InputFile[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AppError({ code: "invalid", message: `Can't read ${path}.`, cause });
  });
  if (!found.isDirectory()) return [{ path, bytes: found.size }];
  const names = await readdir(path, { recursive: true });
  const inside = names
    .filter((name) => /\.(?:jsonl|ndjson)$/.test(name))
    .toSorted()
    .map((name) => join(path, name));
  return await Promise.all(
    inside.map(async (file) => ({ path: file, bytes: (await stat(file)).size })),
  );
}
