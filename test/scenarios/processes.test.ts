/** Several processes behind one port are one program: to senders, to Slack, to who scrapes, to Ctrl-C. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { text as textOf } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, describe, expect, test, vi } from "vitest";
import { useBundledProgram } from "../support/bundled-program.ts";
import { useDatabase } from "../support/database.ts";
import { isRunning, untilGone } from "../support/embedded.ts";
import { PEOPLE, useFakeSlack } from "../support/fake-slack.ts";
import { freePort } from "../support/free-port.ts";
import {
  launchMainProgram,
  type MainProgram,
  type MainProgramOptions,
  startMainProgram,
} from "../support/main-program.ts";
import { API_TOKEN, MANIFEST, testEnvironment } from "../support/program.ts";
import { aNativeEvent, signedHeaders } from "../support/usage-builders.ts";

const SENDERS = 8;
const WAIT = { timeout: 120_000, interval: 20 };

const db = useDatabase();
const slack = useFakeSlack({ manifest: MANIFEST });
const { bundle } = useBundledProgram("src/app/main.ts");
const started: ChildProcess[] = [];

afterAll(() => {
  for (const { pid } of started) if (pid !== undefined) killGroup(pid, "SIGKILL");
});

interface Running extends Omit<MainProgram, "child"> {
  readonly primary: ChildProcess;
  readonly secret: string;
  /** Of the processes that serve now. */
  readonly children: () => readonly number[];
}

function launch(env: Readonly<Record<string, string>>): ChildProcess {
  return launchMainProgram(optionsOf(env));
}

function optionsOf(env: Readonly<Record<string, string>>): MainProgramOptions {
  const onStarted = (child: ChildProcess): void => void started.push(child);
  return { bundle, env: { PROCESSES: "2", ...env }, hasOwnGroup: true, onStarted };
}

function environment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  const overrides = { LOG_LEVEL: "info", ...env };
  return testEnvironment({ poolConfig: db.poolConfig, fake: slack(), env: overrides });
}

async function start(env: Readonly<Record<string, string>>): Promise<Running> {
  const { child: primary, url, lines } = await startMainProgram(optionsOf(env));
  return {
    primary,
    url,
    lines,
    secret: env["INGEST_SECRET"] ?? "",
    children: () => {
      const latest = new Map<string | undefined, number>();
      for (const { msg, process: name, pid } of lines) {
        if (msg === "serving" && pid !== undefined) latest.set(name, pid);
      }
      return [...latest.values()];
    },
  };
}

/** The status; 0 when there was no answer. A connection of its own, so that any process may get it. */
async function post({ url, secret }: Running, events: unknown): Promise<number> {
  const body = JSON.stringify(events);
  try {
    const response = await fetch(`${url}/v1/usage`, {
      method: "POST",
      body,
      headers: { ...signedHeaders(secret, body), connection: "close" },
    });
    await response.text();
    return response.status;
  } catch {
    return 0;
  }
}

async function metric({ url }: Running, name: string): Promise<number> {
  const response = await fetch(`${url}/metrics`, { headers: { connection: "close" } });
  const line = (await response.text()).split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

async function storedIds(): Promise<ReadonlySet<unknown>> {
  const { rows } = await db.pool.query<{ event_id: string }>(
    `select e.event_id from usage_events e`,
  );
  return new Set(rows.map((row) => row.event_id));
}

function anEvent(dollars: number): Record<string, unknown> {
  return aNativeEvent({
    occurred_at: new Date().toISOString(),
    model: "claude-sonnet-5",
    usage: { input_tokens: 0, output_tokens: Math.round(dollars * 100_000) },
    user_email: "bo@acme.test",
    team: "search",
  });
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone, all of them.
  }
}

const ACCEPTED = 'claude_spend_usage_events_total{source="default",outcome="accepted"}';

