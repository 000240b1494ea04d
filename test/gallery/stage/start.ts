/** Starts the program of a stage: its own Postgres, the fake Slack and Anthropic on its port. */
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { readConfig } from "../../../src/app/config.ts";
import { anthropicSettings, demoAnthropic } from "../../../src/app/demo-anthropic.ts";
import { type DemoTime, PAST_MS } from "../../../src/app/demo-past.ts";
import {
  DEMO_INGEST_SECRET,
  DEMO_SECRETS_KEY,
  exampleStart,
  type UsageDeps,
} from "../../../src/app/demo-usage.ts";
import { type Program, startProgram } from "../../../src/app/program.ts";
import { type Clock, instant } from "../../../src/domain/time.ts";
import { openKeptLedger } from "../../../src/sandbox/anthropic/kept-ledger.ts";
import { type ExampleStory, exampleUsage } from "../../../src/sandbox/example/index.ts";
import { pageFiles } from "../../../src/sandbox/page-files.ts";
import {
  type AppManifest,
  createFakeSlack,
  type FakeSlack,
  readManifest,
} from "../../../src/sandbox/slack/index.ts";
import { CLAUDE_KEY, claudeStandIn } from "./claude.ts";
import { API_TOKEN } from "./reporting.ts";

const HOST = "127.0.0.1";

export type Undo = (() => Promise<unknown> | void)[];

export interface Started extends UsageDeps {
  readonly database: Program["database"];
  readonly fake: FakeSlack;
  readonly log: Logger;
  readonly letBoAsk: () => void;
}

export async function startAll(
  of: { readonly time: DemoTime; readonly story: ExampleStory; readonly kind: "example" | "new" },
  undo: Undo,
): Promise<Started> {
  const { time, story, kind } = of;
  const { clock } = time;
  const { dataDir, url, settings } = await newHome(undo);
  const now = clock();
  const books = await openKeptLedger({
    file: join(dataDir, "anthropic.jsonl"),
    from: exampleStart(story),
    to: now,
  });
  undo.push(books.flush);
  if (kind === "example") {
    books.record([...exampleUsage({ story, from: exampleStart(story), to: now })]);
    time.setBehind(PAST_MS);
  }
  const anthropic = demoAnthropic({ clock, ledger: books.ledger, now });
  const fake = createFakeSlack({
    manifest: await galleryManifest(),
    // What is posted bears the time that it speaks of.
    now: () => clock().getTime(),
    signedAt: () => Date.now(),
    baseUrl: url,
  });
  const log = galleryLog();
  const program = await startWith(
    {
      ...settings,
      SLACK_BOT_TOKEN: fake.credentials.botToken,
      SLACK_SIGNING_SECRET: fake.credentials.signingSecret,
      SLACK_API_URL: fake.apiUrl(),
      INGEST_SECRET: DEMO_INGEST_SECRET,
      SECRETS_KEY: DEMO_SECRETS_KEY,
      ...(kind === "example" ? { ...anthropicSettings(url), ANTHROPIC_API_KEY: CLAUDE_KEY } : {}),
    },
    {
      log,
      clock,
      mounts: [
        claudeStandIn(),
        anthropic,
        { matches: fake.handles, listener: fake.requestListener },
        pageFiles(),
      ],
    },
  );
  undo.push(async () => {
    fake.closePages();
    await program.stop();
    await fake.close();
  });
  fake.setRequestUrl(`${url}/slack/events`);
  const { database } = program;
  const realClock: Clock = () => instant(new Date());
  const usage = { url, database, clock, realClock, story, books, say: () => undefined };
  return { ...usage, fake, log, letBoAsk: anthropic.letBoAsk };
}

/** What goes wrong behind a picture is to be seen. */
function galleryLog(): Logger {
  return pino({ level: "error" }, pino.destination(2));
}

export async function galleryManifest(): Promise<AppManifest> {
  return readManifest(await readFile("manifest.yml", "utf8"));
}

/** A directory and a port of its own, and the settings that say so. */
export async function newHome(undo: Undo): Promise<{
  readonly dataDir: string;
  readonly url: string;
  readonly settings: Readonly<Record<string, string>>;
}> {
  const dataDir = await mkdtemp(join(tmpdir(), "claude-spend-gallery-"));
  undo.push(async () => await rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  await chmod(dataDir, 0o755); // Run by root, Postgres is another user, who has to get in.
  const port = String(await freePort());
  return {
    dataDir,
    url: `http://${HOST}:${port}`,
    settings: { PORT: port, HOST, DATA_DIR: dataDir, API_TOKEN, LOG_LEVEL: "silent" },
  };
}

export async function startWith(
  settings: Readonly<Record<string, string>>,
  rest: Omit<Parameters<typeof startProgram>[0], "config">,
): Promise<Program> {
  const config = readConfig(settings);
  if (config.kind === "problems") throw new Error(config.problems.join("\n"));
  return await startProgram({ config: config.config, ...rest });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
