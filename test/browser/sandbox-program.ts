/**
 * The program with the sandbox's Slack and page on its port, as in the demo, but empty and with the
 * test's own clock.
 */
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { readConfig } from "../../src/app/config.ts";
import { type Program, startProgram } from "../../src/app/program.ts";
import type { Clock } from "../../src/domain/time.ts";
import { pageFiles } from "../../src/sandbox/page-files.ts";
import { createFakeSlack, readManifest } from "../../src/sandbox/slack/index.ts";
import { freePort } from "./demo-program.ts";

/** Starts it; what ends it is added to `undo`, to be run in the reverse order. */
export async function startSandbox(
  clock: Clock,
  undo: (() => Promise<void>)[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const dataDir = await mkdtemp(join(tmpdir(), "claude-spend-story-"));
  undo.push(async () => await rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  await chmod(dataDir, 0o755); // Run by root, Postgres is another user, who has to get in.
  const port = await freePort();
  const fake = createFakeSlack({
    manifest: readManifest(await readFile("manifest.yml", "utf8")),
    now: () => Date.now(),
    baseUrl: `http://127.0.0.1:${String(port)}`,
  });
  const config = readConfig({
    PORT: String(port),
    HOST: "127.0.0.1",
    DATA_DIR: dataDir,
    SLACK_BOT_TOKEN: fake.credentials.botToken,
    SLACK_SIGNING_SECRET: fake.credentials.signingSecret,
    SLACK_API_URL: fake.apiUrl(),
    LOG_LEVEL: "silent",
    ...settings,
  });
  if (config.kind === "problems") throw new Error(config.problems.join("\n"));
  const started = await startProgram({
    config: config.config,
    log: pino({ level: "silent" }),
    clock,
    mounts: [{ matches: fake.handles, listener: fake.requestListener }, pageFiles()],
  });
  undo.push(async () => {
    fake.closePages();
    await started.stop();
    await fake.close();
  });
  fake.setRequestUrl(`${started.url}/slack/events`);
  return started;
}
