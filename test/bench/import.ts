/**
 * `claude-spend import` of Claude Code transcripts, next to ccusage, which reads the same files and
 * writes nothing: whole processes, from start to exit, in turn. Then the same files once more. ccusage
 * is measured as it is now, a native program, and as it was last for Node, where we are. Which part of an
 * import is Postgres' own, COPY of the same rows tells.
 */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { openDatabase } from "../../src/store/database.ts";
import { startEmbeddedPostgres } from "../../src/store/embedded.ts";
import { databaseUrl } from "../support/program.ts";
import { median, printFigure } from "./figure.ts";
import { copySeconds } from "./ingest.ts";
import { writeTranscripts } from "./transcripts.ts";

const ROUNDS = 5;
const SESSIONS = 300;
const ANSWERS_PER_SESSION = 150;
/** Two levels below the root, like the built program, so that it finds migrations/. */
const PROGRAM = "dist/bench-cli";

const run = promisify(execFile);

export async function benchImport(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "claude-spend-bench-"));
  await chmod(directory, 0o777); // Postgres may be another user.
  await build({
    entryPoints: ["src/cli/main.ts", "src/cli/import-worker.ts"],
    outdir: PROGRAM,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  });
  const postgres = await startEmbeddedPostgres({ dataDir: join(directory, "data") });
  try {
    const written = await writeTranscripts(directory, {
      sessions: SESSIONS,
      answersPerSession: ANSWERS_PER_SESSION,
      until: new Date(),
    });
    const bench = { ...written, directory, url: databaseUrl(postgres.poolConfig) };
    await compare(bench);
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
    await rm(PROGRAM, { recursive: true, force: true });
  }
}

interface Bench {
  readonly directory: string;
  readonly url: string;
  readonly bytes: number;
  readonly answers: number;
}

async function compare(bench: Bench): Promise<void> {
  const taken: Record<"first" | "again" | "native" | "node" | "copy", number[]> = {
    first: [],
    again: [],
    native: [],
    node: [],
    copy: [],
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- they must not disturb each other
    await emptyDatabase(bench.url);
    // oxlint-disable-next-line no-await-in-loop -- they must not disturb each other
    taken.native.push(await secondsOfCcusage(bench, NATIVE));
    // oxlint-disable-next-line no-await-in-loop -- they must not disturb each other
    taken.node.push(await secondsOfCcusage(bench, NODE));
    // oxlint-disable-next-line no-await-in-loop -- they must not disturb each other
    taken.first.push(await secondsOfImport(bench, "accepted"));
    // oxlint-disable-next-line no-await-in-loop -- they must not disturb each other
    taken.again.push(await secondsOfImport(bench, "duplicates"));
    // oxlint-disable-next-line no-await-in-loop -- they must not disturb each other
    taken.copy.push(await secondsOfCopy(bench));
  }
  const megabytes = bench.bytes / 1_000_000;
  const rate = (of: keyof typeof taken): number => megabytes / median(taken[of]);
  const seconds = (of: keyof typeof taken): string => median(taken[of]).toFixed(2);
  const files = `${String(Math.round(megabytes))} MB of transcripts (${String(bench.answers)} answers)`;
  const figure = (name: string, of: "first" | "again", next: Ccusage): void =>
    printFigure({
      name,
      value: rate(of),
      unit: "MB/s",
      baseline: `${next.name} reads the same ${files}, --offline, and writes nothing`,
      baseline_value: rate(next.key),
    });
  figure("import.transcripts", "first", NATIVE);
  figure("import.transcripts_next_to_node", "first", NODE);
  figure("import.transcripts_again", "again", NATIVE);
  printFigure({
    name: "import.transcripts_next_to_copy",
    value: rate("first"),
    unit: `MB/s: ${seconds("first")} s in all`,
    baseline: `server-side COPY of the rows that come of these ${files} into tables with the same indexes, over one connection: ${seconds("copy")} s that are Postgres' own`,
    baseline_value: rate("copy"),
  });
}

async function secondsOfCopy({ directory, url }: Bench): Promise<number> {
  const pool = openDatabase({ connectionString: url, statement_timeout: 0, query_timeout: 0 });
  try {
    return await copySeconds({ pool, directory });
  } finally {
    await pool.end();
  }
}

async function emptyDatabase(url: string): Promise<void> {
  const database = openDatabase({ connectionString: url });
  await database.query("drop schema public cascade");
  await database.query("create schema public");
  await database.end();
  await run(process.execPath, [join(PROGRAM, "main.js"), "migrate"], {
    env: { ...process.env, DATABASE_URL: url },
  });
}

/** Throws unless every answer became what it should. */
async function secondsOfImport(
  { directory, url, answers }: Bench,
  expected: "accepted" | "duplicates",
): Promise<number> {
  const startedAt = performance.now();
  const { stdout } = await run(
    process.execPath,
    [join(PROGRAM, "main.js"), "import", join(directory, "projects"), "--json"],
    { env: { ...process.env, DATABASE_URL: url } },
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  const report = JSON.parse(stdout) as Record<string, unknown>;
  if (report[expected] !== answers) throw new Error(stdout);
  return seconds;
}

interface Ccusage {
  readonly key: "native" | "node";
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const NATIVE: Ccusage = {
  key: "native",
  name: "ccusage 20.0.24, a native program,",
  command: [process.execPath, resolve("node_modules/ccusage/src/cli.js"), "claude", "daily"],
};
/** The last version that runs on Node 20 itself. */
const NODE: Ccusage = {
  key: "node",
  name: "ccusage 18.0.11, a Node program,",
  command: [process.execPath, resolve("node_modules/ccusage-node/dist/index.js"), "daily"],
};

async function secondsOfCcusage({ directory }: Bench, { command }: Ccusage): Promise<number> {
  const [file, ...options] = command;
  const startedAt = performance.now();
  const { stdout } = await run(file, [...options, "--offline", "--json"], {
    env: { ...process.env, CLAUDE_CONFIG_DIR: directory },
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const { totals } = JSON.parse(stdout) as { totals: { inputTokens: number } };
  if (totals.inputTokens !== SESSIONS * ANSWERS_PER_SESSION * 4) throw new Error(stdout);
  return seconds;
}
