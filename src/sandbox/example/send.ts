/**
 * Sends usage events the way an app is told to: signed batches to `POST /v1/usage`, several on the
 * way at once, repeated while the server is away. Knows nothing of where the events come from.
 */
import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { type Clock, instant } from "../../domain/time.ts";
import type { NativeEvent, VoidEvent } from "./native-event.ts";

export interface SendProgress {
  /** Events that the server has answered for. */
  readonly sent: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** What the server had against the first event that it refused. */
  readonly firstRejection: string | undefined;
}

export interface SendOptions {
  /** Where the bot takes usage events: "http://127.0.0.1:3000/v1/usage". */
  readonly url: string;
  /** `whsec_…` */
  readonly secret: string;
  /** Signatures carry a time, and the server refuses old ones. */
  readonly clock: Clock;
  readonly events: Iterable<NativeEvent | VoidEvent>;
  readonly onProgress?: (progress: SendProgress) => void;
  /** Hears of the usage of each batch before it is sent for the first time. */
  readonly onBatch?: ((events: readonly NativeEvent[]) => void) | undefined;
  readonly concurrency?: number;
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

const CONCURRENCY = 3;
const BATCH_SIZE = 500;
/** About a minute with the waits below: a server that restarts is back by then. */
const ATTEMPTS_MAX = 10;
const WAIT_FIRST_MS = 250;
const WAIT_MAX_MS = 10_000;
/** A batch takes well under a second; a server that hangs this long will not answer. */
const REQUEST_TIMEOUT_MS = 30_000;
const ANSWER_CHARS_SHOWN = 500;

const NOTHING_SENT: SendProgress = {
  sent: 0,
  accepted: 0,
  duplicates: 0,
  rejected: 0,
  firstRejection: undefined,
};

/**
 * Sends all events and says what became of them. Batches leave in the order of the events. A batch
 * that meets no server or a busy one is sent again under the same id; any other answer than 202
 * throws, with what the server said, and nothing more is sent.
 */
export async function sendUsage(options: SendOptions): Promise<SendProgress> {
  const failed = new AbortController();
  const signal =
    options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  const batches = batchesOf(options.events, options.batchSize ?? BATCH_SIZE);
  let progress = NOTHING_SENT;

  const sendBatches = async (): Promise<void> => {
    for (let next = batches.next(); next.done !== true; next = batches.next()) {
      signal.throwIfAborted();
      const batch = next.value;
      options.onBatch?.(batch.filter((event) => "usage" in event));
      // oxlint-disable-next-line no-await-in-loop -- each of a few senders has one batch on the way
      const answer = await sendBatch(options, batch, signal);
      progress = {
        sent: progress.sent + batch.length,
        accepted: progress.accepted + answer.accepted,
        duplicates: progress.duplicates + answer.duplicates,
        rejected: progress.rejected + answer.rejected.length,
        firstRejection: progress.firstRejection ?? answer.rejected[0]?.message,
      };
      options.onProgress?.(progress);
    }
  };
  try {
    await Promise.all(
      Array.from({ length: options.concurrency ?? CONCURRENCY }, async () => {
        await sendBatches();
      }),
    );
  } finally {
    // The first failure ends the other senders: nobody reads their answers any more.
    failed.abort();
  }
  return progress;
}

function* batchesOf(
  events: Iterable<NativeEvent | VoidEvent>,
  size: number,
): Generator<readonly (NativeEvent | VoidEvent)[], undefined, undefined> {
  let batch: (NativeEvent | VoidEvent)[] = [];
  for (const event of events) {
    batch.push(event);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
  return undefined;
}

const ANSWER = z.object({
  accepted: z.number(),
  duplicates: z.number(),
  rejected: z.array(z.object({ message: z.string() })),
});
type Answer = z.infer<typeof ANSWER>;

async function sendBatch(
  options: SendOptions,
  batch: readonly (NativeEvent | VoidEvent)[],
  signal: AbortSignal,
): Promise<Answer> {
  const body = JSON.stringify(batch);
  // The same batch has the same id, however often it is sent.
  const messageId = `msg_${createHash("sha256").update(body).digest("hex").slice(0, 32)}`;
  for (let attempt = 1; ; attempt += 1) {
    // oxlint-disable-next-line no-await-in-loop -- an attempt follows the one that failed
    const outcome = await attemptBatch(options, { body, messageId, signal });
    if (outcome.kind === "answered") return outcome.answer;
    if (attempt === ATTEMPTS_MAX) {
      throw new AppError({
        code: "unavailable",
        retryable: true,
        message: `${options.url} did not take usage events after ${String(attempt)} attempts: ${outcome.problem}`,
        cause: outcome.cause,
      });
    }
    const backOffMs = Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * 2 ** (attempt - 1));
    // oxlint-disable-next-line no-await-in-loop -- see above
    await wait(outcome.retryAfterMs ?? backOffMs, undefined, { signal });
  }
}

type Attempt =
  | { readonly kind: "answered"; readonly answer: Answer }
  | {
      readonly kind: "again";
      readonly problem: string;
      readonly cause?: unknown;
      readonly retryAfterMs?: number;
    };

async function attemptBatch(
  { url, secret, clock }: SendOptions,
  request: {
    readonly body: string;
    readonly messageId: string;
    readonly signal: AbortSignal;
  },
): Promise<Attempt> {
  const { body, messageId, signal } = request;
  const now = clock();
  let status: number;
  let text: string;
  let retryAfter: string | null;
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      headers: {
        "content-type": "application/json",
        "webhook-id": messageId,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
        "webhook-signature": new Webhook(secret).sign(messageId, instant(now), body),
      },
      body,
    });
    status = response.status;
    retryAfter = response.headers.get("retry-after");
    text = await response.text();
  } catch (error) {
    signal.throwIfAborted();
    const problem = error instanceof Error ? error.message : String(error);
    return { kind: "again", problem, cause: error };
  }

  if (status === 202) return { kind: "answered", answer: ANSWER.parse(JSON.parse(text)) };
  const said = `${String(status)} ${text.slice(0, ANSWER_CHARS_SHOWN)}`;
  if (status === 429 || (status >= 502 && status <= 504)) {
    const seconds = /^\d{1,3}$/.test(retryAfter ?? "") ? Number(retryAfter) : undefined;
    return {
      kind: "again",
      problem: said,
      ...(seconds === undefined ? {} : { retryAfterMs: Math.min(seconds * 1000, WAIT_MAX_MS) }),
    };
  }
  throw new AppError({
    code: status === 401 ? "unauthorized" : status < 500 ? "invalid" : "internal",
    message: `${url} answered usage events with ${said}`,
  });
}
