/** The way in where nobody is an admin yet: the code that only whoever runs the bot can read. */
import type { Logger } from "pino";
import type { Clock } from "../domain/time.ts";
import { makeSetUpCode } from "../features/onboarding/index.ts";
import type { Database } from "../store/database.ts";

/** Prints it in the log, at each start until there is an admin. */
export async function announceSetUp(deps: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}): Promise<void> {
  const typed = await makeSetUpCode(deps);
  if (typed === undefined) return;
  deps.log.warn(
    { work: "set-up", type_in_slack: `/claude-spend setup ${typed}` },
    "nobody is an admin yet",
  );
}
