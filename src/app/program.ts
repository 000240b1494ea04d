/**
 * The running program: database, features, HTTP server, Slack, loops. `main.ts` starts it from the
 * environment, the demo and the tests from their own settings; it is the same program.
 */
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { AppError } from "../domain/errors.ts";
import { type Clock, instant } from "../domain/time.ts";
import { deadDestinationNews } from "../features/alerts/index.ts";
import { countWaitingChecks } from "../features/budgets/index.ts";
import { applyGovernance, formatProblems } from "../features/governance/index.ts";
import { listPulls } from "../features/provider-reports/index.ts";
import { createMetrics, type Metrics } from "../http/metrics.ts";
import { operationsRoutes } from "../http/operations.ts";
import { createHttpServer, type Mount } from "../http/server.ts";
import { type Loop, startLoop } from "../jobs/loop.ts";
import { startMinuteTick } from "../jobs/minute-tick.ts";
import { runAll } from "../jobs/run-all.ts";
import { createWaker, type Waker } from "../jobs/wake.ts";
import { createSlackApp } from "../slack/app.ts";
import { listDead } from "../slack/dead-destinations.ts";
import { createDirectory } from "../slack/directory.ts";
import { countWaitingMessages } from "../slack/outbox-reads.ts";
import { sendDueMessages } from "../slack/sender.ts";
import { createSlackWeb } from "../slack/web-client.ts";
import type { Database } from "../store/database.ts";
import type { WorkKind } from "../store/notify.ts";
import { pullSettingsOf } from "./anthropic.ts";
import { type Config, secretsKeyOf } from "./config.ts";
import { startDatabase } from "./database.ts";
import { limitSettings } from "./limits.ts";
import { openApiDocument } from "./openapi.ts";
import { slackApiUrl, slackConfig, slackMounts, startSlack } from "./slack.ts";
import { governanceAppliers, type Wiring, wire } from "./wire.ts";

export interface Program {
  /** Where it listens, for example "http://127.0.0.1:3000". */
  readonly url: string;
  readonly database: Database;
  /** Stops taking requests, finishes the work in hand, then lets go of the database. */
  readonly stop: () => Promise<void>;
}

/** The longest pause of a loop that nothing wakes. */
const LOOP_INTERVAL_MS = 2_000;
/** Requests that still run after this long are cut off, so that a stop always ends. */
const STOP_TIMEOUT_MS = 10_000;
const IDLE_CLOSE_MS = 100;

