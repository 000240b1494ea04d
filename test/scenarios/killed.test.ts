/** The bot is killed at random moments under load: nothing lost, nothing counted or said twice. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { useBundledProgram } from "../support/bundled-program.ts";
import { useDatabase } from "../support/database.ts";
import { useFakeSlack } from "../support/fake-slack.ts";
import { TEST_SEED } from "../support/fixed-seed.ts";
import { API_TOKEN, MANIFEST, testEnvironment } from "../support/program.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { aNativeEvent, signedHeaders } from "../support/usage-builders.ts";

const ROUNDS = 6;
const SENDERS = 4;
const EVENTS_PER_REQUEST = 5;

const db = useDatabase();
const slack = useFakeSlack({ manifest: MANIFEST });
const { bundle } = useBundledProgram("src/app/main.ts");
let bot: ChildProcess | undefined;

afterAll(async () => {
  await kill();
});

describe("a bot that is killed again and again", () => {
  test("loses no acknowledged event, counts none twice and repeats no alert", async () => {
    const seed = Number(process.env["KILL_SEED"] ?? TEST_SEED);
    const random = seededRandom(seed).next;
    const port = await freePort();
    const env = testEnvironment({
      poolConfig: db.poolConfig,
      fake: slack(),
      env: { PORT: String(port), LOG_LEVEL: "error" },
    });
    const url = `http://127.0.0.1:${String(port)}`;
    slack().setRequestUrl(`${url}/slack/events`);
    const sent: Record<string, unknown>[] = [];
    const acknowledged = new Set<unknown>();
    const isPlaying = { value: true };

    await start(env, url);
    await fetch(`${url}/v1/governance`, {
      method: "PUT",
      headers: { authorization: `Bearer ${API_TOKEN}` },
      body: readFileSync("docs/examples/governance.yml", "utf8"),
    });
    const senders = Array.from({ length: SENDERS }, async () => {
      while (isPlaying.value) {
        const events = Array.from({ length: EVENTS_PER_REQUEST }, anEventOfTenCents);
        sent.push(...events);
        if (await post(url, env["INGEST_SECRET"] ?? "", events)) {
          for (const event of events) acknowledged.add(event["event_id"]);
        }
      }
    });
    for (let round = 0; round < ROUNDS; round += 1) {
      await wait(150 + random() * 700);
      await kill();
      await start(env, url);
    }
    await wait(500);
    isPlaying.value = false;
    await Promise.all(senders);

    const stored = await storedEventIds();
    const lost = [...acknowledged].filter((id) => !stored.has(id));
    expect({ seed, lost }).toEqual({ seed, lost: [] });

    // What had no answer is sent again, as every sender does; so is what had one.
    for (let index = 0; index < sent.length; index += 500) {
      expect(await post(url, env["INGEST_SECRET"] ?? "", sent.slice(index, index + 500))).toBe(
        true,
      );
    }
    // Whatever was spent so far, this crosses every threshold.
    expect(await post(url, env["INGEST_SECRET"] ?? "", [anEventOf(600)])).toBe(true);
    await settled();
    const { rows } = await db.pool.query<{ requests: string; cost: string; charged: string }>(
      `select sum(r.request_count)::text as requests, sum(r.billed_cost_usd)::numeric(20, 2)::text as cost,
              (select sum(c.billed_cost_usd)::numeric(20, 2)::text from charges c) as charged
         from spend_rollups r`,
    );
    const cost = (600 + sent.length / 10).toFixed(2);
    expect(rows[0]).toEqual({ requests: String(sent.length + 1), cost, charged: cost });
    await expectEachAlertOnce(seed);
    expect(acknowledged.size).toBeGreaterThan(50);
  }, 90_000);
});

/** Each message that Slack took is one message, and the highest threshold was announced. */
async function expectEachAlertOnce(seed: number): Promise<void> {
  const keys = slack()
    .calls("chat.postMessage")
    .filter(({ answer }) => answer?.["ok"] === true)
    .map(
      ({ args }) => /dedupe_key\W+(alert(?:-news)?:[\w:-]+)/.exec(JSON.stringify(args))?.[1] ?? "",
    );
  expect({ seed, keys: keys.toSorted() }).toEqual({ seed, keys: [...new Set(keys)].toSorted() });
  const { rows } = await db.pool.query<{ highest: number; announced: number; sent: number }>(
    `select max(a.threshold_percent) as highest,
            (count(*) filter (where a.not_sent_because is null))::integer as announced,
            (select count(*)::integer from outbox_messages o where o.kind = 'alert' and o.updates_dedupe_key is null and o.status = 'sent') as sent
       from alerts a`,
  );
  expect({ seed, ...rows[0] }).toEqual({
    seed,
    highest: 100,
    announced: keys.length,
    sent: keys.length,
  });
}

function anEventOfTenCents(): Record<string, unknown> {
  return anEventOf(0.1);
}

function anEventOf(dollars: number): Record<string, unknown> {
  return aNativeEvent({
    occurred_at: new Date().toISOString(),
    model: "claude-sonnet-5",
    usage: { input_tokens: 0, output_tokens: Math.round(dollars * 100_000) },
    team: "search",
  });
}

async function start(env: Readonly<Record<string, string>>, url: string): Promise<void> {
  bot = spawn(process.execPath, [bundle], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const response = await fetch(`${url}/readyz`).catch(() => undefined);
    if (response?.status === 200) return;
    await wait(25);
  }
  throw new Error("the bot did not become ready");
}

async function kill(): Promise<void> {
  if (bot === undefined || bot.exitCode !== null) return;
  const exited = once(bot, "exit");
  bot.kill("SIGKILL");
  await exited;
}

/** Whether the server took all of them; false also when there was no answer. */
async function post(url: string, secret: string, events: unknown): Promise<boolean> {
  const body = JSON.stringify(events);
  try {
    const response = await fetch(`${url}/v1/usage`, {
      method: "POST",
      body,
      headers: signedHeaders(secret, body),
    });
    await response.text();
    return response.status === 202;
  } catch {
    await wait(20);
    return false;
  }
}

async function storedEventIds(): Promise<ReadonlySet<unknown>> {
  const { rows } = await db.pool.query<{ event_id: string }>(
    `select e.event_id from usage_events e`,
  );
  return new Set(rows.map((row) => row.event_id));
}

async function settled(): Promise<void> {
  for (let attempt = 0; attempt < 800; attempt += 1) {
    const { rows } = await db.pool.query<{ waiting: number }>(
      `select (select count(*) from budget_checks)::int
            + (select count(*) from outbox_messages where status in ('pending', 'sending', 'unknown'))::int as waiting`,
    );
    if (rows[0]?.waiting === 0) return;
    await wait(50);
  }
  throw new Error("work is still waiting");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
