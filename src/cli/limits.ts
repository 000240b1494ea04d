/** `claude-spend limits`: what stands in other systems, and trying again what failed there. */

import type { Clock } from "../domain/time.ts";
import { listPushes, retryPush } from "../features/limits/index.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

export function defineLimitCommands(define: DefineCommand, { env, clock }: Surroundings): void {
  define("list", "Changes of limits in other systems, and how they stand.", async () => {
    const pushes = await withDatabase(env, async (database) => {
      await migrate(database);
      return await listPushes(database);
    });
    return {
      text:
        pushes.length === 0
          ? "No raise is pushed anywhere. docs/limits.md says how."
          : pushes
              .map(
                ({ pushId, text, detail }) =>
                  `${pushId}  ${text}${detail === undefined ? "" : `\n    ${detail}`}`,
              )
              .join("\n"),
      json: { pushes },
    };
  });

  define(
    "retry",
    "Try a failed change again, taking what stands there now as where to begin.",
    async (pushId) => {
      const isRetried = await withDatabase(env, async (database) => {
        await migrate(database);
        return await retryPush({ database, clock }, pushId);
      });
      return isRetried
        ? { text: "It is tried again within seconds.", json: { retried: pushId } }
        : {
            text: "No failed change has that id. `claude-spend limits list` shows all.",
            json: { retried: null },
            isFailed: true,
          };
    },
  ).argument("<id>", "as `claude-spend limits list` shows it");
}