/** Starts everything that the roles of `config` ask for; rejects with what to do about it. */
export async function startProgram(options: {
  readonly config: Config;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Other listeners on the same port: the sandbox. */
  readonly mounts?: readonly Mount[];
}): Promise<Program> {
  const { config, log, mounts = [] } = options;
  const clock = options.clock ?? (() => instant(new Date()));
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await runAll(undo.splice(0).toReversed());
  };
  try {
    const database = await startDatabase(config, log, undo);
    const metrics = createMetrics();
    const waker = createWaker(database, log);
    undo.push(waker.stop);
    const web = createSlackWeb({
      token: config.SLACK_BOT_TOKEN?.reveal() ?? "",
      log,
      ...slackApiUrl(config),
    });
    const directory = createDirectory({ database, web, clock });
    const wiring = wire({
      database,
      clock,
      log,
      metrics,
      waker,
      web,
      directory,
      ingestSecret: config.INGEST_SECRET,
      apiToken: config.API_TOKEN,
      secretsKey: secretsKeyOf(config),
      retentionMonths: config.RETENTION_MONTHS,
      reports: pullSettingsOf(config),
      limits: (signal) => limitSettings(config, { database, clock, log, signal }),
    });
    await applyGovernanceFile({ config, database, clock, log });

    const slack = config.ROLES.includes("slack")
      ? createSlackApp({
          config: slackConfig(config),
          listeners: wiring.listeners,
          web,
          directory,
          clock,
          log,
        })
      : undefined;
    const app = createHttpServer({ log, mounts: [...slackMounts(slack), ...mounts] });
    addRoutes(app, { config, database, metrics, wiring });
    await listen(app, config);
    undo.push(async () => {
      await closeServer(app);
    });
    if (slack !== undefined) undo.push(await startSlack(slack, log));
    if (config.ROLES.includes("worker")) {
      const reroute = deadDestinationNews({ clock });
      const sendMessages = async (): Promise<number> =>
        await sendDueMessages({ database, web, directory, clock, log, reroute });
      undo.push(startWorker({ wiring, waker, sendMessages, log }));
    }
    return { url: urlOf(app, config), database, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The loops and the clockwork; returns how to stop them. */
function startWorker(deps: {
  readonly wiring: Wiring;
  readonly waker: Waker;
  readonly sendMessages: () => Promise<number>;
  readonly log: Logger;
}): () => Promise<void> {
  const { wiring, waker, log } = deps;
  const loop = (name: WorkKind, run: () => Promise<number>): Loop => {
    const started = startLoop({ name, intervalMs: LOOP_INTERVAL_MS, run, log });
    waker.onWake(name, started.wake);
    return started;
  };
  const loops = [loop("budget-checks", wiring.checkBudgets), loop("outbox", deps.sendMessages)];
  const tick = startMinuteTick({ name: "every-minute", work: wiring.everyMinute, log });
  const pulling = wiring.startPulling();
  const limits = wiring.startLimits();
  return async () => {
    await pulling?.stop();
    await limits?.stop();
    await tick.stop();
    await Promise.all(loops.map(async ({ stop }) => await stop()));
  };
}

async function applyGovernanceFile(deps: {
  readonly config: Config;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}): Promise<void> {
  const { config, log } = deps;
  const file = config.GOVERNANCE_FILE;
  if (file === undefined) return;
  const outcome = await applyGovernance(
    { ...deps, appliers: governanceAppliers },
    { text: await readGovernanceFile(file), appliedBy: "GOVERNANCE_FILE" },
  );
  if (outcome.kind === "refused") {
    throw new AppError({
      code: "invalid",
      message: `GOVERNANCE_FILE was not applied:\n${formatProblems(outcome.problems, file)}`,
    });
  }
  log.info(
    { work: "governance", outcome: outcome.kind, version: outcome.version },
    "governance applied",
  );
}

async function readGovernanceFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new AppError({
      code: "invalid",
      message: `GOVERNANCE_FILE: can't read ${file}. Check the path and its permissions.`,
      cause: error,
    });
  }
}

function addRoutes(
  app: FastifyInstance,
  deps: {
    readonly config: Config;
    readonly database: Database;
    readonly metrics: Metrics;
    readonly wiring: Wiring;
  },
): void {
  const { config, database, metrics, wiring } = deps;
  wiring.routes(app, { ingest: config.ROLES.includes("ingest") });
  operationsRoutes(app, {
    metrics,
    checkReady: async () => {
      await database.query("select 1");
    },
    refreshMetrics: async () => {
      metrics.outboxWaiting.set(await countWaitingMessages(database));
      metrics.destinationsClosed.set((await listDead(database)).length);
      metrics.budgetChecksWaiting.set(await countWaitingChecks(database));
      for (const { report, completeUntil } of await listPulls(database)) {
        metrics.reportsCompleteUntil.set({ report }, completeUntil.getTime() / 1000);
      }
    },
    openApi: openApiDocument(),
  });
}

async function listen(app: FastifyInstance, { PORT: port, HOST: host }: Config): Promise<void> {
  try {
    await app.listen({ port, host });
  } catch (error) {
    const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    if (!isTaken) throw error;
    throw new AppError({
      code: "conflict",
      message: `Port ${String(port)} is taken by another program. Stop that one, or set PORT.`,
      cause: error,
    });
  }
}

async function closeServer(app: FastifyInstance): Promise<void> {
  // A connection that was busy when closing began is idle afterwards, and would be kept alive.
  const idle = setInterval(() => {
    app.server.closeIdleConnections();
  }, IDLE_CLOSE_MS);
  const timer = setTimeout(() => {
    app.server.closeAllConnections();
  }, STOP_TIMEOUT_MS);
  await app.close();
  clearInterval(idle);
  clearTimeout(timer);
}

function urlOf(app: FastifyInstance, config: Config): string {
  const address: AddressInfo | string | null = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : config.PORT;
  const host = config.HOST === "0.0.0.0" ? "127.0.0.1" : config.HOST;
  return `http://${host}:${String(port)}`;
}
