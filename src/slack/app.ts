/**
 * The bot's ear: Bolt over HTTP, or over Socket Mode when there is an app token. Slack gets its
 * acknowledgement first, always; what follows runs through `work.ts`. No request touches the
 * network or the database before it is acknowledged.
 *
 * Bolt's own server is not used: one port serves everything, and Bolt's custom routes crash the
 * process when they reject (slackapi/bolt-js#516).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { App, HTTPReceiver, type Receiver, SocketModeReceiver } from "@slack/bolt";
import type { Logger } from "pino";
import { AppError } from "../domain/errors.ts";
import type { Clock } from "../domain/time.ts";
import { boltLog } from "./bolt-log.ts";
import type { DataBlocksDeps } from "./charts/data-blocks.ts";
import type { Directory } from "./directory.ts";
import { listenToDepartures } from "./installations/events.ts";
import { INSTALL_PATH, OAUTH_REDIRECT_PATH } from "./installations/routes.ts";
import { listen } from "./listen.ts";
import type { SlackListeners } from "./listener.ts";
import type { ManySlack } from "./many-workspaces.ts";
import { collectListeners } from "./registry.ts";
import { SCOPES_BY_CALL, type SlackWeb } from "./web.ts";
import { sortSlackError } from "./web-errors.ts";
import { createWorkplace } from "./work.ts";
import { oneWorkspace } from "./workspaces.ts";

const SLACK_EVENTS_PATH = "/slack/events";
const INSTALL_PATHS: ReadonlySet<string> = new Set([INSTALL_PATH, OAUTH_REDIRECT_PATH]);

export interface SlackConfig {
  /** Absent: several workspaces, each with a token of its own. */
  readonly botToken?: string;
  /** Needed in HTTP mode. */
  readonly signingSecret?: string;
  /** Present: Socket Mode. */
  readonly appToken?: string;
  /** Another root than https://slack.com/api/, for example a stand-in. */
  readonly apiUrl?: string;
  /** In Socket Mode: how long a line may be silent, and the pause before the next one. The SDK's: 5 s. */
  readonly pingTimeoutMs?: number;
}

export interface SlackApp {
  /** Whether a request to that path is for `requestListener`. */
  handles(path: string): boolean;
  /** HTTP mode only: takes its requests unread. */
  readonly requestListener?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Proves that Slack accepts the tokens; rejects with an `AppError` that says what to do. */
  start(): Promise<void>;
  /** Takes nothing more and waits for what is running, at most ten seconds. */
  stop(): Promise<void>;
}

export interface SlackAppDeps {
  readonly config: SlackConfig;
  readonly listeners: readonly SlackListeners[];
  readonly web: SlackWeb;
  readonly directory: Directory;
  /** Several workspaces, by OAuth. Absent: the one of the bot token. */
  readonly many?: ManySlack | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** For answers with charts and tables; absent: they are sent as they are. */
  readonly dataBlocks?: DataBlocksDeps | undefined;
}

/** Slack's own requests are a few kilobytes; a modal with every field full stays below 300 kB. */
const BODY_LIMIT = "1mb";
const CALL_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 10_000;

/** Makes the app without any network: a wrong token shows in `start`. */
export function createSlackApp(deps: SlackAppDeps): SlackApp {
  const { config, log } = deps;
  const registry = collectListeners(deps.listeners);
  let ownTeamId: string | undefined;
  const workspaces = deps.many?.workspaces ?? oneWorkspace(deps.web, () => ownTeamId);
  const workplace = createWorkplace({ ...deps, workspaces });
  const transport =
    config.appToken === undefined ? httpTransport(deps) : socketTransport(deps, config.appToken);
  let botUserId: string | undefined;
  const bolt = new App({
    receiver: transport.receiver,
    // Bolt's own way asks Slack who we are, before the acknowledgement and without a catch.
    authorize: async () =>
      await Promise.resolve({
        // What goes out does not go through Bolt; where there are several, there is no "the" token.
        ...(config.botToken === undefined ? {} : { botToken: config.botToken }),
        ...(botUserId === undefined ? {} : { botUserId }),
      }),
    clientOptions: {
      ...apiRoot(config),
      retryConfig: { retries: 0 },
      // Also what answers to response_url go through, which has no time limit of its own.
      fetch: async (url, init) =>
        await fetch(url, { ...init, signal: init?.signal ?? AbortSignal.timeout(CALL_TIMEOUT_MS) }),
    },
    logger: boltLog(log),
    convoStore: false, // An unbounded map in memory that we don't use.
  });
  bolt.error(async (failure) => {
    log.error({ err: failure }, "Slack request failed");
    await Promise.resolve();
  });
  listenToDepartures(bolt, {
    log,
    onGone: async (gone) => {
      if (deps.many !== undefined) await deps.many.onGone(gone);
      else log.error({ reason: gone.because }, "the Slack app was removed: install it again");
    },
  });
  listen(bolt, { ...deps, workspaces, registry, workplace });

  return {
    ...(transport.requestListener === undefined
      ? {}
      : { requestListener: transport.requestListener }),

    // Where there is one workspace, nobody installs.
    handles: (path) =>
      path === SLACK_EVENTS_PATH || (deps.many !== undefined && INSTALL_PATHS.has(path)),

    async start() {
      if (deps.many === undefined) {
        const identity = await provenIdentity(deps);
        botUserId = identity.botUserId;
        ownTeamId = identity.slackTeamId;
        warnOfMissingScopes(log, identity.scopes);
      }
      await transport.start();
    },

    async stop() {
      await transport.stop();
      const left = await workplace.finish(STOP_TIMEOUT_MS);
      if (left > 0) log.warn({ running_count: left }, "stopped before all Slack work was done");
    },
  };
}

