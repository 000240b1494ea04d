/**
 * Where the gallery's surfaces come from: the real program with an embedded Postgres, the strict fake
 * Slack and the example's usage, at the same hour of a working day whenever it is run. People type
 * and click; nothing is put together by hand.
 */

import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Logger, pino } from "pino";
import { readConfig } from "../../src/app/config.ts";
import { anthropicSettings, demoAnthropic } from "../../src/app/demo-anthropic.ts";
import {
  archiveForAWhile,
  type DemoTime,
  demoTime,
  livePast,
  PAST_MS,
} from "../../src/app/demo-past.ts";
import {
  addCrawlerSource,
  DEMO_INGEST_SECRET,
  DEMO_SECRETS_KEY,
  exampleStart,
  sendExample,
  type UsageDeps,
} from "../../src/app/demo-usage.ts";
import { type Program, startProgram } from "../../src/app/program.ts";
import {
  type Clock,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  localParts,
  MINUTE_MS,
  timeZone,
} from "../../src/domain/time.ts";
import { openKeptLedger } from "../../src/sandbox/anthropic/kept-ledger.ts";
import {
  EXAMPLE_ZONE,
  type ExampleStory,
  exampleGovernance,
  exampleUsage,
} from "../../src/sandbox/example/index.ts";
import { pageFiles } from "../../src/sandbox/page-files.ts";
import type { PersonAtSlack } from "../../src/sandbox/slack/driver.ts";
import { createFakeSlack, type FakeSlack, readManifest } from "../../src/sandbox/slack/index.ts";
import type { ShownHome, ShownMessage, ShownView } from "../../src/sandbox/slack/protocol.ts";

const HOST = "127.0.0.1";
const API_TOKEN = "gallery-api-token-of-this-machine";
const WAIT_MS = 15_000;
/** Beyond the next full minute, when the clockwork looks again. */
const LOOKS_WITHIN_MS = 80_000;
/** The episode of the example lasts three. */
const EPISODE_MS = 4 * MINUTE_MS;
const PEOPLE = {
  dana: "U01DANAKIM0",
  ana: "U02ANASILVA",
  bo: "U03BOCHEN00",
  finn: "U04FINNROTH",
  cleo: "U05CLEOMART",
  dev: "U06DEVPATEL",
  mia: "U07MIANOVAK",
} as const;

export type Handle = keyof typeof PEOPLE;

