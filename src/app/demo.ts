/**
 * The demo: the very program of `main.ts`, with stand-ins for Slack and Anthropic on the same port
 * (ADR 0014). Keeps everything in DATA_DIR (`.data`), so the next start goes on; `--fresh` begins
 * anew. Listens on 127.0.0.1 only: its secrets are no secrets.
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AppError } from "../domain/errors.ts";
import {
  addMs,
  type Clock,
  type Instant,
  instant,
  localParts,
  MINUTE_MS,
  timeZone,
} from "../domain/time.ts";
import type { Mount } from "../http/server.ts";
import { openKeptLedger } from "../sandbox/anthropic/kept-ledger.ts";
import {
  EXAMPLE_ZONE,
  exampleGovernance,
  exampleUsage,
  type LiveTraffic,
  openExampleStory,
  runawayListener,
  startLiveTraffic,
} from "../sandbox/example/index.ts";
import { pageFiles } from "../sandbox/page-files.ts";
import { createFakeSlack, type FakeSlack, readManifest } from "../sandbox/slack/index.ts";
import { removeEmbeddedPostgres } from "../store/embedded.ts";
import { type Config, readConfig } from "./config.ts";
import { anthropicSettings, demoAnthropic } from "./demo-anthropic.ts";
import { endOnSignals } from "./demo-ending.ts";
import { archiveForAWhile, demoTime, livePast, PAST_MS } from "./demo-past.ts";
import {
  addCrawlerSource,
  DEMO_INGEST_SECRET,
  DEMO_SECRETS_KEY,
  exampleStart,
  sendExample,
  type UsageDeps,
} from "./demo-usage.ts";
import { demoWelcome } from "./demo-welcome.ts";
import { createLog } from "./log.ts";
import { type Program, startProgram } from "./program.ts";

/** Known to everybody who reads this; the demo listens on the loopback interface only. */
const DEMO_API_TOKEN = "demo-api-token-for-this-machine";
const RUNAWAY_PATH = "/sandbox/api/example/runaway";
const HOST = "127.0.0.1";
/** Its line in the example's governance.yml. */
const DAILY_DIGEST = '  - { channel: "#finops", scope: org, every: day, at: "09:00" }\n';
/** The last half day of the example is on its way for seconds. */
const SENT_WITHIN_MS = 20_000;
const API_HEADERS = { authorization: `Bearer ${DEMO_API_TOKEN}` };

process.env["TZ"] = "UTC";
const realClock: Clock = () => instant(new Date());
const time = demoTime(realClock);
const { clock } = time;
const { values: flags } = parseArgs({ options: { fresh: { type: "boolean", default: false } } });
const port = Number(setting("PORT", "3000"));
const dataDir = setting("DATA_DIR", ".data");
const files = {
  slack: join(dataDir, "slack.json"),
  story: join(dataDir, "story.json"),
  anthropic: join(dataDir, "anthropic.jsonl"),
};

const ending = endOnSignals(say);
let stop = async (): Promise<void> => {};

try {
  await run();
} catch (error) {
  ending.canStop(stop);
  if (!ending.isAsked()) {
    const message = error instanceof AppError ? error.message : String(error);
    process.stderr.write(`The demo can't start: ${message}\n`);
    await stop();
    process.exit(1);
  }
}

/**
 * 1. Stand-ins and program start on one port. 2. The example's governance is applied through the
 * API. 3. The example's usage goes through the signed endpoint, the first time with a past in which
 * the bot was here already. 4. Ready; live traffic goes on.
 */
