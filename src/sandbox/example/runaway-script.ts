/**
 * A script of Bo's that runs away while one watches: dozens of expensive requests within a few
 * seconds for one operation, enough to take his daily budget from nothing over its limit.
 */
import { setTimeout as wait } from "node:timers/promises";
import { addMs, type Instant } from "../../domain/time.ts";
import { newestModel } from "./models.ts";
import { type NativeEvent, nativeUsage } from "./native-event.ts";
import { chanceOf } from "./random.ts";
import { type SendOptions, type SendProgress, sendUsage } from "./send.ts";

const BURSTS = 6;
const REQUESTS_PER_BURST = 10;
const BETWEEN_BURSTS_MS = 500;

/** Sends the bursts one after the other; what was sent in all. */
export async function sendRunawayScript(
  options: Omit<SendOptions, "events" | "onProgress">,
): Promise<Pick<SendProgress, "accepted" | "rejected">> {
  const startedAt = options.clock();
  let accepted = 0;
  let rejected = 0;
  for (let burst = 0; burst < BURSTS; burst += 1) {
    const events = runawayBurst({ startedAt, now: options.clock(), burst });
    // oxlint-disable-next-line no-await-in-loop -- the point is that it goes on and on
    const sent = await sendUsage({ ...options, events });
    accepted += sent.accepted;
    rejected += sent.rejected;
    if (burst < BURSTS - 1) {
      // oxlint-disable-next-line no-await-in-loop -- see above
      await wait(BETWEEN_BURSTS_MS, undefined, optionalSignal(options.signal));
    }
  }
  return { accepted, rejected };
}

/** The events of every burst as if they had happened at once: what one click costs. */
export function runawayEvents(startedAt: Instant): NativeEvent[] {
  return Array.from({ length: BURSTS }, (_, burst) =>
    runawayBurst({ startedAt, now: startedAt, burst }),
  ).flat();
}

function runawayBurst(when: {
  readonly startedAt: Instant;
  readonly now: Instant;
  readonly burst: number;
}): NativeEvent[] {
  const run = when.startedAt.getTime().toString(36);
  const chance = chanceOf("runaway-script", run, String(when.burst));
  return Array.from({ length: REQUESTS_PER_BURST }, (_, index) => {
    const id = `req_runaway_${run}_${String(when.burst * REQUESTS_PER_BURST + index)}`;
    const at = addMs(when.now, index - REQUESTS_PER_BURST);
    return {
      event_id: id,
      request_id: id,
      occurred_at: at.toISOString(),
      provider: "anthropic",
      model: newestModel("opus", at),
      usage: nativeUsage({
        input: chance.whole({ min: 190_000, max: 220_000 }),
        output: chance.whole({ min: 10_000, max: 13_000 }),
      }),
      user_email: "bo@acme.test",
      project: "ranking",
      workspace_id: "wrkspc_claude_code",
      api_key_id: "apikey_bo_scripts",
      session_id: `runaway-${run}`,
      operation_id: `embed-${run}`,
      tags: { env: "dev", feature: "embed-everything" },
    };
  });
}

function optionalSignal(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
