/**
 * Where the gallery's surfaces come from: the real program with an embedded Postgres, the strict fake
 * Slack and the example's usage, at the same hour of a working day whenever it is run. People type
 * and click; nothing is put together by hand.
 */
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { type Logger, pino } from "pino";
import { demoAnthropic, anthropicSettings } from "../../src/app/demo-anthropic.ts";
import { readConfig } from "../../src/app/config.ts";
import { type Program, startProgram } from "../../src/app/program.ts";
import {
  addMs,
  type Clock,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  localParts,
  timeZone,
} from "../../src/domain/time.ts";
import { createLedger } from "../../src/sandbox/anthropic/ledger.ts";
import {
  EXAMPLE_GOVERNANCE,
  EXAMPLE_ZONE,
  type ExampleStory,
  exampleUsage,
  type NativeEvent,
  sendUsage,
} from "../../src/sandbox/example/index.ts";
import { pageFiles } from "../../src/sandbox/page-files.ts";
import { createFakeSlack, type FakeSlack, readManifest } from "../../src/sandbox/slack/index.ts";
import type { PersonAtSlack } from "../../src/sandbox/slack/driver.ts";
import type { ShownHome, ShownMessage, ShownView } from "../../src/sandbox/slack/protocol.ts";

const HOST = "127.0.0.1";
const INGEST_SECRET = "whsec_Z2FsbGVyeS1vbmx5LW5vdC1hLXNlY3JldC1hdC1hbGw=";
const API_TOKEN = "gallery-api-token-of-this-machine";
const WAIT_MS = 30_000;
/** As far back as anything in the gallery looks: two months and the time before them. */
const DAYS = 75;
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
  /** Goes through the signed endpoint. */
  readonly send: (events: Iterable<NativeEvent>) => Promise<void>;
  readonly govern: (document: string) => Promise<void>;
  readonly later: (ms: number) => void;
  readonly story: ExampleStory;
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
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- in the reverse order of starting
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const begin = instant(new Date());
    let passedMs = galleryTime(begin).getTime() - begin.getTime();
    const clock: Clock = () => instant(Date.now() + passedMs);
    const started = await startAll(clock, undo);
    const story: ExampleStory = { seed: "gallery", toldAt: clock(), episodeAt: clock() };
    const stage: Stage = {
      ...started,
      ...watching(started.fake),
      clock,
      story,
      later: (ms) => {
        passedMs += ms;
      },
      stop,
    };
    if (kind === "example") await tellExample(stage);
    return stage;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function tellExample(stage: Stage): Promise<void> {
  const to = stage.clock();
  await stage.govern(EXAMPLE_GOVERNANCE);
  await stage.send(exampleUsage({ story: stage.story, from: addMs(to, -DAYS * DAY_MS), to }));
}

type Started = Pick<Stage, "url" | "database" | "fake" | "log" | "send" | "govern">;

async function startAll(clock: Clock, undo: (() => Promise<unknown>)[]): Promise<Started> {
  const dataDir = await mkdtemp(join(tmpdir(), "claude-spend-gallery-"));
  undo.push(async () => await rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  await chmod(dataDir, 0o755); // Run by root, Postgres is another user, who has to get in.
  const port = await freePort();
  const url = `http://${HOST}:${String(port)}`;
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
    INGEST_SECRET,
    API_TOKEN,
    ...anthropicSettings(url),
    LOG_LEVEL: "silent",
  });
  if (config.kind === "problems") throw new Error(config.problems.join("\n"));
  const log = pino({ level: process.env["LOG_LEVEL"] ?? "silent" });
  const program = await startProgram({
    config: config.config,
    log,
    clock,
    mounts: [
      demoAnthropic({ clock, ledger: createLedger() }),
      { matches: fake.handles, listener: fake.requestListener },
      pageFiles(),
    ],
  });
  undo.push(async () => {
    fake.closePages();
    await program.stop();
    await fake.close();
  });
  fake.setRequestUrl(`${url}/slack/events`);
  return {
    url,
    database: program.database,
    fake,
    log,
    send: async (events) => {
      const target = { url: `${url}/v1/usage`, secret: INGEST_SECRET };
      // Signatures are of the real time, whatever time the program lives in.
      const sent = await sendUsage({ ...target, clock: () => instant(new Date()), events });
      if (sent.rejected > 0) throw new Error(sent.firstRejection);
    },
    govern: async (document) => await putGovernance(url, document),
  };
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
