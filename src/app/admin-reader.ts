/** Questions to an Admin API that share one budget of requests with everybody, until a signal. */
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import { type AdminReader, REQUESTS_PER_MINUTE } from "../anthropic/read.ts";
import { addMs, type Clock } from "../domain/time.ts";
import { organizationGuard } from "../store/anthropic-organization.ts";
import type { Database } from "../store/database.ts";
import { blockRequests, takeRequest } from "../store/request-budget.ts";

export interface ReaderSurroundings {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when the program stops. */
  readonly signal: AbortSignal;
}

/** `budget` names whose requests are counted together: "anthropic-admin". */
export function adminReader(
  { database, clock, log, signal }: ReaderSurroundings,
  { budget, access }: { readonly budget: string; readonly access: AdminReader["access"] },
): AdminReader {
  const pause = async (ms: number): Promise<void> => {
    await wait(ms, undefined, { signal });
  };
  return {
    access,
    requireOrganization: organizationGuard(database, clock),
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
