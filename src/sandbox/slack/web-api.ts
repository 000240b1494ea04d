/**
 * The Web API as a whole: reads a call, checks its token and scopes, lets a fault or a rate limit
 * have its way, runs the method, keeps a log for tests.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { findPlaceByIdOrName } from "./conversations.ts";
import type { Faults } from "./faults.ts";
import { answerJson, readBody } from "./http-exchange.ts";
import { isJsonObject, type Json, parseJson } from "./json.ts";
import type { FaultRequest } from "./protocol.ts";
import type { SocketMode } from "./socket-mode.ts";
import type { Slack } from "./state.ts";
import { chatMethods } from "./web-api-chat.ts";
import { directoryMethods } from "./web-api-directory.ts";
import { fileMethods } from "./web-api-files.ts";
import { type Answer, done, type Method, missingScope, refuse } from "./web-api-method.ts";
import { viewMethods } from "./web-api-views.ts";

export const API_PATH = "/sandbox/slack/api/";
const DEFAULT_RETRY_AFTER_SECONDS = 1;
const DEFAULT_DELAY_MS = 5000;
/** Slack takes about one message a second in a channel. */
const POST_INTERVAL_MS = 1000;

export interface Credentials {
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
}

/** One call of the Web API, as it was answered. */
export interface ApiCall {
  readonly at: number;
  readonly method: string;
  readonly args: Json;
  /** HTTP status; 0 when the connection was cut instead. */
  readonly status: number;
  /** Undefined for a call that never reached the method. */
  readonly answer: Answer | undefined;
}

export interface WebApi {
  readonly handle: (
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
  ) => Promise<void>;
  readonly calls: readonly ApiCall[];
  readonly clearCalls: () => void;
}

export function createWebApi(options: {
  readonly slack: Slack;
  readonly credentials: Credentials;
  readonly faults: Faults;
  readonly socketMode: SocketMode;
  readonly isRateLimited: boolean;
}): WebApi {
  const { slack, credentials, faults } = options;
  const calls: ApiCall[] = [];
  const methods = methodTable(options.socketMode);
  const lastPostAt = new Map<string, number>();

  const isTooSoon = (name: string, args: Json): boolean => {
    if (!options.isRateLimited || name !== "chat.postMessage") return false;
    const channel = String(args["channel"]);
    const place = findPlaceByIdOrName(slack, channel)?.id ?? channel;
    const isSoon = slack.now() - (lastPostAt.get(place) ?? -POST_INTERVAL_MS) < POST_INTERVAL_MS;
    if (!isSoon) lastPostAt.set(place, slack.now());
    return isSoon;
  };

  const run = (name: string, args: Json, token: string | undefined): Answer => {
    const method = methods.get(name);
    if (method === undefined) return refuse("unknown_method", { req_method: name });
    const refusal = checkToken(method, token, credentials);
    if (refusal !== undefined) return refuse(refusal);
    for (const scope of method.scopes) {
      const missing = missingScope(slack, scope);
      if (missing !== undefined) return missing;
    }
    return method.run(slack, args);
  };

  const handle: WebApi["handle"] = async (request, response, name) => {
    const args = argsOf(request, await readBody(request));
    const log = (status: number, answer?: Answer) => {
      const { token: _token, ...shown } = args;
      calls.push({ at: slack.now(), method: name, args: shown, status, answer });
    };
    const limited = (seconds: number) => {
      log(429);
      const headers = { "retry-after": String(seconds) };
      answerJson(response, refuse("ratelimited"), { status: 429, headers });
    };
    const fault = faults.take({ method: name, channel: args["channel"] });
    if (await isStoppedBy(fault, response, { log, limited })) return;
    if (isTooSoon(name, args)) {
      limited(DEFAULT_RETRY_AFTER_SECONDS);
      return;
    }
    const answer = run(name, args, tokenOf(request, args));
    if (fault?.kind === "drop_after") {
      log(0, answer);
      request.socket.destroy();
      return;
    }
    log(200, answer);
    const headers = {
      "x-oauth-scopes": slack.manifest.scopes.join(","),
      "x-accepted-oauth-scopes": (methods.get(name)?.scopes ?? []).join(","),
    };
    answerJson(response, answer, { headers });
  };

  return {
    handle,
    calls,
    clearCalls: () => {
      calls.length = 0;
    },
  };
}

/** Lets a fault act before the method runs. A slow call goes on afterwards. */
async function isStoppedBy(
  fault: FaultRequest | undefined,
  response: ServerResponse,
  {
    log,
    limited,
  }: { readonly log: (status: number) => void; readonly limited: (seconds: number) => void },
): Promise<boolean> {
  switch (fault?.kind) {
    case "ratelimited":
      limited(fault.retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS);
      return true;
    case "http_500":
      log(500);
      answerJson(response, refuse("internal_error"), { status: 500 });
      return true;
    case "drop_before":
      log(0);
      response.socket?.destroy();
      return true;
    case "slow":
      await sleep(fault.delayMs ?? DEFAULT_DELAY_MS, undefined, { ref: false });
      return false;
    case "drop_after":
    case "refuse_blocks":
    case "archive":
    case "unarchive":
    case undefined:
      return false;
  }
}

function methodTable(socketMode: SocketMode): ReadonlyMap<string, Method> {
  const own: Record<string, Method> = {
    "api.test": { scopes: [], token: "none", run: (_slack, args) => done({ args }) },
    "apps.connections.open": {
      scopes: [],
      token: "app",
      run: (slack) => {
        const url = socketMode.newUrl(slack.baseUrl());
        return url === undefined ? refuse("too_many_websockets") : done({ url });
      },
    },
  };
  return new Map(
    Object.entries({ ...own, ...chatMethods, ...viewMethods, ...fileMethods, ...directoryMethods }),
  );
}

function checkToken(
  method: Method,
  token: string | undefined,
  { botToken, appToken }: Credentials,
): string | undefined {
  if (method.token === "none") return undefined;
  if (token === undefined) return "not_authed";
  if (token !== botToken && token !== appToken) return "invalid_auth";
  const expected = method.token === "app" ? appToken : botToken;
  return token === expected ? undefined : "not_allowed_token_type";
}

function tokenOf(request: IncomingMessage, args: Json): string | undefined {
  const [, bearer] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  const { token } = args;
  return bearer ?? (typeof token === "string" ? token : undefined);
}

/** Arguments of the query, then of the form or JSON body. */
export function argsOf(request: IncomingMessage, body: string): Json {
  const query = new URL(request.url ?? "", "http://sandbox").searchParams;
  const isJson = (request.headers["content-type"] ?? "").startsWith("application/json");
  const sent = isJson ? parseJson(body) : Object.fromEntries(new URLSearchParams(body));
  return { ...Object.fromEntries(query), ...(isJsonObject(sent) ? sent : {}) };
}
