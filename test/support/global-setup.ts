/**
 * Once per run: a real Postgres with a migrated template database, of which each test file gets a
 * copy. Its own server in a temporary directory, or the one of TEST_DATABASE_URL.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { Client, type PoolConfig } from "pg";
import type { ProvidedContext } from "vitest";
import type { TestProject } from "vitest/node";
import { removeEmbeddedPostgres, startEmbeddedPostgres } from "../../src/store/embedded.ts";
import { migrate } from "../../src/store/migrate.ts";
import { makeScratchDirectory } from "./scratch.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** How to reach the server, as one who may create databases. */
    readonly adminConfig: {
      readonly host?: string;
      readonly port?: number;
      readonly user?: string;
      readonly database?: string;
      readonly connectionString?: string;
    };
    readonly templateName: string;
    /** Where the program's entry points are bundled by the first file that needs one. */
    readonly bundles: string;
  }
}

const REMOVE_OPTIONS = { recursive: true, force: true, maxRetries: 5 };

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bundles = join("dist", `test-${String(process.pid)}`);
  const url = process.env["TEST_DATABASE_URL"] ?? "";
  const dataDir = url === "" ? await makeScratchDirectory("claude-spend-test-") : undefined;
  const directories = [
    bundles,
    unfinishedBundles(bundles),
    ...(dataDir === undefined ? [] : [dataDir]),
  ];
  const watchdog = watch(directories, dataDir);
  const server =
    dataDir === undefined
      ? { adminConfig: { connectionString: url }, stop: async () => {} }
      : await startServer(dataDir);
  const templateName = `claude_spend_template_${randomUUID().replaceAll("-", "")}`;
  await runSql(server.adminConfig, `create database ${templateName}`);
  await migrate(inDatabase(server.adminConfig, templateName));
  project.provide("adminConfig", server.adminConfig);
  project.provide("templateName", templateName);
  project.provide("bundles", bundles);

  return async () => {
    await runSql(server.adminConfig, `drop database ${templateName} with (force)`);
    await server.stop();
    await Promise.all(directories.map(async (path) => await rm(path, REMOVE_OPTIONS)));
    watchdog.stdin.end();
  };
}

/** Where they are until they are complete. */
export function unfinishedBundles(bundles: string): string {
  return `${bundles}.unfinished`;
}

type AdminConfig = ProvidedContext["adminConfig"];

async function startServer(dataDir: string): Promise<{
  readonly adminConfig: AdminConfig;
  readonly stop: () => Promise<void>;
}> {
  await chmod(dataDir, 0o755); // Run by root, Postgres is another user, who has to get in.
  const server = await startEmbeddedPostgres({
    dataDir,
    disposable: true,
    settings: { max_connections: "400", autovacuum: "off" },
  });
  const { host = "", port = 0, user = "", database = "" } = server.poolConfig;
  return {
    adminConfig: { host, port, user, database },
    stop: async () => {
      await server.stop();
      await removeEmbeddedPostgres(dataDir);
    },
  };
}

/**
 * Tidies up after a run that was killed: a process of its own that waits for the end of its input,
 * which comes when this process ends in whatever way.
 */
function watch(
  directories: readonly string[],
  dataDir: string | undefined,
): ChildProcessByStdio<Writable, null, null> {
  const pidFile = join(dataDir ?? "", "pg", "postmaster.pid");
  const tidyUp = `
    const { readFileSync, rmSync } = require("node:fs");
    process.stdin.resume().on("end", () => {
      try {
        process.kill(Number(readFileSync(${JSON.stringify(pidFile)}, "utf8").split("\\n")[0]), "SIGQUIT");
      } catch {}
      setTimeout(() => {
        for (const path of ${JSON.stringify(directories)}) rmSync(path, ${JSON.stringify(REMOVE_OPTIONS)});
      }, 500);
    });`;
  const watchdog = spawn(process.execPath, ["-e", tidyUp], {
    detached: true, // Ctrl-C is for the tests; this one must outlive them.
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.unref();
  return watchdog;
}

export function inDatabase(config: AdminConfig, database: string): PoolConfig {
  if (config.connectionString === undefined) return { ...config, database };
  const url = new URL(config.connectionString);
  url.pathname = `/${database}`;
  return { connectionString: url.href, database };
}

export async function runSql(config: AdminConfig, sql: string): Promise<void> {
  const client = new Client(config);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
