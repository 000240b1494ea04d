/**
 * Socket Mode: the WebSocket over which a bot without a public address gets its deliveries. Each
 * ticket of `apps.connections.open` admits one connection; each envelope waits for its ack.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { type Delivery, failed, type Reply, replyOfAck } from "./delivery.ts";
import { isJsonObject, parseJson } from "./json.ts";
import { newSecret } from "./state.ts";

const SOCKET_PATH = "/sandbox/slack/socket";
const CONNECTIONS_MAX = 10;
/** Bolt's client gives a connection up that sends no ping for 30 s. */
const PING_INTERVAL_MS = 10_000;
/** The WebSocket status of a server that stops. */
const GOING_AWAY = 1001;
const CLOSE_PATIENCE_MS = 250;

export interface SocketMode {
  /** The address of a new connection; undefined when ten are open already. */
  readonly newUrl: (baseUrl: string) => string | undefined;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly isConnected: () => boolean;
  readonly deliver: (delivery: Delivery, timeoutMs: number) => Promise<Reply>;
  /** Asks every client to connect anew, as Slack does every few hours. */
  readonly refresh: () => void;
  readonly close: () => void;
}

export function createSocketMode(appId: string): SocketMode {
  const server = new WebSocketServer({ noServer: true });
  const tickets = new Set<string>();
  const waiting = new Map<string, (reply: Reply) => void>();
  const ping = setInterval(() => {
    for (const client of server.clients) client.ping();
  }, PING_INTERVAL_MS);
  ping.unref();

  const admit = (client: WebSocket) => {
    client.on("error", () => {
      client.terminate();
    });
    client.on("message", (raw: Buffer) => {
      const ack = parseJson(raw.toString("utf8"));
      if (!isJsonObject(ack) || typeof ack["envelope_id"] !== "string") return;
      waiting.get(ack["envelope_id"])?.(replyOfAck(ack["payload"]));
    });
    send(client, hello(appId, server.clients.size));
  };

  return {
    newUrl: (baseUrl) => {
      if (server.clients.size >= CONNECTIONS_MAX) return undefined;
      const ticket = newSecret();
      tickets.add(ticket);
      return `${baseUrl.replace(/^http/, "ws")}${SOCKET_PATH}?ticket=${ticket}&app_id=${appId}`;
    },
    upgrade: (request, socket, head) => {
      const ticket = new URL(request.url ?? "", "http://sandbox").searchParams.get("ticket") ?? "";
      if (!tickets.delete(ticket)) {
        socket.end("HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n");
        return;
      }
      server.handleUpgrade(request, socket, head, admit);
    },
    isConnected: () => server.clients.size > 0,
    deliver: async (delivery, timeoutMs) => {
      const client = [...server.clients].at(-1);
      if (client === undefined) return failed("connection_failed");
      return await new Promise<Reply>((resolve) => {
        const envelopeId = randomUUID();
        const settle = (reply: Reply) => {
          clearTimeout(timer);
          waiting.delete(envelopeId);
          resolve(reply);
        };
        const timer = setTimeout(() => {
          settle(failed("http_timeout"));
        }, timeoutMs);
        waiting.set(envelopeId, settle);
        send(client, envelope(envelopeId, delivery));
      });
    },
    refresh: () => {
      for (const client of server.clients) {
        send(client, { type: "disconnect", reason: "refresh_requested", debug_info: {} });
      }
    },
    close: () => {
      clearInterval(ping);
      for (const client of server.clients) sayGoodbye(client);
      for (const settle of waiting.values()) settle(failed("connection_failed"));
      server.close();
    },
  };
}

function hello(appId: string, connections: number) {
  return {
    type: "hello",
    num_connections: connections,
    connection_info: { app_id: appId },
    debug_info: { host: "sandbox", approximate_connection_time: 18_060 },
  };
}

function envelope(envelopeId: string, { kind, payload, retry }: Delivery) {
  return {
    envelope_id: envelopeId,
    type: kind,
    payload,
    accepts_response_payload: kind !== "events_api",
    ...(retry === undefined
      ? {}
      : { retry_attempt: retry.attempt, retry_reason: retry.reason.replace("http_", "") }),
  };
}

/** A client that does not answer the closing handshake is cut off. */
function sayGoodbye(client: WebSocket): void {
  client.close(GOING_AWAY);
  setTimeout(() => {
    client.terminate();
  }, CLOSE_PATIENCE_MS).unref();
}

function send(client: WebSocket, message: unknown): void {
  client.send(JSON.stringify(message));
}
