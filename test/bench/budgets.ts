/**
 * What a budget check costs when there are many budgets, and how long it takes from an event that
 * crosses a threshold to Slack's chat.postMessage while 1,000 events a second come in.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pino } from "pino";
import { readConfig } from "../../src/app/config.ts";
import { type Program, startProgram } from "../../src/app/program.ts";
import { emailFrom } from "../../src/domain/email.ts";
import { usdFromDecimal } from "../../src/domain/money.ts";
import { instant, timeZone } from "../../src/domain/time.ts";
import { ensureSpendDimensions } from "../../src/features/allocation/index.ts";
import {
  checkDueBudgets,
  enqueueBudgetChecks,
  replaceGovernedBudgets,
} from "../../src/features/budgets/index.ts";
import { replaceOrganization } from "../../src/features/organization/index.ts";
import { inTransaction } from "../../src/store/database.ts";
import { aNativeEvent, aWebhookSecret, signedHeaders } from "../support/usage-builders.ts";
import { aBatch } from "./events.ts";
import { median, printFigure } from "./figure.ts";

const BUDGETS = 10_000;
const FEW_BUDGETS = 100;
const TOUCHED = 50;
const ROUNDS = 9;
/** Teams of the second benchmark, each with a budget and a channel of its own. */
const CROSSINGS = 60;
const EVENTS_PER_SECOND = 1_000;
const BATCH = 100;
const CROSSING_EVERY_MS = 250;

export async function benchBudgetChecks(): Promise<void> {
  const costs = new Map<number, number>();
  for (const count of [FEW_BUDGETS, BUDGETS]) {
    // oxlint-disable-next-line no-await-in-loop -- they must not disturb each other
    await withProgram({ ROLES: "ingest" }, async ({ database }) => {
      await governTeams(database, count);
      costs.set(count, await checkCost(database));
    });
  }
  printFigure({
    name: "budgets.check",
    value: costs.get(BUDGETS) ?? Number.NaN,
    unit: `microseconds per touched budget, of ${String(BUDGETS)}`,
    baseline: `the same of ${String(FEW_BUDGETS)} budgets`,
    baseline_value: costs.get(FEW_BUDGETS) ?? Number.NaN,
  });
}

/** Spend for as many teams as `TOUCHED`, then one round of checks: microseconds for each of them. */
async function checkCost(database: Program["database"]): Promise<number> {
  const now = instant(new Date());
  const dimensions = await ensureSpendDimensions(
    database,
    Array.from({ length: TOUCHED }, (_, index) => ({
      teamKey: `team-${String(index)}`,
      projectKey: undefined,
      userEmail: undefined,
      modelId: "claude-opus-5-5",
      apiKeyId: undefined,
      workspaceId: undefined,
      source: "default",
    })),
  );
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // oxlint-disable no-await-in-loop -- one round after the other
    await enqueueBudgetChecks(
      database,
      dimensions.map((spendDimensionId) => ({
        spendDimensionId,
        tags: undefined,
        occurredAt: now,
      })),
    );
    const startedAt = performance.now();
    await checkDueBudgets({ database, clock: () => now });
    costs.push(((performance.now() - startedAt) * 1_000) / TOUCHED);
    // oxlint-enable no-await-in-loop
  }
  return median(costs);
}

export async function benchAlertLatency(): Promise<void> {
  const slack = await startSlackStandIn();
  const secret = aWebhookSecret();
  const settings = {
    INGEST_SECRET: secret,
    SLACK_BOT_TOKEN: "xoxb-bench",
    SLACK_SIGNING_SECRET: "bench-signing-secret",
    SLACK_API_URL: slack.url,
  };
  try {
    await withProgram(settings, async ({ database, url }) => {
      await governTeams(database, BUDGETS);
      await wait(2_000); // Until the worker has looked at the new budgets.
      const latencies = await crossWhileLoaded({ url: `${url}/v1/usage`, secret, slack });
      latencies.sort((left, right) => left - right);
      const at = (share: number): number =>
        latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ??
        Number.NaN;
      printFigure({
        name: "alerts.latency.p95",
        value: at(0.95),
        unit: `ms from sending the event to chat.postMessage, ${String(latencies.length)} of ${String(CROSSINGS)} alerts, at ${String(EVENTS_PER_SECOND)} events/s`,
        baseline: "the median of the same run",
        baseline_value: at(0.5),
      });
    });
  } finally {
    await slack.stop();
  }
}

