/**
 * Deliveries from Slack to the bot: signed HTTP requests or Socket Mode envelopes, each to be
 * answered within three seconds. What is delivered is `payloads.ts`; what an answer means is up to
 * who asked.
 */
import { createHmac } from "node:crypto";
import { request } from "node:http";
import { type Json, parseJson } from "./json.ts";
import type { DispatchError } from "./protocol.ts";

type DeliveryKind = "slash_commands" | "interactive" | "events_api";

export interface Delivery {
  readonly kind: DeliveryKind;
  readonly payload: Json;
  /** For the second and later attempts of an event. */
  readonly retry?: { readonly attempt: number; readonly reason: string };
}

export type Reply =
  /** `body` is JSON, a text, or undefined for an empty answer. */
  | { readonly ok: true; readonly body: unknown }
  | {
      readonly ok: false;
      readonly error: DispatchError;
      /** As in `x-slack-retry-reason`. */
      readonly reason: "http_timeout" | "http_error" | "connection_failed";
      readonly shouldRetry: boolean;
    };

export type Deliver = (delivery: Delivery) => Promise<Reply>;

export interface HttpTarget {
  readonly url: string;
  readonly signingSecret: string;
  readonly timeoutMs: number;
  readonly now: () => number;
}

/** The `v0` signature of a request from Slack. */
function signature(signingSecret: string, timestamp: string, body: string): string {
  return `v0=${createHmac("sha256", signingSecret).update(`v0:${timestamp}:${body}`).digest("hex")}`;
}

/** Posts one delivery to the bot's request URL, in the form that Slack uses for its kind. */
export async function deliverByHttp(target: HttpTarget, delivery: Delivery): Promise<Reply> {
  const body = httpBody(delivery);
  const timestamp = String(Math.floor(target.now() / 1000));
  const isEvent = delivery.kind === "events_api";
  const headers = {
    // Bolt compares this header as a whole, and so does Slack send it: without a charset.
    "content-type": isEvent ? "application/json" : "application/x-www-form-urlencoded",
    "content-length": String(Buffer.byteLength(body)),
    "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
    "x-slack-request-timestamp": timestamp,
    "x-slack-signature": signature(target.signingSecret, timestamp, body),
    ...(delivery.retry === undefined
      ? {}
      : {
          "x-slack-retry-num": String(delivery.retry.attempt),
          "x-slack-retry-reason": delivery.retry.reason,
        }),
  };
  const answer = await post({ url: target.url, headers, body, timeoutMs: target.timeoutMs });
  return answer.kind === "answer" ? replyOf(answer) : failed(answer.kind);
}

function httpBody({ kind, payload }: Delivery): string {
  switch (kind) {
    case "events_api":
      return JSON.stringify(payload);
    case "interactive":
      return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    case "slash_commands":
      return new URLSearchParams(
        Object.entries(payload).map(([name, value]): [string, string] => [name, String(value)]),
      ).toString();
  }
}

/** The answer to a Socket Mode envelope, or its absence, as a reply. */
export function replyOfAck(payload: unknown): Reply {
  return { ok: true, body: payload };
}

export function failed(reason: "http_timeout" | "connection_failed"): Reply {
  const error = reason === "http_timeout" ? "operation_timeout" : "dispatch_failed";
  return { ok: false, error, reason, shouldRetry: true };
}

interface HttpAnswer {
  readonly kind: "answer";
  readonly status: number;
  readonly contentType: string;
  readonly noRetry: boolean;
  readonly text: string;
}

function replyOf({ status, contentType, noRetry, text }: HttpAnswer): Reply {
  if (status < 200 || status > 299) {
    return { ok: false, error: "dispatch_failed", reason: "http_error", shouldRetry: !noRetry };
  }
  if (text === "") return { ok: true, body: undefined };
  if (!contentType.startsWith("application/json")) return { ok: true, body: text };
  const body = parseJson(text);
  return body === undefined
    ? { ok: false, error: "dispatch_unknown_error", reason: "http_error", shouldRetry: !noRetry }
    : { ok: true, body };
}

type Posted =
  | HttpAnswer
  | { readonly kind: "http_timeout" }
  | { readonly kind: "connection_failed" };

/** One POST without keep-alive, so that a stopped bot has no connection left to wait for. */
async function post(options: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}): Promise<Posted> {
  return await new Promise((resolve) => {
    const signal = AbortSignal.timeout(options.timeoutMs);
    const fail = () => {
      resolve({ kind: signal.aborted ? "http_timeout" : "connection_failed" });
    };
    const { headers } = options;
    const outgoing = request(options.url, { method: "POST", headers, signal, agent: false });
    outgoing.on("error", fail);
    outgoing.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        resolve({
          kind: "answer",
          status: response.statusCode ?? 0,
          contentType: response.headers["content-type"] ?? "",
          noRetry: response.headers["x-slack-no-retry"] === "1",
          text: Buffer.concat(chunks).toString("utf8"),
        });
      });
    });
    outgoing.end(options.body);
  });
}
