/**
 * The strict fake Slack, put together: Web API, response URLs, Socket Mode, deliveries to the bot,
 * the page's JSON protocol and a driver for tests, as one request listener below `/sandbox/slack/`
 * and `/sandbox/api/`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { AppError } from "../../domain/errors.ts";
import { type Changes, createChanges } from "./changes.ts";
import { type Deliver, deliverByHttp, type Reply } from "./delivery.ts";
import { type PersonAtSlack, personAtSlack, placeId, waitFor } from "./driver.ts";
import { createEventSender } from "./events.ts";
import { createFaults, type Faults } from "./faults.ts";
import { answerFile, FILE_PATH, takeUpload, UPLOAD_PATH } from "./files.ts";
import { addressOf, answerJson, readBody } from "./http-exchange.ts";
import type { Client } from "./interactions.ts";
import { isJsonObject, parseJson } from "./json.ts";
import { keptFile } from "./kept-file.ts";
import type { AppManifest } from "./manifest.ts";
import { shownMessages } from "./messages.ts";
import { createNoticeStreams } from "./notice-streams.ts";
import { createPageApi } from "./page-api.ts";
import { eventPayload, urlVerification } from "./payloads.ts";
import { SANDBOX_API, type ShownMessage } from "./protocol.ts";
import { respond } from "./responses.ts";
import { createSocketMode, type SocketMode } from "./socket-mode.ts";
import {
  type Broadcast,
  emptyState,
  newSecret,
  restoreSnapshot,
  type Slack,
  takeSnapshot,
} from "./state.ts";
import { RESPONSE_PATH, useResponseUrl } from "./tickets.ts";
import { API_PATH, type ApiCall, type Credentials, createWebApi } from "./web-api.ts";
import { ACME, type SlackTeam } from "./workspace.ts";

/** Slack waits this long for a bot. */
export const DISPATCH_TIMEOUT_MS = 3000;
/** Only a test that fails waits so long; a busy machine may need more than a moment. */
const WAIT_MS = 120_000;
const FILE_PROCESSING_MS = 300;

export interface FakeSlackOptions {
  readonly manifest: AppManifest;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The time that requests are signed with, which bots compare with their own; absent: `now`. */
  readonly signedAt?: () => number;
  readonly team?: SlackTeam;
  readonly credentials?: Partial<Credentials>;
  /** Where the bot listens; can be set later. */
  readonly requestUrl?: string;
  /** Where this server is mounted; `listen` sets it itself. */
  readonly baseUrl?: string;
  /** Keeps messages, read marks and App Homes here across restarts. */
  readonly file?: string;
  readonly dispatchTimeoutMs?: number;
  readonly eventRetryDelaysMs?: readonly number[];
  /** Takes only one `chat.postMessage` a second in each channel. */
  readonly isRateLimited?: boolean;
  /** How long Slack looks at an uploaded file before a message may show it. */
  readonly fileProcessingMs?: number;
}

export interface FakeSlack {
  readonly credentials: Credentials;
  /** For `SLACK_API_URL`. */
  readonly apiUrl: () => string;
  /** Whether a path is this server's business. */
  readonly handles: (path: string) => boolean;
  readonly requestListener: (request: IncomingMessage, response: ServerResponse) => void;
  /** For the `upgrade` event of the HTTP server. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Its own HTTP server, on a free port unless told otherwise; settles with its address. */
  readonly listen: (port?: number, host?: string) => Promise<string>;
  /** Lets go of the page's windows, whose requests would not end by themselves. */
  readonly closePages: () => void;
  readonly close: () => Promise<void>;
  readonly setRequestUrl: (url: string) => void;
  /** What Slack does when someone saves a request URL: the bot must return the challenge. */
  readonly verifyRequestUrl: () => Promise<boolean>;
  readonly as: (userId: string) => PersonAtSlack;
  /** By id, `#name`; without a viewer, what everyone in it sees. */
  readonly messages: (channel: string, viewer?: string) => readonly ShownMessage[];
  readonly waitForMessage: (
    channel: string,
    predicate?: (message: ShownMessage) => boolean,
    timeoutMs?: number,
  ) => Promise<ShownMessage>;
  readonly faults: Pick<Faults, "add" | "clear" | "left">;
  readonly calls: (method?: string) => readonly ApiCall[];
  readonly clearCalls: () => void;
  /** Every `@channel`, `@here` and `@everyone` that was ever posted. */
  readonly broadcasts: () => readonly Broadcast[];
  readonly socketMode: Pick<SocketMode, "isConnected" | "refresh">;
  readonly snapshot: () => unknown;
  readonly restore: (snapshot: unknown) => void;
}