async function crossWhileLoaded(of: {
  readonly url: string;
  readonly secret: string;
  readonly slack: SlackStandIn;
}): Promise<number[]> {
  const send = async (body: string): Promise<void> => {
    const response = await fetch(of.url, {
      method: "POST",
      body,
      headers: signedHeaders(of.secret, body),
    });
    if (response.status !== 202)
      throw new Error(`${String(response.status)}: ${await response.text()}`);
  };
  const state = { isOver: false, sent: 0 };
  const load = (async () => {
    const startedAt = performance.now();
    while (!state.isOver) {
      const due = ((performance.now() - startedAt) / 1_000) * EVENTS_PER_SECOND;
      // oxlint-disable-next-line no-await-in-loop -- an even pace is the point
      if (state.sent + BATCH > due) await wait(5);
      else {
        state.sent += BATCH;
        void send(aBatch(BATCH));
      }
    }
  })();
  await wait(1_000);
  const sentAt: number[] = [];
  for (let index = 0; index < CROSSINGS; index += 1) {
    const event = aNativeEvent({
      event_id: `crossing-${String(index)}`,
      occurred_at: new Date().toISOString(),
      team: `team-${String(FIRST_CROSSING + index)}`,
      usage: { input_tokens: 0, output_tokens: 1_000_000 },
    });
    sentAt.push(performance.now());
    // oxlint-disable no-await-in-loop -- one alert at a time, in the middle of the load
    await send(JSON.stringify(event));
    await wait(CROSSING_EVERY_MS);
    // oxlint-enable no-await-in-loop
  }
  await wait(2_000);
  state.isOver = true;
  await load;
  return sentAt.flatMap((at, index) => {
    const posted = of.slack.postedAt(`Team ${String(FIRST_CROSSING + index)} `);
    return posted === undefined ? [] : [posted - at];
  });
}

/** Teams below it are those that the load is for. */
const FIRST_CROSSING = 100;

async function governTeams(database: Program["database"], count: number): Promise<void> {
  const zone = timeZone("UTC");
  const calendar = { timeZone: zone, weekStartsOn: "monday" } as const;
  await inTransaction(database, async (sql) => {
    await replaceOrganization(sql, {
      organization: {
        ...calendar,
        name: "Acme",
        finopsChannel: "#finops",
        admins: [emailFrom("dana@acme.test")],
      },
      teams: Array.from({ length: FIRST_CROSSING + CROSSINGS }, (_, index) => ({
        key: `team-${String(index)}`,
        name: `Team ${String(index)}`,
        channel: `#team-${String(index)}`,
        owners: [],
        members: [],
        projects: [],
      })),
    });
    await replaceGovernedBudgets(
      sql,
      Array.from({ length: count }, (_, index) => ({
        ...calendar,
        key: `budget-${String(index)}`,
        scope: { kind: "team", key: `team-${String(index)}` } as const,
        limit: usdFromDecimal(
          index >= FIRST_CROSSING && index < FIRST_CROSSING + CROSSINGS ? "10" : "1000000",
        ),
        period: "monthly" as const,
        fiscalMonthStartsOn: 1,
        fiscalYearStartsIn: 1,
        thresholdPercents: [50, 80, 100],
        forecastThresholdPercents: [],
      })),
      instant(new Date()),
    );
  });
}

async function withProgram(
  settings: Readonly<Record<string, string>>,
  run: (program: Program) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "claude-spend-bench-"));
  await chmod(directory, 0o777); // Postgres may be another user.
  const config = readConfig({
    PORT: "0",
    HOST: "127.0.0.1",
    DATA_DIR: join(directory, "data"),
    INGEST_SECRET: aWebhookSecret(),
    LOG_LEVEL: "error",
    ...settings,
  });
  if (config.kind === "problems") throw new Error(config.problems.join("\n"));
  const program = await startProgram({ config: config.config, log: pino({ level: "error" }) });
  try {
    await run(program);
  } finally {
    await program.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

interface SlackStandIn {
  readonly url: string;
  /** When a message that contains `text` was posted; undefined: it was not. */
  readonly postedAt: (text: string) => number | undefined;
  readonly stop: () => Promise<void>;
}

/** Says yes to everything at once: what is measured is our side. */
async function startSlackStandIn(): Promise<SlackStandIn> {
  const posts: { readonly at: number; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.url?.endsWith("chat.postMessage") === true) {
        const body = decodeURIComponent(Buffer.concat(chunks).toString().replaceAll("+", " "));
        posts.push({ at: performance.now(), body });
      }
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          ok: true,
          team_id: "T0BENCH000",
          user_id: "U0BENCH000",
          bot_id: "B0BENCH000",
          channel: "C0BENCH000",
          ts: `${String(Math.floor(Date.now() / 1_000))}.${String(posts.length).padStart(6, "0")}`,
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/api/`,
    postedAt: (text) => posts.find(({ body }) => body.includes(text))?.at,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
