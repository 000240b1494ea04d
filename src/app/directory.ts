/** Begins to read what Anthropic and Slack list: with the same key, and in the same budget, as reports. */
import type { Logger } from "pino";
import type { Clock } from "../domain/time.ts";
import { startDirectorySync } from "../features/directory-sync/index.ts";
import type { PullSettings } from "../features/provider-reports/index.ts";
import type { SlackWeb } from "../slack/web.ts";
import type { Database } from "../store/database.ts";
import { adminReader } from "./admin-reader.ts";

/** Undefined `reports`: there is no admin key, so only Slack's groups are read. */
export function startDirectory(deps: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly web: SlackWeb;
  readonly reports: PullSettings | undefined;
}): { readonly stop: () => Promise<void> } {
  const { database, clock, log, web, reports } = deps;
  return startDirectorySync({
    database,
    clock,
    log,
    web,
    kind: reports?.kind ?? "console",
    reader: (signal) =>
      reports === undefined
        ? undefined
        : adminReader(
            { database, clock, log, signal },
            { budget: "anthropic-admin", access: reports.access },
          ),
  });
}