function apiRoot({ apiUrl }: SlackConfig): { readonly slackApiUrl?: string } {
  return apiUrl === undefined ? {} : { slackApiUrl: apiUrl };
}

interface Transport {
  readonly receiver: Receiver;
  readonly requestListener?: SlackApp["requestListener"];
  start(): Promise<void>;
  stop(): Promise<void>;
}

function httpTransport({ config, log, many }: SlackAppDeps): Transport {
  const { signingSecret } = config;
  if (signingSecret === undefined || signingSecret === "") {
    throw new AppError({
      code: "invalid",
      message:
        "SLACK_SIGNING_SECRET is missing: copy the Signing Secret from your app's Basic Information page.",
    });
  }
  const receiver = new HTTPReceiver({
    signingSecret,
    endpoints: [SLACK_EVENTS_PATH],
    bodyLimit: BODY_LIMIT,
    processBeforeResponse: false,
    logger: boltLog(log),
    processEventErrorHandler: async ({ error, response }) => {
      log.error({ err: error }, "Slack request failed");
      if (!response.headersSent) response.writeHead(500).end();
      return await Promise.resolve(false);
    },
  });
  let isStopped = false;
  return {
    receiver,
    requestListener(request, response) {
      if (isStopped) {
        response.writeHead(503).end();
        return;
      }
      const [path = ""] = (request.url ?? "").split("?", 1);
      if (many !== undefined && INSTALL_PATHS.has(path)) {
        many.routes(request, response);
        return;
      }
      try {
        receiver.requestListener(request, response);
      } catch {
        response.writeHead(404).end(); // Another path or method, which Bolt answers by throwing.
      }
    },
    async start() {
      await Promise.resolve();
    },
    async stop() {
      isStopped = true;
      await Promise.resolve();
    },
  };
}

function socketTransport({ config, log }: SlackAppDeps, appToken: string): Transport {
  const { pingTimeoutMs } = config;
  const receiver = new SocketModeReceiver({
    appToken,
    ...(pingTimeoutMs === undefined ? {} : { clientPingTimeout: pingTimeoutMs }),
    logger: boltLog(log),
    // Its own options object, and a patient one: the client writes into the object, and with few
    // retries a failed reconnect ends the process.
    installerOptions: {
      clientOptions: { ...apiRoot(config), retryConfig: { retries: 100, factor: 1.3 } },
    },
    processEventErrorHandler: async ({ error }) => {
      log.error({ err: error }, "Slack request failed");
      return await Promise.resolve(true);
    },
  });
  return {
    receiver,
    async start() {
      try {
        await receiver.start();
      } catch (error) {
        throw startFailure(error, {
          name: "SLACK_APP_TOKEN",
          where: "make an app-level token with connections:write on the Basic Information page",
        });
      }
    },
    async stop() {
      await receiver.stop();
    },
  };
}

async function provenIdentity({
  web,
}: SlackAppDeps): Promise<Awaited<ReturnType<SlackWeb["authTest"]>>> {
  try {
    return await web.authTest();
  } catch (error) {
    throw startFailure(error, {
      name: "SLACK_BOT_TOKEN",
      where: "copy the Bot User OAuth Token from your app's OAuth & Permissions page",
    });
  }
}

function startFailure(
  error: unknown,
  token: { readonly name: string; readonly where: string },
): AppError {
  const { kind, reason } = sortSlackError(error);
  return kind === "permanent"
    ? new AppError({
        code: "unauthorized",
        message: `Slack refuses ${token.name} (${reason}): ${token.where}, then start again.`,
        cause: error,
      })
    : new AppError({
        code: "unavailable",
        message: `Slack can't be reached (${reason}): check the network and SLACK_API_URL.`,
        retryable: true,
        cause: error,
      });
}

function warnOfMissingScopes(log: Logger, granted: readonly string[]): void {
  // A stand-in or proxy may not tell the scopes at all.
  if (granted.length === 0) return;
  const needed = new Set<string>(Object.values(SCOPES_BY_CALL).flat());
  const missing = [...needed].filter((scope) => !granted.includes(scope));
  if (missing.length > 0) {
    log.warn({ missing_scopes: missing }, "Slack app lacks scopes: reinstall it from manifest.yml");
  }
}