export function createFakeSlack(options: FakeSlackOptions): FakeSlack {
  const place = { baseUrl: options.baseUrl ?? "", requestUrl: options.requestUrl };
  const parts = assemble(options, place);
  const { slack, changes, client, socketMode, webApi } = parts;
  const closeFile =
    options.file === undefined ? () => undefined : keep(slack, changes, options.file);
  const shownIn = (channel: string, viewer: string) =>
    shownMessages(slack, { channel: placeId(slack, channel), viewer });
  let server: Server | undefined;

  return {
    credentials: parts.credentials,
    apiUrl: () => `${place.baseUrl}${API_PATH}`,
    handles,
    requestListener: parts.listener,
    upgrade: socketMode.upgrade,
    listen: async (port = 0, host = "127.0.0.1") => {
      server = createServer(parts.listener).on("upgrade", socketMode.upgrade);
      place.baseUrl = await listening(server, port, host);
      return place.baseUrl;
    },
    closePages: parts.streams.close,
    close: async () => {
      parts.streams.close();
      parts.events.close();
      socketMode.close();
      closeFile();
      if (server !== undefined) await closed(server);
    },
    setRequestUrl: (url) => {
      place.requestUrl = url;
    },
    verifyRequestUrl: async () => await isVerified(client.deliver),
    as: (userId) => personAtSlack(client, changes, userId),
    messages: (channel, viewer = "") => shownIn(channel, viewer),
    waitForMessage: async (channel, predicate = () => true, timeoutMs = WAIT_MS) => {
      const texts = () => JSON.stringify(shownIn(channel, "").map(({ text }) => text));
      const describe = () => `a message in ${channel}; there are: ${texts()}`;
      const find = () => shownIn(channel, "").findLast(predicate);
      return await waitFor(changes, find, { timeoutMs, describe });
    },
    faults: parts.faults,
    calls: (method) =>
      webApi.calls.filter((call) => method === undefined || call.method === method),
    clearCalls: webApi.clearCalls,
    broadcasts: () => slack.state.broadcasts,
    socketMode,
    snapshot: () => takeSnapshot(slack.state),
    restore: (snapshot) => {
      restoreSnapshot(slack.state, snapshot);
    },
  };
}

