/** Deliveries of the Events API: taken with a 2xx, or tried again up to three times. */
import type { Deliver } from "./delivery.ts";
import type { Json } from "./json.ts";

/** At once, after a minute, after five minutes. */
const EVENT_RETRY_DELAYS_MS: readonly number[] = [0, 60_000, 300_000];

export interface EventSender {
  /** Settles after the first attempt; later ones follow on their own. */
  readonly send: (payload: Json) => Promise<void>;
  /** Gives up on all that is still to be tried again. */
  readonly close: () => void;
}

export function createEventSender(
  deliver: Deliver,
  retryDelaysMs: readonly number[] = EVENT_RETRY_DELAYS_MS,
): EventSender {
  const timers = new Set<NodeJS.Timeout>();
  let isClosed = false;

  const attempt = async (
    payload: Json,
    retry?: { readonly attempt: number; readonly reason: string },
  ): Promise<void> => {
    const reply = await deliver({
      kind: "events_api",
      payload,
      ...(retry === undefined ? {} : { retry }),
    });
    const next = (retry?.attempt ?? 0) + 1;
    const delayMs = retryDelaysMs[next - 1];
    if (reply.ok || !reply.shouldRetry || delayMs === undefined || isClosed) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void attempt(payload, { attempt: next, reason: reply.reason });
    }, delayMs);
    timer.unref();
    timers.add(timer);
  };

  return {
    send: async (payload) => {
      await attempt(payload);
    },
    close: () => {
      isClosed = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
