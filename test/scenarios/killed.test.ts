/** The bot is killed at random moments under load: nothing lost, nothing counted or said twice. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { useBundledProgram } from "../support/bundled-program.ts";
import { useDatabase } from "../support/database.ts";
import { useFakeSlack } from "../support/fake-slack.ts";
import { TEST_SEED } from "../support/fixed-seed.ts";
import { startMainProgram } from "../support/main-program.ts";
import { API_TOKEN, MANIFEST, testEnvironment } from "../support/program.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { aNativeEvent, signedHeaders } from "../support/usage-builders.ts";

const ROUNDS = 6;
const SENDERS = 4;
const EVENTS_PER_REQUEST = 5;
/** Taken between two kills, so that there is something to lose however slow the machine is. */
const TAKEN_PER_ROUND = 20;
const TIMEOUT_MS = 900_000;
const WAIT = { timeout: 120_000, interval: 20 };

const db = useDatabase();
const slack = useFakeSlack({ manifest: MANIFEST });
const { bundle } = useBundledProgram("src/app/main.ts");
let bot: ChildProcess | undefined;

afterAll(async () => {
  await kill();
});

describe("a bot that is killed again and again", () => {
  test(
    "loses no acknowledged event, counts none twice and repeats no alert",
    async () => {
      const seed = Number(process.env["KILL_SEED"] ?? TEST_SEED);
      const random = seededRandom(seed).next;
      const env = testEnvironment({
        poolConfig: db.poolConfig,
        fake: slack(),
        env: { LOG_LEVEL: "info" },
      });
      const secret = env["INGEST_SECRET"] ?? "";
      const sent: Record<string, unknown>[] = [];
      const acknowledged = new Set<unknown>();
      const isPlaying = { value: true };

      let url = await start(env);
      await fetch(`${url}/v1/governance`, {
        method: "PUT",
        headers: { authorization: `Bearer ${API_TOKEN}` },
        body: readFileSync("docs/examples/governance.yml", "utf8"),
      });
      const senders = Array.from({ length: SENDERS }, async () => {
        while (isPlaying.value) {
          const events = Array.from({ length: EVENTS_PER_REQUEST }, anEventOfTenCents);
          sent.push(...events);
          if (await post(url, secret, events)) {
            for (const event of events) acknowledged.add(event["event_id"]);
          }
        }
      });
      const untilMoreIsTaken = async (): Promise<void> => {
        const before = acknowledged.size;
        await expect.poll(() => acknowledged.size, WAIT).toBeGreaterThan(before + TAKEN_PER_ROUND);
      };
      for (let round = 0; round < ROUNDS; round += 1) {
        await untilMoreIsTaken();
        await wait(random() * 500); // Any moment will do: none is a good one to be killed in.
        await kill();
        url = await start(env);
      }
      await untilMoreIsTaken();
      isPlaying.value = false;
      await Promise.all(senders);

      const stored = await storedEventIds();
      const lost = [...acknowledged].filter((id) => !stored.has(id));
      expect({ seed, lost }).toEqual({ seed, lost: [] });

      // What had no answer is sent again, as every sender does; so is what had one.
      for (let index = 0; index < sent.length; index += 500) {
        expect(await post(url, secret, sent.slice(index, index + 500))).toBe(true);
      }
      // Whatever was spent so far, this crosses every threshold.
      expect(await post(url, secret, [anEventOf(600)])).toBe(true);
      await settled();
      const { rows } = await db.pool.query<{ requests: string; cost: string; charged: string }>(
        `select sum(r.request_count)::text as requests, sum(r.billed_cost_usd)::numeric(20, 2)::text as cost,
              (select sum(c.billed_cost_usd)::numeric(20, 2)::text from charges c) as charged
         from spend_rollups r`,
      );
      const cost = (600 + sent.length / 10).toFixed(2);
      expect(rows[0]).toEqual({ requests: String(sent.length + 1), cost, charged: cost });
      await expectEachAlertOnce(seed);
    },
    TIMEOUT_MS,
  );
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

/** Where it listens now. */
async function start(env: Readonly<Record<string, string>>): Promise<string> {
  const { url } = await startMainProgram({ bundle, env, onStarted: (child) => (bot = child) });
  slack().setRequestUrl(`${url}/slack/events`);
  return url;
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
  const countWaiting = async (): Promise<number | undefined> => {
    const { rows } = await db.pool.query<{ waiting: number }>(
      `select (select count(*) from budget_checks)::int
            + (select count(*) from outbox_messages where status in ('pending', 'sending', 'unknown'))::int as waiting`,
    );
    return rows[0]?.waiting;
  };
  await expect.poll(countWaiting, WAIT).toBe(0);
}
