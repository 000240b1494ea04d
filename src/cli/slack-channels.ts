/** Which channels the bot can see, for commands that check names: with the settings of the bot. */
import { pino } from "pino";
import { readConfig } from "../app/config.ts";
import { slackAccess } from "../app/workspaces.ts";
import type { Clock } from "../domain/time.ts";
import type { SlackWeb } from "../slack/web.ts";
import { createSlackWeb } from "../slack/web-client.ts";
import type { Database } from "../store/database.ts";
import { hasManyWorkspaces } from "./check-slack.ts";

/** Undefined where the command has no way to Slack: then nothing is checked. */
export function channelLookup(
  database: Database,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Pick<SlackWeb, "listChannels"> | undefined {
  if (hasManyWorkspaces(env)) {
    const result = readConfig(env);
    if (result.kind === "problems") return undefined;
    const log = pino({ level: "silent" });
    return slackAccess(result.config, { database, clock, log }).web;
  }
  const token = env["SLACK_BOT_TOKEN"] ?? "";
  const apiUrl = env["SLACK_API_URL"] ?? "";
  return token === "" ? undefined : createSlackWeb({ token, ...(apiUrl === "" ? {} : { apiUrl }) });
}