export interface Stage {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly database: Program["database"];
  readonly fake: FakeSlack;
  readonly person: (handle: Handle) => PersonAtSlack;
  /** What appears or changes in a place when somebody does something, as soon as it fits. */
  readonly see: (
    who: Handle,
    place: string,
    act: () => Promise<unknown>,
    fits?: (message: ShownMessage) => boolean,
  ) => Promise<ShownMessage>;
  /** What a line is answered with. */
  readonly ask: (
    who: Handle,
    line: string,
    place?: string,
  ) => Promise<{ readonly kind: "message"; readonly as: Handle; readonly message: ShownMessage }>;
  /** The window that opens or changes when somebody does something, once it says this. */
  readonly window: (
    who: Handle,
    act: () => Promise<unknown>,
    saying: string | RegExp,
  ) => Promise<ShownView>;
  readonly home: (who: Handle, fits?: (home: ShownHome) => boolean) => Promise<ShownHome>;
  readonly later: (ms: number) => void;
  /** What `find` finds, as soon as it does. */
  readonly until: <T>(find: () => T | undefined, describe: string) => Promise<T>;
  /** Decides something anew, so that there is a history. */
  readonly amend: (from: string, to: string) => Promise<void>;
  /** An app that reports what can't be: refused, and kept for admins. */
  readonly sendWrong: () => Promise<void>;
  /** The first event of a source, by its secret. */
  readonly sendFirst: (secret: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The last Wednesday in the middle of a month, in the afternoon: much to show of every span. */
function galleryTime(now: Instant): Instant {
  const zone = timeZone(EXAMPLE_ZONE);
  for (let back = 0; ; back += 1) {
    const midnight = now.getTime() - (now.getTime() % DAY_MS) - back * DAY_MS;
    const at = instant(midnight + 14 * HOUR_MS);
    const { weekday, day } = localParts(at, zone);
    if (at <= now && weekday === 3 && day >= 10 && day <= 24) return at;
  }
}

/** The workspace with its example; `new`: with neither governance nor usage. */
export async function openStage(kind: "example" | "new"): Promise<Stage> {
  const undo: (() => Promise<unknown> | void)[] = [];
  const stop = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- in the reverse order of starting
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const begin = instant(new Date());
    let passedMs = galleryTime(begin).getTime() - begin.getTime();
    const time = demoTime(() => instant(Date.now() + passedMs));
    const { clock } = time;
    const story: ExampleStory = { seed: "gallery", toldAt: clock(), episodeAt: clock() };
    const started = await startAll({ time, story, kind }, undo);
    const later = (ms: number): void => {
      passedMs += ms;
    };
    if (kind === "example") await tellExample(started, time, undo);
    if (kind === "example") {
      later(EPISODE_MS);
      await sendExample(started);
    }
    return { ...started, ...watching(started.fake), ...reporting(started), later, until, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Undo = (() => Promise<unknown> | void)[];
type Started = Pick<Stage, "url" | "database" | "fake" | "log" | "clock"> &
  UsageDeps & { readonly letBoAsk: () => void };

/** As the demo does it: a past that the bot has seen, so that every kind of alert comes by itself. */
async function tellExample(started: Started, time: DemoTime, undo: Undo): Promise<void> {
  const { url, fake, story, clock } = started;
  await putGovernance(url, exampleGovernance({ past: clock(), now: story.toldAt }));
  await addCrawlerSource(started);
  const beforeCatchingUp = async (): Promise<void> => {
    undo.push(archiveForAWhile(fake));
    await Promise.resolve();
  };
  await livePast(started, { time, beforeCatchingUp });
  await sendExample(started);
  started.letBoAsk();
}

async function startAll(
  of: { readonly time: DemoTime; readonly story: ExampleStory; readonly kind: "example" | "new" },
  undo: Undo,
): Promise<Started> {
  const { time, story, kind } = of;
  const { clock } = time;
  const dataDir = await mkdtemp(join(tmpdir(), "claude-spend-gallery-"));
  undo.push(async () => await rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  await chmod(dataDir, 0o755); // Run by root, Postgres is another user, who has to get in.
  const port = await freePort();
  const url = `http://${HOST}:${String(port)}`;
  const now = clock();
  const books = await openKeptLedger({
    file: join(dataDir, "anthropic.jsonl"),
    from: exampleStart(story),
    to: now,
  });
  if (kind === "example") {
    books.record([...exampleUsage({ story, from: exampleStart(story), to: now })]);
    time.setBehind(PAST_MS);
  }
  const anthropic = demoAnthropic({ clock, ledger: books.ledger, now });
  const fake = createFakeSlack({
    manifest: readManifest(await readFile("manifest.yml", "utf8")),
    now: () => Date.now(),
    baseUrl: url,
  });
  const config = readConfig({
    PORT: String(port),
    HOST,
    DATA_DIR: dataDir,
    SLACK_BOT_TOKEN: fake.credentials.botToken,
    SLACK_SIGNING_SECRET: fake.credentials.signingSecret,
    SLACK_API_URL: fake.apiUrl(),
    INGEST_SECRET: DEMO_INGEST_SECRET,
    SECRETS_KEY: DEMO_SECRETS_KEY,
    API_TOKEN,
    ...(kind === "example" ? anthropicSettings(url) : {}),
    LOG_LEVEL: "silent",
  });
  if (config.kind === "problems") throw new Error(config.problems.join("\n"));
  const log = pino({ level: "silent" });
  const program = await startProgram({
    config: config.config,
    log,
    clock,
    mounts: [anthropic, { matches: fake.handles, listener: fake.requestListener }, pageFiles()],
  });
  undo.push(async () => {
    fake.closePages();
    await program.stop();
    await fake.close();
    await books.flush();
  });
  fake.setRequestUrl(`${url}/slack/events`);
  const { database } = program;
  const realClock: Clock = () => instant(new Date());
  const usage = { url, database, clock, realClock, story, books, say: () => undefined };
  return { ...usage, fake, log, letBoAsk: anthropic.letBoAsk };
}

function reporting({
  story,
  url,
  clock,
}: Started): Pick<Stage, "amend" | "sendWrong" | "sendFirst"> {
  return {
    amend: async (from, to) => {
      const document = exampleGovernance({ past: story.toldAt, now: story.toldAt });
      await putGovernance(url, document.replace(from, to));
    },
    sendWrong: async () => {
      await report(url, DEMO_INGEST_SECRET, {
        ...anEvent(clock(), "wrong"),
        usage: { input_tokens: -1 },
      });
    },
    sendFirst: async (secret) => {
      await report(url, secret, anEvent(clock(), "first"));
    },
  };
}

function anEvent(at: Instant, id: string): object {
  const usage = { input_tokens: 100_000, output_tokens: 80_000 };
  return { event_id: `req_${id}`, occurred_at: at, model: "claude-opus-5-5", usage };
}

async function report(url: string, secret: string, event: object): Promise<void> {
  await fetch(`${url}/v1/usage`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify(event),
  });
}

async function until<T>(find: () => T | undefined, describe: string): Promise<T> {
  const end = Date.now() + LOOKS_WITHIN_MS;
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${describe}`);
    // oxlint-disable-next-line no-await-in-loop -- looks until it is there
    await setTimeout(100);
  }
}

async function putGovernance(url: string, document: string): Promise<void> {
  const answer = await fetch(`${url}/v1/governance`, {
    method: "PUT",
    headers: { authorization: `Bearer ${API_TOKEN}` },
    body: document,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`The governance document was refused: ${text}`);
}

/** Doing something and waiting for what comes of it. */
function watching(fake: FakeSlack): Pick<Stage, "person" | "see" | "ask" | "window" | "home"> {
  const person: Stage["person"] = (handle) => fake.as(PEOPLE[handle]);
  const see: Stage["see"] = async (who, place, act, fits = () => true) => {
    const eyes = person(who);
    const before = new Map(eyes.messages(place).map((one) => [one.ts, JSON.stringify(one.blocks)]));
    const isNew = (one: ShownMessage): boolean =>
      one.isBot && before.get(one.ts) !== JSON.stringify(one.blocks) && fits(one);
    await act();
    return await eyes.waitForMessage(place, isNew, WAIT_MS);
  };
  return {
    person,
    see,
    ask: async (who, line, place = "#general") => ({
      kind: "message",
      as: who,
      message: await see(who, place, async () => await mustDo(person(who).command(line, place))),
    }),
    window: async (who, act, saying) => {
      await act();
      const says = (view: ShownView): boolean =>
        new RegExp(saying).test(JSON.stringify([view.title.text, view.blocks]));
      return await person(who).waitForModal(says, WAIT_MS);
    },
    home: async (who, fits) => {
      await mustDo(person(who).openHome());
      return await person(who).waitForHome(fits, WAIT_MS);
    },
  };
}

/** Slack says when the bot did not answer it. */
async function mustDo(deed: Promise<{ readonly ok: boolean }>): Promise<void> {
  const outcome = await deed;
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
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
