/** The bot is told to stop under load: every request that it took is answered, then it is gone. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { useBundledProgram } from "../support/bundled-program.ts";
import { useDatabase } from "../support/database.ts";
import { type MainProgram, startMainProgram } from "../support/main-program.ts";
import { databaseUrl } from "../support/program.ts";
import { aNativeEvent, aWebhookSecret, signedHeaders } from "../support/usage-builders.ts";

const SENDERS = 8;
/** Whoever stops a program kills it after half a minute, as a rule. */
const STOP_MS_MAX = 25_000;

const db = useDatabase();
const secret = aWebhookSecret();
const { bundle } = useBundledProgram("src/app/main.ts");
let bot: ChildProcess | undefined;

afterAll(() => {
  bot?.kill("SIGKILL");
});

test.each([
  ["one process", "1"],
  ["several processes, of which the first is told", "2"],
])(
  "a stop under load of %s answers what was taken, keeps it, and ends with 0 in time",
  async (_name, processes) => {
    const { child, url } = await start(processes);
    const sent: Promise<Outcome>[] = [];
    const isPlaying = { value: true };
    const senders = Array.from({ length: SENDERS }, async () => {
      while (isPlaying.value) {
        const outcome = post(url);
        sent.push(outcome);
        await outcome;
      }
    });
    await expect.poll(() => sent.length).toBeGreaterThan(60);
    const startedAt = performance.now();
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    const [exitCode] = (await exited) as unknown[];
    const elapsed = performance.now() - startedAt;
    isPlaying.value = false;
    await Promise.all(senders);

    const outcomes = await Promise.all(sent);
    const answered = outcomes
      .filter(({ status }) => status === 202)
      .map(({ eventId }) => String(eventId));
    const { rows } = await db.pool.query<{ event_id: string }>(
      `select e.event_id from usage_events e where e.event_id = any($1)`,
      [outcomes.map(({ eventId }) => eventId)],
    );
    const stored = rows.map((row) => row.event_id);
    expect(exitCode).toBe(0);
    expect(elapsed).toBeLessThan(STOP_MS_MAX);
    expect(answered.length).toBeGreaterThan(20);
    // Nobody is told "recorded" of what is not, and nobody is left without an answer of what is.
    expect(stored.toSorted()).toEqual(answered.toSorted());
    expect(outcomes.filter(({ status }) => status >= 500 && status !== 503)).toEqual([]);
  },
);

interface Outcome {
  readonly eventId: unknown;
  /** 0: no connection, or none that gave an answer. */
  readonly status: number;
}

async function post(url: string): Promise<Outcome> {
  const event = aNativeEvent({ occurred_at: new Date().toISOString() });
  const body = JSON.stringify(event);
  try {
    const response = await fetch(`${url}/v1/usage`, {
      method: "POST",
      body,
      headers: signedHeaders(secret, body),
    });
    await response.text();
    return { eventId: event["event_id"], status: response.status };
  } catch {
    await wait(10);
    return { eventId: event["event_id"], status: 0 };
  }
}

async function start(processes: string): Promise<MainProgram> {
  return await startMainProgram({
    bundle,
    env: {
      DATABASE_URL: databaseUrl(db.poolConfig),
      INGEST_SECRET: secret,
      ROLES: "ingest",
      PROCESSES: processes,
      HOST: "127.0.0.1",
      PORT: "0",
    },
    onStarted: (child) => (bot = child),
  });
}
