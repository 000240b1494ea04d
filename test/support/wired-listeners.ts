/** What the program listens to in Slack, as it is really wired. Listing it connects to nothing. */
import { pino } from "pino";
import { wire } from "../../src/app/wire.ts";
import { instant } from "../../src/domain/time.ts";
import { createMetrics } from "../../src/http/metrics.ts";
import { createDirectory } from "../../src/slack/directory.ts";
import type { SlackListeners } from "../../src/slack/listener.ts";
import { createSlackWeb } from "../../src/slack/web-client.ts";
import { openDatabase } from "../../src/store/database.ts";

export function wiredListeners(): readonly SlackListeners[] {
  const database = openDatabase({ host: "/nowhere" });
  const clock = () => instant("2026-11-23T12:00:00Z");
  const web = createSlackWeb({ token: "xoxb-test" });
  const { listeners } = wire({
    database,
    clock,
    log: pino({ level: "silent" }),
    web,
    metrics: createMetrics(),
    waker: { wake: () => {} },
    directory: createDirectory({ database, web, clock }),
    ingestSecret: undefined,
    apiToken: undefined,
    secretsKey: undefined,
    reports: undefined,
    ask: undefined,
  });
  return listeners;
}
