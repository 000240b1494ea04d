/**
 * The two servers that `claude-spend/client` talks to: a Messages API that answers as it is told,
 * and a receiver that checks signatures and events with the very code of the ingest route.
 */
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { instant } from "../../src/domain/time.ts";
import type { UsageEvent } from "../../src/domain/usage.ts";
import { authenticateSource } from "../../src/features/ingest/authenticate.ts";
import { parseNativeEvent } from "../../src/features/ingest/native-event.ts";
import type { SourceDirectory } from "../../src/features/sources/index.ts";

export const SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/** Of a source that is named `app`. */
export const APP_SECRET = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";

const sources: SourceDirectory = {
  findByToken: async (token) =>
    await Promise.resolve(token === APP_SECRET ? { name: "app", isTrusted: false } : undefined),
  listSigningSecrets: async (name) =>
    await Promise.resolve(
      name === "app" ? { source: { name, isTrusted: false }, secrets: [APP_SECRET] } : undefined,
    ),
};

export interface StandIn {
  readonly url: string;
  stop(): Promise<void>;
}

export interface Delivered {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

/** What the receiver answers instead of recording; undefined: it records. */
type Refuse = (attempt: number) =>
  | {
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: unknown;
    }
  | undefined;

export interface Receiver extends StandIn {
  /** Every request, also the refused ones. */
  readonly requests: readonly Delivered[];
  /** What was accepted. */
  readonly events: readonly UsageEvent[];
  refuse(refuse: Refuse): void;
  /** How long it thinks before it answers. */
  delay(ms: number): void;
  /** Hangs up on everybody; its port stays its own, so that it can come back. */
  goAway(): void;
  comeBack(): void;
}

export async function startReceiver(): Promise<Receiver> {
  const requests: Delivered[] = [];
  const events: UsageEvent[] = [];
  let refuse: Refuse = () => undefined;
  let delayMs = 0;
  let isAway = false;

  const standIn = await startServer(async (request, response) => {
    if (isAway) {
      response.destroy();
      return;
    }
    const body = await buffer(request);
    requests.push({
      path: request.url ?? "",
      headers: request.headers,
      body: body.toString("utf8"),
      atMs: performance.now(),
    });
    if (delayMs > 0) await wait(delayMs, undefined, { ref: false });
    const refusal = refuse(requests.length);
    if (refusal !== undefined) {
      response.writeHead(refusal.status, refusal.headers).end(JSON.stringify(refusal.body ?? {}));
      return;
    }
    const sourceName = new URL(request.url ?? "", "http://receiver").searchParams.get("source");
    const credentials = { headers: request.headers, body, sourceName: sourceName ?? undefined };
    let source: string;
    try {
      source = (await authenticateSource({ sources, ingestSecret: SECRET }, credentials)).name;
    } catch (error) {
      response.writeHead(401).end(JSON.stringify({ error: { message: String(error) } }));
      return;
    }
    const batch = (JSON.parse(body.toString("utf8")) as readonly unknown[]).map((raw, index) =>
      parseNativeEvent(raw, { index, source, now: instant(new Date().toISOString()) }),
    );
    const rejected = batch.flatMap((parsed) =>
      parsed.kind === "rejected"
        ? [{ ...parsed.rejection, event_id: parsed.rejection.eventId }]
        : [],
    );
    events.push(...batch.flatMap((parsed) => (parsed.kind === "event" ? [parsed.event] : [])));
    const status = batch.length > 0 && rejected.length === batch.length ? 422 : 202;
    response.writeHead(status).end(JSON.stringify({ accepted: 0, duplicates: 0, rejected }));
  });

  return {
    ...standIn,
    requests,
    events,
    refuse: (next) => (refuse = next),
    delay: (ms) => (delayMs = ms),
    goAway: () => (isAway = true),
    comeBack: () => (isAway = false),
  };
}

export interface MessagesApi extends StandIn {
  /** Requests that were answered or are being answered. */
  readonly requests: readonly string[];
  /** Responses whose reader went away before they were complete. */
  readonly brokenOff: number;
  answer(listener: RequestListener): void;
}

export async function startMessagesApi(): Promise<MessagesApi> {
  const requests: string[] = [];
  let brokenOff = 0;
  let answer: RequestListener = (_request, response) => sendMessage(response, aMessage());
  const standIn = await startServer(async (request, response) => {
    await buffer(request);
    requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
    response.on("close", () => {
      if (!response.writableFinished) brokenOff += 1;
    });
    response.setHeader("request-id", `req_${String(requests.length)}`);
    response.setHeader("anthropic-workspace-id", "wrkspc_1");
    answer(request, response);
  });
  return {
    ...standIn,
    requests,
    get brokenOff() {
      return brokenOff;
    },
    answer: (listener) => (answer = listener),
  };
}

export function sendMessage(response: ServerResponse, message: object): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(message));
}

export function sendError(response: ServerResponse, status: number): void {
  const error = { type: "error", error: { type: "api_error", message: "as told" } };
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(error));
}

/** Begins a stream and sends these events; the caller ends it, or does not. */
export function sendEvents(response: ServerResponse, events: readonly object[]): void {
  if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(eventStream(events));
}

export function eventStream(events: readonly object[]): string {
  return events
    .map((event) => {
      const { type } = event as { type: string };
      return `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
    })
    .join("");
}

let messages = 0;

export function aMessage(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  messages += 1;
  return {
    id: `msg_${String(messages)}`,
    type: "message",
    role: "assistant",
    model: "claude-opus-5-5",
    content: [{ type: "text", text: "It is four.", citations: null }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: {
      input_tokens: 100,
      cache_creation_input_tokens: 30,
      cache_read_input_tokens: 50,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      output_tokens: 7,
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 },
      service_tier: "standard",
      inference_geo: "us",
    },
    ...changes,
  };
}

/** A message as a stream: text, thinking and a tool call, input that grows on the way. */
export function aStream(changes: { readonly text?: string } = {}): readonly object[] {
  const { text = "It is four, I should think." } = changes;
  const { usage, ...message } = aMessage({ content: [], stop_reason: null });
  return [
    {
      type: "message_start",
      message: { ...message, usage: { ...(usage as object), output_tokens: 1 } },
    },
    {
      type: "content_block_start",
      index: 0,
      content_block: { type: "thinking", thinking: "", signature: "" },
    },
    {
      type: "content_block_delta",
      index: 0,
      delta: { type: "thinking_delta", thinking: "Two and two…" },
    },
    { type: "content_block_stop", index: 0 },
    {
      type: "content_block_start",
      index: 1,
      content_block: { type: "text", text: "", citations: null },
    },
    { type: "ping" },
    { type: "content_block_delta", index: 1, delta: { type: "text_delta", text } },
    { type: "content_block_stop", index: 1 },
    {
      type: "content_block_start",
      index: 2,
      content_block: { type: "tool_use", id: "toolu_1", name: "add", input: {} },
    },
    {
      type: "content_block_delta",
      index: 2,
      delta: { type: "input_json_delta", partial_json: '{"a":2}' },
    },
    { type: "content_block_stop", index: 2 },
    {
      type: "message_delta",
      delta: { stop_reason: "tool_use", stop_sequence: null },
      usage: {
        input_tokens: 140,
        cache_creation_input_tokens: null,
        cache_read_input_tokens: 60,
        output_tokens: 44,
        server_tool_use: { web_search_requests: 3, web_fetch_requests: 0 },
      },
    },
    { type: "message_stop" },
  ];
}

async function startServer(
  listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<StandIn> {
  const server: Server = createServer((request, response) => {
    listener(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(bound)}`,
    stop: async () => {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
