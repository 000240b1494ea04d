/** The program's routes on its port, and Slack's among them; the counts that `/metrics` shows. */
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { AppError } from "../domain/errors.ts";
import { countWaitingChecks } from "../features/budgets/index.ts";
import { listPulls } from "../features/provider-reports/index.ts";
import { operationsRoutes } from "../http/operations.ts";
import { createHttpServer, type Mount } from "../http/server.ts";
import { createSlackApp, type SlackApp } from "../slack/app.ts";
import { listDead } from "../slack/dead-destinations.ts";
import { countWaitingMessages } from "../slack/outbox-reads.ts";
import type { Assembly } from "./assembly.ts";
import type { Config } from "./config.ts";
import { openApiDocument } from "./openapi.ts";
import { slackConfig, slackMounts } from "./slack.ts";

/** Requests that still run after this long are cut off, so that a stop always ends. */
const STOP_TIMEOUT_MS = 10_000;
const IDLE_CLOSE_MS = 100;

export interface ServingOptions {
  /** Slack over HTTP arrives on the same port. */
  readonly slack: SlackApp | undefined;
  /** Other listeners on the same port: the sandbox. */
  readonly mounts: readonly Mount[];
  /** Whether everything that serves with us does so. */
  readonly isStarted: () => boolean;
  /** Prometheus' text of the whole program. */
  readonly readMetrics: () => Promise<string>;
}

/** Listens; returns the address, for example "http://127.0.0.1:3000". Adds how to stop to `undo`. */
export async function startServing(
  parts: Assembly,
  options: ServingOptions,
  undo: (() => Promise<void>)[],
): Promise<string> {
  const { config, database, log, metrics, wiring } = parts;
  const mounts = [...slackMounts(options.slack), ...options.mounts];
  const app = createHttpServer({ log, mounts });
  wiring.routes(app, { ingest: config.ROLES.includes("ingest") });
  operationsRoutes(app, {
    isStarted: options.isStarted,
    checkReady: async () => {
      await database.query("select 1");
    },
    readMetrics: options.readMetrics,
    metricsContentType: metrics.registry.contentType,
    openApi: openApiDocument(),
  });
  await listen(app, config);
  undo.push(async () => {
    await closeServer(app, log);
  });
  return urlOf(app, config);
}

/** Without any network: `startSlack` does that. */
export function createSlack(parts: Assembly): SlackApp {
  const { config, wiring } = parts;
  return createSlackApp({
    ...parts,
    config: slackConfig(config),
    dataBlocks: parts,
    listeners: wiring.listeners,
  });
}

/** Reads what only the database knows into the metrics, just before they are shown. */
export async function refreshMetrics({
  metrics,
  database,
}: Pick<Assembly, "metrics" | "database">): Promise<void> {
  // Metrics must also be there when the database is not: that is when they are read.
  try {
    metrics.outboxWaiting.set(await countWaitingMessages(database));
    metrics.destinationsClosed.set((await listDead(database)).length);
    metrics.budgetChecksWaiting.set(await countWaitingChecks(database));
    for (const { report, completeUntil } of await listPulls(database)) {
      metrics.reportsCompleteUntil.set({ report }, completeUntil.getTime() / 1000);
    }
  } catch {
    // They stay as they were last seen; /readyz says what is wrong.
  }
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

async function closeServer(app: FastifyInstance, log: Logger): Promise<void> {
  // A connection that was busy when closing began is idle afterwards, and would be kept alive.
  const idle = setInterval(() => {
    app.server.closeIdleConnections();
  }, IDLE_CLOSE_MS);
  const timer = setTimeout(() => {
    log.warn({ after_ms: STOP_TIMEOUT_MS }, "requests cut off");
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
