/** Slack's side of the program, from its settings: the app, its route, and patience at the start. */
import type { Logger } from "pino";
import { AppError } from "../domain/errors.ts";
import type { Mount } from "../http/server.ts";
import { type SlackApp, type SlackConfig } from "../slack/app.ts";
import type { Config } from "./config.ts";

export function slackConfig(config: Config): SlackConfig {
  const signingSecret = config.SLACK_SIGNING_SECRET?.reveal();
  const botToken = config.SLACK_BOT_TOKEN?.reveal();
  const appToken = config.SLACK_APP_TOKEN?.reveal();
  return {
    ...(botToken === undefined ? {} : { botToken }),
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
  return slack === undefined || listener === undefined
    ? []
    : [{ matches: (path) => slack.handles(path), listener }];
}

const SLACK_RETRY_MS = 15_000;
/** Longer than Slack needs when it is well. In Socket Mode the SDK itself goes on trying for long. */
const SLACK_START_MS = 10_000;

/**
 * Starts to listen to Slack and returns how to stop. A wrong token ends the start; while Slack is
 * away the rest of the program, ingest above all, runs without it and Slack follows later.
 */
export async function startSlack(
  slack: Pick<SlackApp, "start" | "stop">,
  log: Logger,
): Promise<() => Promise<void>> {
  let timer: NodeJS.Timeout | undefined;
  let isStopping = false;
  const tryAgainLater = (error: unknown): void => {
    if (isStopping) return;
    log.warn({ err: error }, "Slack is away; the program runs without it");
    timer = setTimeout(() => void retry(), SLACK_RETRY_MS);
  };
  const retry = async (): Promise<void> => {
    try {
      await slack.start();
    } catch (error) {
      tryAgainLater(error);
    }
  };
  const started = slack.start();
  try {
    const isInTime = await isSettledWithin(started, SLACK_START_MS);
    if (!isInTime) {
      log.warn({}, "Slack does not let us in yet; the program runs without it");
      started.catch(tryAgainLater);
    }
  } catch (error) {
    if (!(error instanceof AppError && error.retryable)) throw error;
    tryAgainLater(error);
  }
  return async () => {
    isStopping = true;
    clearTimeout(timer);
    await slack.stop();
  };
}

/** False when the time is over first; rejects as `work` does until then. */
async function isSettledWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([work.then(() => true), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
