/**
 * A Slack Web API that remembers what it was asked, over real HTTP, and fails on demand. It checks
 * nothing: whether Slack would take a payload is the strict fake's business.
 */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";
import pino, { type Logger } from "pino";
import { expect } from "vitest";

export interface RecordedCall {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
}

/** `before`: Slack has not done it; `after`: it has, and the answer gets lost. */
export type Fault =
  | { readonly kind: "error"; readonly error: string; readonly messages?: readonly string[] }
  | { readonly kind: "ratelimited"; readonly retryAfterSeconds: number }
  | { readonly kind: "http_500-after" }
  | { readonly kind: "drop-before" }
  | { readonly kind: "drop-after" }
  | { readonly kind: "hang-after" };

export interface PostedByBot {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | undefined;
  readonly text: string;
  readonly metadata: unknown;
}

export interface RecordingSlack {
  readonly apiUrl: string;
  readonly calls: readonly RecordedCall[];
  readonly posted: readonly PostedByBot[];
  /** Bodies that came to `responseUrl`. */
  readonly responses: readonly Record<string, unknown>[];
  readonly responseUrl: string;
  /** Answers 404, as a response_url does after half an hour. */
  readonly expiredResponseUrl: string;
  /** Users by id, as users.info answers them. */
  readonly users: Map<string, Record<string, unknown>>;
  callsOf(method: string): readonly RecordedCall[];
  /** The next `times` calls of the method fail. */
  fail(method: string, fault: Fault, times?: number): void;
  /** What the method answers from now on. */
  answer(method: string, answer: Record<string, unknown>): void;
  dropHanging(): void;
  /** Late, but the answers come. */
  releaseHanging(): void;
  close(): Promise<void>;
}

export const TEAM_ID = "T0000TEAM";

export async function startRecordingSlack(): Promise<RecordingSlack> {
  const calls: RecordedCall[] = [];
  const posted: PostedByBot[] = [];
  const responses: Record<string, unknown>[] = [];
  const users = new Map<string, Record<string, unknown>>();
  const faults = new Map<string, Fault[]>();
  const answers = new Map<string, Record<string, unknown>>();
  const hanging = new Map<ServerResponse, string>();

  function perform(method: string, params: Record<string, string>): Record<string, unknown> {
    const fixed = answers.get(method);
    if (fixed !== undefined) return fixed;
    switch (method) {
      case "auth.test":
        return { ok: true, team_id: TEAM_ID, user_id: "U000000BOT" };
      case "chat.postMessage": {
        const name = params["channel"] ?? "";
        const channel = name.startsWith("#") ? `C${name.slice(1).toUpperCase()}` : name;
        const ts = `17000000${String(posted.length).padStart(2, "0")}.000100`;
        const metadata: unknown = JSON.parse(params["metadata"] ?? "{}");
        const threadTs = params["thread_ts"];
        posted.push({ channel, ts, threadTs, text: params["text"] ?? "", metadata });
        return { ok: true, channel, ts };
      }
      case "conversations.history": {
        const messages = posted
          .filter(
            ({ channel, threadTs }) => channel === params["channel"] && threadTs === undefined,
          )
          .toReversed();
        return { ok: true, messages };
      }
      case "conversations.replies": {
        const messages = posted.filter(
          ({ ts, threadTs }) => ts === params["ts"] || threadTs === params["ts"],
        );
        return { ok: true, messages };
      }
      case "conversations.open":
        return { ok: true, channel: { id: `D${(params["users"] ?? "").slice(1)}` } };
      case "users.info":
        return userAnswer(users.get(params["user"] ?? ""), "user_not_found");
      case "users.lookupByEmail":
        return userAnswer(
          [...users.values()].find((user) => emailOf(user) === params["email"]),
          "users_not_found",
        );
      case "views.open":
        return { ok: true, view: { id: "V1" } };
      default:
        return { ok: true };
    }
  }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (request.url === "/response") {
      responses.push(JSON.parse(body) as Record<string, unknown>);
      response.end("ok");
      return;
    }
    if (request.url === "/expired") {
      response.writeHead(404).end("expired_url");
      return;
    }
    const method = (request.url ?? "").replace("/api/", "");
    const params = Object.fromEntries(new URLSearchParams(body));
    calls.push({ method, params });
    const fault = faults.get(method)?.shift();
    if (fault?.kind === "drop-before") {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === "ratelimited") {
      response.writeHead(429, { "retry-after": String(fault.retryAfterSeconds) }).end("{}");
      return;
    }
    if (fault?.kind === "error") {
      const { error, messages = [] } = fault;
      response.end(JSON.stringify({ ok: false, error, response_metadata: { messages } }));
      return;
    }
    const answer = perform(method, params);
    if (fault?.kind === "http_500-after") response.writeHead(500).end("oops");
    else if (fault?.kind === "drop-after") request.socket.destroy();
    else if (fault?.kind === "hang-after") hanging.set(response, JSON.stringify(answer));
    else
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }

  const server = createServer((request, response) => void take(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const dropHanging = (): void => {
    for (const response of hanging.keys()) response.socket?.destroy();
    hanging.clear();
  };
  const releaseHanging = (): void => {
    for (const [response, answer] of hanging) response.end(answer);
    hanging.clear();
  };
  return {
    apiUrl: `${origin}/api`,
    calls,
    posted,
    responses,
    responseUrl: `${origin}/response`,
    expiredResponseUrl: `${origin}/expired`,
    users,
    callsOf: (method) => calls.filter((call) => call.method === method),
    fail(method, fault, times = 1) {
      const planned = faults.get(method) ?? [];
      faults.set(method, [...planned, ...Array.from({ length: times }, () => fault)]);
    },
    answer: (method, answer) => void answers.set(method, answer),
    dropHanging,
    releaseHanging,
    async close() {
      dropHanging();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function userAnswer(
  user: Record<string, unknown> | undefined,
  error: string,
): Record<string, unknown> {
  return user === undefined ? { ok: false, error } : { ok: true, user };
}

function emailOf(user: Record<string, unknown>): unknown {
  return (user["profile"] as Record<string, unknown>)["email"];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** A member of the bot's own workspace, as users.info tells it. */
export function aSlackUser(
  id: string,
  email: string | undefined,
  overrides: Record<string, unknown> = {},
): Record<string, unknown> {
  const profile = { email, display_name: id.toLowerCase() };
  return { id, team_id: TEAM_ID, tz: "Europe/Berlin", profile, ...overrides };
}

/** For `toMatchObject`, where a bare pattern would match everything. */
export function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}

export interface RecordedLog {
  readonly log: Logger;
  readonly lines: readonly Record<string, unknown>[];
}

export function recordLog(): RecordedLog {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString("utf8")) as Record<string, unknown>);
      done();
    },
  });
  return { log: pino({ level: "debug" }, sink), lines };
}

/** Headers and body of a request as Slack signs it. */
export function signed(
  body: string,
  options: { readonly secret: string; readonly contentType: string; readonly atSeconds?: number },
): RequestInit {
  const timestamp = String(options.atSeconds ?? Math.floor(Date.now() / 1_000));
  const digest = createHmac("sha256", options.secret)
    .update(`v0:${timestamp}:${body}`)
    .digest("hex");
  return {
    method: "POST",
    headers: {
      "content-type": options.contentType,
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": `v0=${digest}`,
    },
    body,
  };
}