describe("two processes behind one port", () => {
  test("count once, alert, answer Slack, replace who dies, and leave nothing behind", async () => {
    const running = await start(environment());
    slack().setRequestUrl(`${running.url}/slack/events`);
    expect((await fetch(`${running.url}/readyz`)).status).toBe(200);
    await fetch(`${running.url}/v1/governance`, {
      method: "PUT",
      headers: { authorization: `Bearer ${API_TOKEN}` },
      body: readFileSync("docs/examples/governance.yml", "utf8"),
    });

    await countsOnceWhateverProcessHears(running);
    await tellsSlack(running);
    const accepted = await replacesWhoDies(running);
    expect(await metric(running, ACCEPTED)).toBeGreaterThanOrEqual(accepted);

    const all = [running.primary.pid ?? 0, ...running.children()];
    const exited = once(running.primary, "exit");
    await isSendingSlowly(running);
    killGroup(running.primary.pid ?? 0, "SIGINT");
    // npm passes on what the terminal has sent already, a moment later.
    await wait(50);
    running.primary.kill("SIGINT");
    expect(await exited).toEqual([0, null]);
    expect(await Promise.all(all.map(isRunning))).toEqual([false, false, false]);
    expect(running.lines.filter(({ msg }) => msg === "process ended, starts again")).toHaveLength(
      1,
    );
  });

  test("end when the one that started them is killed, and leave the port", async () => {
    const PORT = String(await freePort());
    const running = await start(environment({ ROLES: "ingest", PORT }));
    // Each process writes its lines itself: theirs may come after "ready".
    await vi.waitFor(() => {
      expect(running.children()).toHaveLength(2);
    }, WAIT);
    const children = running.children();

    const exited = once(running.primary, "exit");
    running.primary.kill("SIGKILL");
    await exited;
    await Promise.all(children.map(untilGone));

    // The system closes what a process had open a moment after its end.
    const next = await vi.waitFor(async () => {
      const server = createServer().listen(Number(PORT), "127.0.0.1");
      await once(server, "listening");
      return server;
    }, WAIT);
    const taken = launch(environment({ ROLES: "ingest", PORT }));
    const [said, output] = await Promise.all(
      [taken.stderr, taken.stdout].map(async (pipe) => await textOf(required(pipe))),
    );
    next.close();
    expect(said).toMatch(/^claude-spend can't start: Port \d+ is taken by another [^\n]*\n$/);
    expect(output?.match(/"start failed"/g)).toHaveLength(1);
    expect(await exitCodeOf(taken)).toBe(1);
  });

  test("say once what keeps them from starting", async () => {
    const settings = launch({ ...environment(), PROCESSES: "9", LOG_LEVEL: "loud" });
    const token = launch(environment({ SLACK_BOT_TOKEN: "xoxb-wrong" }));
    const [wrong, refused] = await Promise.all(
      [settings, token].map(async ({ stderr }) => await textOf(required(stderr))),
    );

    expect(wrong?.match(/PROCESSES: expected a whole number from 1 to 8/g)).toHaveLength(1);
    expect(refused?.match(/Slack refuses SLACK_BOT_TOKEN/g)).toHaveLength(1);
    expect(await Promise.all([settings, token].map(exitCodeOf))).toEqual([1, 1]);
  });
});

/** The same events at the same time from many sides: each counts once, and all processes say so. */
async function countsOnceWhateverProcessHears(running: Running): Promise<void> {
  const events = Array.from({ length: 40 }, () => anEvent(0.1));
  const sendAll = async (): Promise<readonly number[]> =>
    await Promise.all(events.map(async (event) => await post(running, event)));
  const statuses = await Promise.all([sendAll(), sendAll(), sendAll()]);

  expect(new Set(statuses.flat())).toEqual(new Set([202]));
  const { rows } = await db.pool.query<{ requests: string; cost: string }>(
    `select sum(r.request_count)::text as requests, sum(r.billed_cost_usd)::numeric(20, 2)::text as cost
       from spend_rollups r`,
  );
  expect(rows[0]).toEqual({ requests: "40", cost: "4.00" });
  // Their lines may come after their answers.
  await vi.waitFor(() => {
    const heard = running.lines.filter(({ work }) => work === "ingest" || work === "usage");
    expect(new Set(heard.map((line) => line.process))).toEqual(new Set(["http-1", "http-2"]));
  }, WAIT);
  // Whichever process is asked.
  const scrapes = await Promise.all(
    Array.from({ length: 4 }, async () => await metric(running, ACCEPTED)),
  );
  expect(scrapes).toEqual([40, 40, 40, 40]);
}

/** Usage heard by one process, budgets and messages of another, a command heard by any. */
async function tellsSlack(running: Running): Promise<void> {
  expect(await post(running, anEvent(600))).toBe(202);
  const isAlert = ({ args }: { readonly args: unknown }): boolean =>
    /dedupe_key\W+alert/.test(JSON.stringify(args));
  await vi.waitFor(() => {
    expect(slack().calls("chat.postMessage").some(isAlert)).toBe(true);
  }, WAIT);
  const bo = slack().as(PEOPLE.bo);
  await bo.command("/claude-spend");
  const answer = await bo.waitForMessage("#general", ({ text }) => text.includes("You spent"));
  expect(answer.text).toContain("$604.00");
  expect(await metric(running, "claude_spend_budget_checks_total")).toBeGreaterThan(0);
}

/** The primary is busy when it is told to stop; the processes it started end long before it. */
async function isSendingSlowly(running: Running): Promise<void> {
  slack().faults.add({ kind: "slow", delayMs: 1_500 });
  expect(await post(running, { ...anEvent(60), user_email: "ana@acme.test" })).toBe(202);
  await vi.waitFor(() => {
    expect(slack().faults.left()).toBe(0);
  }, WAIT);
}

/** A process is killed under load; how many events the metrics had counted by then. */
async function replacesWhoDies(running: Running): Promise<number> {
  const acknowledged = new Set<unknown>();
  const unanswered: Record<string, unknown>[] = [];
  const isPlaying = { value: true };
  const senders = Array.from({ length: SENDERS }, async () => {
    while (isPlaying.value) {
      const event = anEvent(0.01);
      // oxlint-disable-next-line no-await-in-loop -- a sender sends one after the other
      if ((await post(running, event)) === 202) acknowledged.add(event["event_id"]);
      else unanswered.push(event);
    }
  });
  await vi.waitFor(() => {
    expect(acknowledged.size).toBeGreaterThan(40);
  }, WAIT);
  const counted = await metric(running, ACCEPTED);
  const [victim = 0] = running.children();
  process.kill(victim, "SIGKILL");
  const countedAfter = await metric(running, ACCEPTED);
  await vi.waitFor(() => {
    expect(running.lines.some(({ msg }) => msg === "process replaced")).toBe(true);
  }, WAIT);
  isPlaying.value = false;
  await Promise.all(senders);

  expect(running.children()).not.toContain(victim);
  expect(countedAfter).toBeGreaterThanOrEqual(counted);
  const stored = await storedIds();
  expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([]);
  const statuses = await Promise.all(unanswered.map(async (event) => await post(running, event)));
  expect(statuses.filter((status) => status !== 202)).toEqual([]);
  expect((await fetch(`${running.url}/readyz`)).status).toBe(200);
  return countedAfter;
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) await once(child, "exit");
  return child.exitCode;
}

function required<T>(value: T | null): T {
  if (value === null) throw new Error("a pipe was asked for");
  return value;
}
