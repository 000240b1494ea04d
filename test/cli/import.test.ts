/** `claude-spend import` as people run it: a process of its own, files, patterns, pipes, exit codes. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { BYTES_WORTH_A_CREW } from "../../src/cli/import.ts";
import { writeTranscripts } from "../bench/transcripts.ts";
import { useBundledProgram } from "../support/bundled-program.ts";
import { useDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";
import { aNativeEvent } from "../support/usage-builders.ts";

const db = useDatabase();
const { bundle } = useBundledProgram("src/cli/main.ts");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "claude-spend-import-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await db.pool.query(
    `truncate usage_events, usage_identities, charges, spend_rollups, spend_days, budget_checks, rejected_events`,
  );
});

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function runImport(
  options: readonly string[],
  { stdin, url }: { readonly stdin?: string | Buffer; readonly url?: string } = {},
): Promise<Run> {
  const child = spawn(process.execPath, [bundle, "import", ...options], {
    env: { ...process.env, DATABASE_URL: url ?? databaseUrl(db.poolConfig) },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
  child.stdin.end(stdin ?? "");
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, ...said };
}

const line = (overrides: Record<string, unknown> = {}): string =>
  `${JSON.stringify(aNativeEvent({ occurred_at: new Date(Date.now() - 60_000).toISOString(), ...overrides }))}\n`;

test("a folder, a pattern, a compressed file and standard input, each file once", async () => {
  const projects = join(folder, "some", "projects", "-home-dev");
  await mkdir(projects, { recursive: true });
  const session = await readFile("test/fixtures/webhooks/claude-code/session.jsonl", "utf8");
  // Recorded some day; what is older than a year is refused.
  const [today = ""] = new Date().toISOString().split("T");
  const recent = session.replaceAll("2026-11-20T09:0", `${today}T00:0`);
  await writeFile(join(projects, "a.jsonl"), recent);
  await writeFile(join(projects, "notes.jsonl"), '{"nothing":"known"}\n');
  await writeFile(join(folder, "one.ndjson.gz"), gzipSync(line()));

  const { code, stdout } = await runImport(
    [
      join(folder, "some"),
      join(folder, "*.gz"),
      join(folder, "one.ndjson.gz"),
      "-",
      "--json",
      "--user",
      "dev@example.com",
    ],
    { stdin: line() + line() },
  );

  expect(JSON.parse(stdout)).toMatchObject({
    dry_run: false,
    files: 4,
    accepted: 5,
    duplicates: 0,
    rejected: 1,
    refused_files: 0,
    left_out_files: 1, // Nobody named it.
    found: { "claude-code": 2, native: 3 },
  });
  expect(code).toBe(1); // The transcript's last line is broken.
});

test("says what was done, then that all of it was there, and 0", async () => {
  const file = join(folder, "day.ndjson");
  await writeFile(file, line() + line());

  expect(await runImport([file])).toMatchObject({
    code: 0,
    stdout: "2 events recorded from 1 file, 0 were there already.\n",
  });
  expect(await runImport([file])).toMatchObject({
    code: 0,
    stdout: "0 events recorded from 1 file, 2 were there already.\n",
  });
});

test("names file, line and field of what is wrong, what is no usage, and ends with 1", async () => {
  const file = join(folder, "wrong.ndjson");
  const other = join(folder, "wrong.txt");
  await writeFile(file, line() + line({ usage: { input_tokens: 1.5, output_tokens: 0 } }));
  await writeFile(other, "Dear diary\n");

  const { code, stderr } = await runImport([file, other]);

  expect(code).toBe(1);
  expect(stderr).toContain("1 event recorded from 2 files");
  expect(stderr).toContain(`${file}:2: usage.input_tokens: expected a whole number`);
  expect(stderr).toContain(
    `${other}: It is nothing that can be imported. Known are Claude Code transcripts`,
  );
});

test("a dry run needs no database and records nothing", async () => {
  const file = join(folder, "dry.ndjson");
  await writeFile(file, line());
  expect(
    await runImport([file, "--dry-run"], { url: "postgresql://nobody@127.0.0.1:1/none" }),
  ).toMatchObject({
    code: 0,
    stdout: "1 event in 1 file could be recorded. Nothing was: this is a dry run.\n",
  });
});

test("what can't be begun says why: 1, or 2 for wrong usage", async () => {
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [["/no/such/file.jsonl"], 1, "Can't find /no/such/file.jsonl"],
    [["/no/such/**/*.jsonl"], 1, "Can't find"],
    [[], 2, "missing required argument"],
    [["x", "--user", "nobody"], 2, "Expected an e-mail address"],
    [["x", "--source", "Über"], 2, "Expected lower-case letters"],
    [["x", "--source", "anthropic"], 2, "Anthropic's own reports"],
  ];
  const runs = await Promise.all(cases.map(async ([options]) => await runImport(options)));
  expect(runs).toMatchObject(
    cases.map(([, code, message]) => ({
      code,
      stderr: expect.stringContaining(message) as unknown,
    })),
  );
});

test("a large import goes over several threads, and a killed one goes on", async () => {
  const { answers, bytes } = await writeTranscripts(join(folder, "large"), {
    sessions: 20,
    answersPerSession: 80,
    until: new Date(Date.now() - 3_600_000),
  });
  expect(bytes).toBeGreaterThan(BYTES_WORTH_A_CREW);
  const projects = join(folder, "large", "projects");
  const child = spawn(process.execPath, [bundle, "import", projects], {
    env: { ...process.env, DATABASE_URL: databaseUrl(db.poolConfig) },
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  const countEvents = async (): Promise<number> => {
    const { rows } = await db.pool.query<{ events: number }>(
      `select count(*)::int as events from usage_events`,
    );
    return rows[0]?.events ?? 0;
  };
  // As soon as something is there, in the middle of the rest.
  // oxlint-disable-next-line no-await-in-loop -- until it is
  while ((await countEvents()) === 0 && child.exitCode === null) continue;
  child.kill("SIGKILL");
  await ended;
  const before = await countEvents();

  const { code, stdout } = await runImport([projects, "--json"]);

  const report = JSON.parse(stdout) as { accepted: number; duplicates: number };
  expect(code).toBe(0);
  expect(report).toMatchObject({ files: 20, rejected: 0 });
  expect(report.accepted + report.duplicates).toBe(answers);
  expect(report.duplicates).toBeGreaterThanOrEqual(before);
  expect(await countEvents()).toBe(answers);
  const { rows } = await db.pool.query(
    `select sum(r.request_count)::int as counted from spend_rollups r`,
  );
  expect(rows).toEqual([{ counted: answers }]);
});

test("a large one that can't be recorded says why, and no thread goes on", async () => {
  const projects = join(folder, "large", "projects");
  const { code, stdout, stderr } = await runImport([projects, "--json"], {
    url: "postgresql://nobody@127.0.0.1:1/none",
  });
  expect(code).toBe(1);
  expect(stderr).toContain("127.0.0.1");
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "unavailable" } });
});

test("a large dry run reads with several threads, too, and finds the same", async () => {
  const { code, stdout } = await runImport(
    [join(folder, "large", "projects"), "--dry-run", "--json"],
    { url: "postgresql://nobody@127.0.0.1:1/none" },
  );
  expect({ code, report: JSON.parse(stdout) as unknown }).toMatchObject({
    code: 0,
    report: { dry_run: true, files: 20, accepted: 1_600, found: { "claude-code": 1_600 } },
  });
});
