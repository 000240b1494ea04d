/**
 * One batch on its way to Claude Spend: signed, sent, sent again as long as that can help. Every
 * attempt has the same body and webhook-id; Claude Spend counts an event once however often it comes.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Webhook } from "standardwebhooks";
import type { RejectedEvent } from "./problems.ts";
import { isRecord, nameOf } from "./unknown-record.ts";

export interface Destination {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly now: () => Date;
  /** Undefined: `secret` is sent as a bearer token instead. */
  readonly webhook: Webhook | undefined;
  readonly secret: string;
}

export type DeliveryOutcome =
  | { readonly kind: "delivered"; readonly rejected: readonly RejectedEvent[] }
  | { readonly kind: "gave-up"; readonly why: string; readonly cause?: unknown }
  | { readonly kind: "refused"; readonly why: string };

export interface Delivery {
  /** Sends until it is delivered, refused, or `ATTEMPTS_MAX` is reached. Never rejects. */
  readonly send: (events: readonly string[]) => Promise<DeliveryOutcome>;
  /** Ends a wait that is our own idea, not the receiver's. */
  readonly hurry: () => void;
  /** Ends everything, now. */
  readonly stop: () => void;
}

/** With the waits between them some four minutes: a restart of Claude Spend, and then some. */
const ATTEMPTS_MAX = 12;
const RETRY_DELAY_MS = 500;
const RETRY_DELAY_MS_MAX = 60_000;
/** A receiver that asks for more is not coming back while this process lives. */
const RETRY_AFTER_MS_MAX = 300_000;
const ATTEMPT_TIMEOUT_MS = 15_000;
/** 408 and 425 say "again" as 429 does. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);
const ERROR_CHARS_MAX = 300;

interface Attempt {
  readonly outcome: DeliveryOutcome;
  readonly isRetryable: boolean;
  /** What the receiver asked for. */
  readonly retryAfterMs?: number | undefined;
}

export function createDelivery(destination: Destination): Delivery {
  const stopped = new AbortController();
  let hurried = new AbortController();

  const waitBeforeAttempt = async (attempts: number, asked: number | undefined): Promise<void> => {
    hurried = new AbortController();
    const own = Math.min(RETRY_DELAY_MS * 2 ** (attempts - 1), RETRY_DELAY_MS_MAX);
    // Half of it by chance, so that many processes don't come back in step.
    const ms = asked ?? own * (0.5 + Math.random() / 2);
    const signals = asked === undefined ? [stopped.signal, hurried.signal] : [stopped.signal];
    await sleep(ms, undefined, { ref: false, signal: AbortSignal.any(signals) }).catch(
      () => undefined,
    );
  };

  return {
    send: async (events) => {
      const body = `[${events.join(",")}]`;
      const id = `msg_${randomUUID()}`;
      for (let attempts = 1; ; attempts += 1) {
        const attempt = await attemptDelivery(destination, { body, id, stop: stopped.signal });
        const isLast = attempts >= ATTEMPTS_MAX || stopped.signal.aborted;
        if (!attempt.isRetryable || isLast) return attempt.outcome;
        await waitBeforeAttempt(attempts, attempt.retryAfterMs);
      }
    },
    hurry: () => hurried.abort(),
    stop: () => stopped.abort(),
  };
}

async function attemptDelivery(
  destination: Destination,
  { body, id, stop }: { readonly body: string; readonly id: string; readonly stop: AbortSignal },
): Promise<Attempt> {
  const at = destination.now();
  const authentication =
    destination.webhook === undefined
      ? { authorization: `Bearer ${destination.secret}` }
      : {
          "webhook-id": id,
          "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
          "webhook-signature": destination.webhook.sign(id, at, body),
        };
  try {
    const response = await destination.fetch(destination.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...authentication },
      body,
      redirect: "manual",
      signal: AbortSignal.any([stop, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]),
    });
    return attemptFrom(response, await response.text(), at);
  } catch (cause) {
    const why = "it can't be reached";
    return { outcome: { kind: "gave-up", why, cause }, isRetryable: true };
  }
}

function attemptFrom(response: Response, text: string, at: Date): Attempt {
  const answer = parsed(text);
  if (response.ok || (response.status === 422 && hasRejections(answer))) {
    const rejected = hasRejections(answer) ? answer.rejected.map(rejectedEventFrom) : [];
    return { outcome: { kind: "delivered", rejected }, isRetryable: false };
  }
  const said = isRecord(answer) && isRecord(answer["error"]) ? answer["error"]["message"] : "";
  const why = `it answers ${String(response.status)} ${typeof said === "string" ? said : ""}`
    .slice(0, ERROR_CHARS_MAX)
    .trim();
  if (response.status < 500 && !RETRYABLE_STATUSES.has(response.status)) {
    return { outcome: { kind: "refused", why }, isRetryable: false };
  }
  return {
    outcome: { kind: "gave-up", why },
    isRetryable: true,
    retryAfterMs: retryAfterMs(response.headers.get("retry-after"), at),
  };
}

/** Seconds or an HTTP date; undefined for neither. */
function retryAfterMs(header: string | null, now: Date): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - now.getTime() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX);
}

function hasRejections(answer: unknown): answer is { readonly rejected: readonly unknown[] } {
  return isRecord(answer) && Array.isArray(answer["rejected"]);
}

function rejectedEventFrom(rejection: unknown): RejectedEvent {
  const { event_id, code, message } = isRecord(rejection) ? rejection : {};
  return {
    eventId: nameOf(event_id),
    code: nameOf(code) ?? "unknown",
    message: typeof message === "string" ? message.slice(0, ERROR_CHARS_MAX) : "",
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
