/**
 * What every process of the program is made of: its counts, its way to Slack, the wired features.
 * Nothing of it listens or runs by itself: that is `serving.ts` and `working.ts`.
 */
import type { Logger } from "pino";
import type { Clock } from "../domain/time.ts";
import { createMetrics, type Metrics } from "../http/metrics.ts";
import { createWaker, type Waker } from "../jobs/wake.ts";
import { createDirectory, type Directory } from "../slack/directory.ts";
import type { ManySlack } from "../slack/many-workspaces.ts";
import type { SlackWeb } from "../slack/web.ts";
import type { Database } from "../store/database.ts";
import { askOf, pullSettingsOf } from "./anthropic.ts";
import { type Config, secretsKeyOf } from "./config.ts";
import { limitSettings } from "./limits.ts";
import { type Wiring, wire } from "./wire.ts";
import { slackAccess } from "./workspaces.ts";

export interface Assembly {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly database: Database;
  readonly metrics: Metrics;
  readonly waker: Waker;
  readonly web: SlackWeb;
  readonly directory: Directory;
  readonly wiring: Wiring;
  /** Several Slack workspaces by OAuth; undefined: one by its token. */
  readonly many: ManySlack | undefined;
}

/** Adds how to let go of it to `undo`. */
export function assemble(
  deps: Pick<Assembly, "config" | "log" | "clock" | "database">,
  undo: (() => Promise<void>)[],
): Assembly {
  const { config, log, clock, database } = deps;
  const metrics = createMetrics();
  const waker = createWaker(database, log);
  undo.push(waker.stop);
  const { web, many } = slackAccess(config, { database, clock, log });
  const directory = createDirectory({
    database,
    web,
    clock,
    hasManyWorkspaces: many !== undefined,
  });
  const wiring = wire({
    ...deps,
    metrics,
    waker,
    web,
    directory,
    ingestSecret: config.INGEST_SECRET,
    apiToken: config.API_TOKEN,
    isFileOnly: config.GOVERNANCE_FILE !== undefined && config.GOVERNANCE_FILE_MODE === "only",
    secretsKey: secretsKeyOf(config),
    retentionMonths: config.RETENTION_MONTHS,
    reports: pullSettingsOf(config),
    ask: askOf(config),
    limits: (signal) => limitSettings(config, { database, clock, log, signal }),
  });
  return { ...deps, metrics, waker, web, directory, wiring, many: many?.(wiring.listeners) };
}
