/**
 * How long it takes from the commit of an event that takes a budget over its limit to Slack's
 * chat.postMessage, while 1,000 events a second come in and 10,000 budgets exist: the whole program
 * over HTTP, the strict fake Slack on the other side.
 */
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { Program } from "../../src/app/program.ts";
import { instant } from "../../src/domain/time.ts";
import { createFakeSlack, type FakeSlack, readManifest } from "../../src/sandbox/slack/index.ts";
import { ACME } from "../../src/sandbox/slack/workspace.ts";
import { message, section } from "../../src/slack/blocks.ts";
import { enqueueMessage } from "../../src/slack/outbox.ts";
import { aNativeEvent, aWebhookSecret, signedHeaders } from "../support/usage-builders.ts";
import { BUDGETS, CROSSINGS, FIRST_CROSSING, governTeams, withProgram } from "./budgets.ts";
import { aBatch } from "./events.ts";
import { printFigure } from "./figure.ts";

const EVENTS_PER_SECOND = 1_000;
const BATCH = 100;
const CROSSING_EVERY_MS = 250;

/** On one clock: when the sender knew of the commit, and when Slack was called. */
interface Crossing {
  readonly sentAt: number;
  /** The answer 202 comes after the commit, never before it. */
  readonly committedAt: number;
  readonly postedAt: number | undefined;
}

export async function benchAlertLatency(): Promise<void> {
  const slack = createFakeSlack({
    manifest: readManifest(readFileSync("manifest.yml", "utf8")),
    now: () => performance.timeOrigin + performance.now(),
    team: { ...ACME, channels: [...ACME.channels, ...channels()] },
  });
  await slack.listen();
  const secret = aWebhookSecret();
  const settings = {
    INGEST_SECRET: secret,
    SLACK_BOT_TOKEN: slack.credentials.botToken,
    SLACK_SIGNING_SECRET: slack.credentials.signingSecret,
    SLACK_API_URL: slack.apiUrl(),
  };
  try {
    await withProgram(settings, async ({ database, url }) => {
      await governTeams(database, BUDGETS);
      await wait(2_000); // Until the worker has looked at the new budgets.
      const load = startLoad(`${url}/v1/usage`, secret);
      await wait(1_000);
      const alerts = await crossLimits({ url: `${url}/v1/usage`, secret, slack });
      const plain = await sendPlain(database, slack);
      await load.stop();
      printLatencies(alerts, plain);
    });
  } finally {
    await slack.close();
  }
}

function printLatencies(alerts: readonly Crossing[], plain: readonly number[]): void {
  const told = alerts.flatMap(({ postedAt, ...at }) =>
    postedAt === undefined ? [] : [{ ...at, postedAt }],
  );
  const found = `${String(told.length)} of ${String(alerts.length)} alerts, at ${String(EVENTS_PER_SECOND)} events/s, ${String(BUDGETS)} budgets`;
  const baseline = {
    baseline: "p95 from the commit of a finished message in the outbox to chat.postMessage",
    baseline_value: percentile(plain, 95),
  };
  printFigure({
    name: "alerts.commit_to_post_p95",
    value: percentile(
      told.map(({ committedAt, postedAt }) => Math.max(0, postedAt - committedAt)),
      95,
    ),
    unit: `ms from the answer 202 to chat.postMessage, ${found}`,
    ...baseline,
  });
  printFigure({
    name: "alerts.event_to_post_p95",
    value: percentile(
      told.map(({ sentAt, postedAt }) => postedAt - sentAt),
      95,
    ),
    unit: `ms from sending the event to chat.postMessage, ${found}`,
    ...baseline,
  });
}

function channels(): typeof ACME.channels {
  return Array.from({ length: CROSSINGS }, (_, index) => {
    const name = `team-${String(FIRST_CROSSING + index)}`;
    const id = `CBENCH${String(index).padStart(5, "0")}`;
    return {
      id,
      name,
      purpose: "",
      isPrivate: false,
      isArchived: false,
      members: [ACME.bot.userId],
    };
  });
}

/** An even load, until it is stopped. */
function startLoad(url: string, secret: string): { readonly stop: () => Promise<void> } {
  const state = { isOver: false, sent: 0 };
  const running = (async () => {
    const startedAt = performance.now();
    while (!state.isOver) {
      const due = ((performance.now() - startedAt) / 1_000) * EVENTS_PER_SECOND;
      // oxlint-disable-next-line no-await-in-loop -- an even pace is the point
      if (state.sent + BATCH > due) await wait(5);
      else {
        state.sent += BATCH;
        void send(url, secret, aBatch(BATCH));
      }
    }
  })();
  return {
    stop: async () => {
      state.isOver = true;
      await running;
    },
  };
}

async function send(url: string, secret: string, body: string): Promise<void> {
  const headers = signedHeaders(secret, body);
  const response = await fetch(url, { method: "POST", body, headers });
  if (response.status !== 202) {
    throw new Error(`${String(response.status)}: ${await response.text()}`);
  }
}

async function crossLimits(of: {
  readonly url: string;
  readonly secret: string;
  readonly slack: FakeSlack;
}): Promise<Crossing[]> {
  const { url, secret, slack } = of;
  const crossings: { readonly sentAt: number; readonly committedAt: number }[] = [];
  for (let index = 0; index < CROSSINGS; index += 1) {
    const event = aNativeEvent({
      event_id: `crossing-${String(index)}`,
      occurred_at: new Date().toISOString(),
      team: `team-${String(FIRST_CROSSING + index)}`,
      usage: { input_tokens: 0, output_tokens: 1_000_000 },
    });
    const sentAt = now();
    // oxlint-disable no-await-in-loop -- one alert at a time, in the middle of the load
    await send(url, secret, JSON.stringify(event));
    crossings.push({ sentAt, committedAt: now() });
    await wait(CROSSING_EVERY_MS);
    // oxlint-enable no-await-in-loop
  }
  await wait(2_000);
  return crossings.map((crossing, index) => ({
    ...crossing,
    postedAt: timeOfPost(slack, `Team ${String(FIRST_CROSSING + index)} `),
  }));
}

/** What the sender takes by itself: messages that are finished, under the same load. */
async function sendPlain(database: Program["database"], slack: FakeSlack): Promise<number[]> {
  const storedAt: number[] = [];
  for (let index = 0; index < CROSSINGS / 2; index += 1) {
    const text = `plain message ${String(index)};`;
    const entry = {
      dedupeKey: `bench:plain:${String(index)}`,
      kind: "notice" as const,
      destination: { channel: `#team-${String(FIRST_CROSSING + index)}` },
      message: message(text, [section(text)]),
    };
    // oxlint-disable no-await-in-loop -- one at a time, like the alerts
    await enqueueMessage(database, entry, instant(new Date()));
    storedAt.push(now());
    await wait(CROSSING_EVERY_MS);
    // oxlint-enable no-await-in-loop
  }
  await wait(1_000);
  return storedAt.flatMap((at, index) => {
    const posted = timeOfPost(slack, `plain message ${String(index)};`);
    return posted === undefined ? [] : [Math.max(0, posted - at)];
  });
}

function timeOfPost(slack: FakeSlack, text: string): number | undefined {
  return slack.calls("chat.postMessage").find(({ args }) => String(args["text"]).includes(text))
    ?.at;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  const index = Math.ceil((sorted.length * percent) / 100) - 1;
  return sorted[Math.max(0, index)] ?? Number.NaN;
}
