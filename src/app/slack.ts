/** Slack's side of the program, from its settings: the app, its route, and patience at the start. */
import type { Logger } from "pino";
import { AppError } from "../domain/errors.ts";
import type { Mount } from "../http/server.ts";
import { SLACK_EVENTS_PATH, type SlackApp, type SlackConfig } from "../slack/app.ts";
import type { Config } from "./config.ts";

export function slackConfig(config: Config): SlackConfig {
  const signingSecret = config.SLACK_SIGNING_SECRET?.reveal();
  const appToken = config.SLACK_APP_TOKEN?.reveal();
  return {
    botToken: config.SLACK_BOT_TOKEN?.reveal() ?? "",
    ...(signingSecret === undefined ? {} : { signingSecret }),
    ...(appToken === undefined ? {} : { appToken }),
    ...slackApiUrl(config),
  };
}

export function slackApiUrl(config: Config): { readonly apiUrl?: string } {
  return config.SLACK_API_URL === undefined ? {} : { apiUrl: config.SLACK_API_URL };
}

/** In Socket Mode Slack calls no route of ours. */
export function slackMounts(slack: SlackApp | undefined): Mount[] {
  const listener = slack?.requestListener;
  return listener === undefined
    ? []
    : [{ matches: (path) => path === SLACK_EVENTS_PATH, listener }];
}

const SLACK_RETRY_MS = 15_000;

/**
 * Starts to listen to Slack and returns how to stop. A wrong token ends the start; while Slack is
 * away the rest of the program, ingest above all, runs without it and Slack follows later.
 */
export async function startSlack(slack: SlackApp, log: Logger): Promise<() => Promise<void>> {
  let timer: NodeJS.Timeout | undefined;
  const retry = async (): Promise<void> => {
    try {
      await slack.start();
    } catch (error) {
      tryAgainLater(error);
    }
  };
  const tryAgainLater = (error: unknown): void => {
    log.warn({ err: error }, "Slack is away; starting without it");
    timer = setTimeout(() => void retry(), SLACK_RETRY_MS);
  };
  try {
    await slack.start();
  } catch (error) {
    if (!(error instanceof AppError && error.retryable)) throw error;
    tryAgainLater(error);
  }
  return async () => {
    clearTimeout(timer);
    await slack.stop();
  };
}
