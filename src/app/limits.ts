/** Which systems that keep limits this installation speaks to, by its settings. */
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import { type AdminReader, REQUESTS_PER_MINUTE } from "../anthropic/read.ts";
import { addMs, type Clock } from "../domain/time.ts";
import {
  type IncreaseDesk,
  increaseDesk,
  type LimitKeepers,
  litellmKeeper,
  spendLimitKeeper,
} from "../features/limits/index.ts";
import type { Database } from "../store/database.ts";
import { blockRequests, takeRequest } from "../store/request-budget.ts";
import type { Config } from "./config.ts";

export interface LimitSettings {
  readonly keepers: LimitKeepers;
  /** Undefined: no Claude Enterprise organization. */
  readonly desk: IncreaseDesk | undefined;
}

interface Surroundings {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when the program stops. */
  readonly signal: AbortSignal;
}

/** Two budgets of requests: Anthropic's is shared with the reading of its reports. */
export function limitSettings(
  config: Pick<
    Config,
    | "ANTHROPIC_ADMIN_KEY"
    | "ANTHROPIC_BASE_URL"
    | "ANTHROPIC_ORG_KIND"
    | "LITELLM_BASE_URL"
    | "LITELLM_MASTER_KEY"
    | "CLAUDE_GATEWAY_URL"
    | "CLAUDE_GATEWAY_KEY"
  >,
  surroundings: Surroundings,
): LimitSettings {
  const adminKey = config.ANTHROPIC_ADMIN_KEY?.reveal();
  const anthropic =
    adminKey === undefined
      ? undefined
      : readerOf(surroundings, {
          budget: "anthropic-admin",
          access: { key: adminKey, baseUrl: config.ANTHROPIC_BASE_URL },
        });
  const gatewayKey = config.CLAUDE_GATEWAY_KEY?.reveal();
  const gateway =
    gatewayKey === undefined || config.CLAUDE_GATEWAY_URL === undefined
      ? undefined
      : readerOf(surroundings, {
          budget: "claude-gateway",
          access: { key: gatewayKey, baseUrl: config.CLAUDE_GATEWAY_URL },
        });
  const litellmKey = config.LITELLM_MASTER_KEY?.reveal();
  const { signal } = surroundings;
  return {
    keepers: {
      ...(anthropic === undefined ? {} : { anthropic: spendLimitKeeper(anthropic, "anthropic") }),
      ...(gateway === undefined ? {} : { gateway: spendLimitKeeper(gateway, "gateway") }),
      ...(litellmKey === undefined || config.LITELLM_BASE_URL === undefined
        ? {}
        : {
            litellm: litellmKeeper({ baseUrl: config.LITELLM_BASE_URL, key: litellmKey, signal }),
          }),
    },
    desk:
      anthropic === undefined || config.ANTHROPIC_ORG_KIND !== "enterprise"
        ? undefined
        : increaseDesk(anthropic),
  };
}

function readerOf(
  { database, clock, log, signal }: Surroundings,
  { budget, access }: { readonly budget: string; readonly access: AdminReader["access"] },
): AdminReader {
  const pause = async (ms: number): Promise<void> => {
    await wait(ms, undefined, { signal });
  };
  return {
    access,
    signal,
    wait: pause,
    takeTurn: async () => {
      for (;;) {
        signal.throwIfAborted();
        const asked = { budget, perMinute: REQUESTS_PER_MINUTE, now: clock() };
        // oxlint-disable-next-line no-await-in-loop -- asks again until it is our turn
        const turn = await takeRequest(database, asked);
        if (turn.kind === "taken") return;
        log.debug({ budget, wait_ms: turn.ms }, "waiting for a turn");
        // oxlint-disable-next-line no-await-in-loop -- see above
        await pause(turn.ms);
      }
    },
    holdBack: async (ms) => {
      await blockRequests(database, { budget, until: addMs(clock(), ms) });
    },
  };
}
