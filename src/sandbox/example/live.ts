/**
 * Live traffic of the example: every few seconds what has become due since the last time, with a
 * trickle of tickets so that something moves at night as well; and the button that lets a script of
 * Bo's run away.
 */
import type { RequestListener } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { type Instant, instant } from "../../domain/time.ts";
import { appEvent, TRIAGE_APP } from "./apps.ts";
import { type ExampleStory, storyKeyOf } from "./calendar.ts";
import { inOrder } from "./episode.ts";
import type { NativeEvent } from "./native-event.ts";
import { chanceOf } from "./random.ts";
import { sendRunawayScript } from "./runaway-script.ts";
import { type SendOptions, sendUsage } from "./send.ts";
import { exampleUsage } from "./usage.ts";

const INTERVAL_MS = 3_000;
const TRICKLE_MS = 10_000;

export interface LiveTrafficOptions
  extends Pick<SendOptions, "url" | "secret" | "clock" | "onBatch"> {
  readonly story: ExampleStory;
  /** Up to where everything has been sent already. */
  readonly from: Instant;
  readonly intervalMs?: number;
  /** Hears of a round that failed; its events are sent with the next one. */
  readonly onProblem?: (problem: unknown) => void;
}

export interface LiveTraffic {
  /** Ends the traffic; nothing is on the way when it has resolved. */
  readonly stop: () => Promise<void>;
  /** Lets the script run away; while one runs, another call joins it. */
  readonly runawayScript: () => Promise<{ readonly accepted: number; readonly rejected: number }>;
}

export function startLiveTraffic(options: LiveTrafficOptions): LiveTraffic {
  const { story, url, secret, clock, onBatch, intervalMs = INTERVAL_MS, onProblem } = options;
  const stopping = new AbortController();
  const target = { url, secret, clock, onBatch, signal: stopping.signal };
  let sentUntil = options.from;
  let running: ReturnType<LiveTraffic["runawayScript"]> | undefined;

  const sendDue = async (): Promise<void> => {
    const window = { from: sentUntil, to: clock() };
    if (window.to <= window.from) return;
    const events = [...exampleUsage({ story, ...window }), ...trickleUsage({ story, ...window })];
    await sendUsage({ ...target, events: events.toSorted(inOrder) });
    sentUntil = window.to;
  };
  const sendRound = async (): Promise<void> => {
    try {
      await sendDue();
    } catch (error) {
      if (!stopping.signal.aborted) onProblem?.(error);
    }
  };
  const traffic = (async () => {
    while (!stopping.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- a round begins when the one before is done
      await sendRound();
      // oxlint-disable-next-line no-await-in-loop -- see above; only stopping ends it early
      await wait(intervalMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();

  return {
    stop: async () => {
      stopping.abort();
      await traffic;
      await running?.catch(() => undefined);
    },
    runawayScript: async () => {
      running ??= sendRunawayScript(target).finally(() => {
        running = undefined;
      });
      return await running;
    },
  };
}

/** A small ticket every ten seconds, day and night. Not part of the 90 days: it would drown them. */
export function trickleUsage(window: {
  readonly story: ExampleStory;
  readonly from: Instant;
  readonly to: Instant;
}): NativeEvent[] {
  const { story, from, to } = window;
  const storyKey = storyKeyOf(story);
  const events: NativeEvent[] = [];
  const first = Math.ceil(from.getTime() / TRICKLE_MS) * TRICKLE_MS;
  for (let ms = first; ms < to.getTime(); ms += TRICKLE_MS) {
    const id = `req_${storyKey}_ticket_${ms.toString(36)}`;
    const at = instant(ms);
    events.push({
      event_id: id,
      request_id: id,
      occurred_at: at.toISOString(),
      ...appEvent(TRIAGE_APP, at, chanceOf(story.seed, "ticket", String(ms))),
    });
  }
  return events;
}

/** The button: `POST` lets the script run away and answers when everything was sent. */
export function runawayListener(live: Pick<LiveTraffic, "runawayScript">): RequestListener {
  return (request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, {
        "content-type": "application/json",
        ...(status === 405 ? { allow: "POST" } : {}),
      });
      response.end(JSON.stringify(body));
    };
    request.resume();
    if (request.method !== "POST") {
      answer(405, { error: "Send a POST to let the script run away." });
      return;
    }
    void live
      .runawayScript()
      .then((sent) => answer(200, sent))
      .catch((error: unknown) =>
        answer(502, { error: error instanceof Error ? error.message : String(error) }),
      );
  };
}