/** Makes the parts and connects them. `place` may change later: addresses are known only then. */
function assemble(
  options: FakeSlackOptions,
  place: { readonly baseUrl: string; readonly requestUrl: string | undefined },
) {
  const { team = ACME, now, signedAt = now, isRateLimited = false } = options;
  const { dispatchTimeoutMs: timeoutMs = DISPATCH_TIMEOUT_MS } = options;
  const changes = createChanges();
  const slack: Slack = {
    team,
    now,
    fileProcessingMs: options.fileProcessingMs ?? FILE_PROCESSING_MS,
    manifest: options.manifest,
    state: emptyState(),
    baseUrl: () => place.baseUrl,
    notify: changes.notify,
  };
  const credentials = credentialsWith(options.credentials);
  const socketMode = createSocketMode(team.bot.appId);
  const deliver: Deliver = async (delivery) => {
    if (socketMode.isConnected()) return await socketMode.deliver(delivery, timeoutMs);
    const { signingSecret } = credentials;
    const { requestUrl: url } = place;
    return url === undefined
      ? NOWHERE
      : await deliverByHttp({ url, signingSecret, timeoutMs, now: signedAt }, delivery);
  };
  const events = createEventSender(deliver, options.eventRetryDelaysMs);
  const deliverEvent: Client["deliverEvent"] = async (event) => {
    await events.send(eventPayload(slack, event));
  };
  const client: Client = { slack, deliver, deliverEvent };
  const faults = createFaults(slack);
  const webApi = createWebApi({ slack, credentials, faults, socketMode, isRateLimited });
  const streams = createNoticeStreams(changes);
  const page = createPageApi({ client, streams, faults });
  const listener = listenerFor({ slack, webApi, page });
  const inner = { slack, changes, client, faults, webApi, credentials };
  return { ...inner, socketMode, events, streams, listener };
}

async function isVerified(deliver: Deliver): Promise<boolean> {
  const challenge = newSecret();
  const reply = await deliver({ kind: "events_api", payload: urlVerification(challenge) });
  const body = reply.ok ? reply.body : undefined;
  return body === challenge || (isJsonObject(body) && body["challenge"] === challenge);
}

const NOWHERE: Reply = {
  ok: false,
  error: "dispatch_failed",
  reason: "connection_failed",
  shouldRetry: false,
};

function credentialsWith(given: Partial<Credentials> = {}): Credentials {
  return {
    botToken: `xoxb-sandbox-${newSecret()}`,
    appToken: `xapp-sandbox-${newSecret()}`,
    signingSecret: newSecret(),
    ...given,
  };
}

function handles(path: string): boolean {
  return path.startsWith("/sandbox/slack/") || path.startsWith(`${SANDBOX_API}/`);
}

function listenerFor(parts: {
  readonly slack: Slack;
  readonly webApi: ReturnType<typeof createWebApi>;
  readonly page: ReturnType<typeof createPageApi>;
}): FakeSlack["requestListener"] {
  const route = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? "", "http://sandbox");
    if (pathname.startsWith(API_PATH)) {
      await parts.webApi.handle(request, response, pathname.slice(API_PATH.length));
    } else if (pathname.startsWith(RESPONSE_PATH)) {
      await takeResponse(parts.slack, request, response);
    } else if (pathname.startsWith(UPLOAD_PATH)) {
      await takeUpload(parts.slack, request, response);
    } else if (pathname.startsWith(FILE_PATH)) {
      answerFile(parts.slack, pathname.slice(FILE_PATH.length), response);
    } else if (pathname.startsWith(`${SANDBOX_API}/`)) {
      await parts.page(request, response);
    } else {
      answerJson(response, { error: `no such path: ${pathname}` }, { status: 404 });
    }
  };
  return (request, response) => {
    route(request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      answerJson(response, { error: message }, { status: 500 });
    });
  };
}

/** What a bot posts to a response URL. */
async function takeResponse(
  slack: Slack,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = parseJson(await readBody(request));
  const { pathname } = new URL(request.url ?? "", "http://sandbox");
  const used = useResponseUrl(slack, pathname.slice(RESPONSE_PATH.length));
  const result = used.ok ? respond(slack, used.target, body) : used;
  answerJson(response, result, { status: result.ok ? 200 : 404 });
}

function keep(slack: Slack, changes: Changes, path: string): () => void {
  const file = keptFile(path, () => takeSnapshot(slack.state));
  const kept = file.load();
  if (kept !== undefined) {
    try {
      restoreSnapshot(slack.state, kept);
    } catch (cause) {
      const message = `${path} holds no messages of this sandbox: delete it or start afresh`;
      throw new AppError({ code: "invalid", message, cause });
    }
  }
  changes.listenToAll(file.saveSoon);
  return file.flush;
}

async function listening(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return addressOf(server);
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