async function run(): Promise<void> {
  if (flags.fresh) await removeEverything();
  const slack = await startFakeSlack();
  const now = realClock();
  const story = await openExampleStory({ file: files.story, now });
  const books = await openKeptLedger({ file: files.anthropic, from: exampleStart(story), to: now });
  // Before the bot asks for the first time: what is used is in Anthropic's books at once.
  books.record([...exampleUsage({ story, from: exampleStart(story), to: now })]);
  const isNew = story.toldAt.getTime() === now.getTime();
  if (isNew) time.setBehind(PAST_MS);
  let live: LiveTraffic | undefined;
  const anthropic = demoAnthropic({ clock, ledger: books.ledger, now });
  const program = await startBot({ slack, anthropic, live: () => live });
  let stopArchiving = (): void => {};
  stop = async () => {
    stopArchiving();
    slack.closePages();
    await live?.stop();
    await program.stop();
    await slack.close();
    await books.flush();
  };
  ending.canStop(stop);
  if (ending.isAsked()) return;
  slack.setRequestUrl(`${program.url}/slack/events`);
  const { url, database } = program;
  const usage: UsageDeps = { url, database, clock, realClock, story, books, say };
  if (await isFirstStart(program)) {
    const governance = exampleGovernance({ past: clock(), now });
    await putGovernance(program, governance.replace(DAILY_DIGEST, ""));
    await addCrawlerSource(usage);
    const beforeCatchingUp = async (): Promise<void> => {
      await putGovernance(program, withDigestSoon(governance, realClock()));
      stopArchiving = archiveForAWhile(slack);
    };
    if (isNew) await livePast(usage, { time, beforeCatchingUp });
    else await beforeCatchingUp();
  }
  const sentUntil = await sendExample(usage);
  anthropic.letBoAsk();
  live = startLiveTraffic({
    url: `${url}/v1/usage`,
    secret: DEMO_INGEST_SECRET,
    clock,
    story,
    from: sentUntil,
    onBatch: books.record,
  });
  say(
    demoWelcome({
      url,
      dataDir,
      ingestSecret: DEMO_INGEST_SECRET,
      apiToken: DEMO_API_TOKEN,
      runawayPath: RUNAWAY_PATH,
    }),
  );
  process.stdout.write(`ready ${url}\n`);
}

async function removeEverything(): Promise<void> {
  await removeEmbeddedPostgres(dataDir);
  await Promise.all(Object.values(files).map(async (file) => await rm(file, { force: true })));
}

async function startFakeSlack(): Promise<FakeSlack> {
  const manifest = new URL("../../manifest.yml", import.meta.url);
  return createFakeSlack({
    manifest: readManifest(await readFile(manifest, "utf8")),
    now: () => Date.now(),
    baseUrl: `http://${HOST}:${String(port)}`,
    file: files.slack,
  });
}

async function startBot({
  slack,
  anthropic,
  live,
}: {
  readonly slack: FakeSlack;
  readonly anthropic: Mount;
  readonly live: () => LiveTraffic | undefined;
}): Promise<Program> {
  const config = demoConfig(slack);
  return await startProgram({
    config,
    log: createLog(config),
    clock,
    mounts: [
      {
        matches: (path) => path === RUNAWAY_PATH,
        listener: (request, response) => {
          const traffic = live();
          if (traffic === undefined) response.writeHead(503).end();
          else runawayListener(traffic)(request, response);
        },
      },
      anthropic,
      { matches: slack.handles, listener: slack.requestListener },
      pageFiles(),
    ],
  });
}

/** The settings of a real bot that talks to the stand-ins, read as a real bot reads them. */
function demoConfig(slack: FakeSlack): Config {
  const result = readConfig({
    PORT: String(port),
    HOST,
    DATA_DIR: dataDir,
    SLACK_BOT_TOKEN: slack.credentials.botToken,
    SLACK_SIGNING_SECRET: slack.credentials.signingSecret,
    SLACK_API_URL: slack.apiUrl(),
    INGEST_SECRET: DEMO_INGEST_SECRET,
    SECRETS_KEY: DEMO_SECRETS_KEY,
    API_TOKEN: DEMO_API_TOKEN,
    ...anthropicSettings(`http://${HOST}:${String(port)}`),
    LOG_LEVEL: process.env["LOG_LEVEL"] ?? "warn",
  });
  if (result.kind === "config") return result.config;
  throw new AppError({ code: "invalid", message: result.problems.join("; ") });
}

/** What people changed since the first start stays as it is. */
async function isFirstStart({ url }: Program): Promise<boolean> {
  const existing = await fetch(`${url}/v1/governance`, { headers: API_HEADERS });
  await existing.arrayBuffer();
  return existing.status !== 200;
}

async function putGovernance({ url }: Program, document: string): Promise<void> {
  const applied = await fetch(`${url}/v1/governance`, {
    method: "PUT",
    headers: API_HEADERS,
    body: document,
  });
  const answer = await applied.text();
  if (applied.status !== 200) {
    throw new AppError({
      code: "internal",
      message: `The example's governance was refused: ${answer}`,
    });
  }
}

/**
 * The daily digest comes on schedule, like every digest; in a demo nobody waits until 9:00, so its
 * hour is the next full minute by which all usage is there.
 */
function withDigestSoon(governance: string, now: Instant): string {
  const { hour, minute } = localParts(
    addMs(now, MINUTE_MS + SENT_WITHIN_MS),
    timeZone(EXAMPLE_ZONE),
  );
  const at = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
  return governance.replace(DAILY_DIGEST, DAILY_DIGEST.replace("09:00", at));
}

/** An empty value counts as not set, as everywhere. */
function setting(name: string, otherwise: string): string {
  const value = process.env[name] ?? "";
  return value === "" ? otherwise : value;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
