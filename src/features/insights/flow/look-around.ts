/** Every look for something unusual, each in a transaction of its own. */
import type { Clock } from "../../../domain/time.ts";
import { runAll } from "../../../jobs/run-all.ts";
import type { Database, Sql } from "../../../store/database.ts";
import { type LookDeps, type LookResult, look } from "./look.ts";
import { lookForLoops } from "./loops.ts";
import { lookAtSessions } from "./sessions.ts";
import { lookForSilences } from "./silences.ts";
import { lookForSpikes } from "./spikes.ts";
import { lookForUnknownModels } from "./unknown-models.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log?: { info(fields: Readonly<Record<string, unknown>>, message: string): void };
}

/** The most telling first: what a loop explains is not told as a spike again. */
const LOOKS: Readonly<Record<string, (sql: Sql, deps: LookDeps) => Promise<LookResult>>> = {
  loops: lookForLoops,
  spikes: lookForSpikes,
  sessions: lookAtSessions,
  unknown_models: lookForUnknownModels,
  silences: lookForSilences,
};

/** Done every minute by a worker; several at once do no harm. One that fails does not stop others. */
export async function lookAround({ database, clock, log }: Deps): Promise<void> {
  await runAll(
    Object.entries(LOOKS).map(([name, find]) => async () => {
      const startedAt = clock();
      const { examined, found } = await look({ database, clock }, name, find);
      if (found === 0) return;
      log?.info(
        {
          work: "insight_look",
          outcome: "done",
          look: name,
          examined,
          found,
          duration_ms: clock().getTime() - startedAt.getTime(),
        },
        "looked for what is unusual",
      );
    }),
  );
}
