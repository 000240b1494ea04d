/** Owners in Slack: `/claude-spend unallocated`, for admins. */
import type { SlackListeners } from "../../slack/listener.ts";
import { reportForAdmin } from "./flow.ts";
import { NOT_ADMIN_ANSWER, unallocatedMessage } from "./messages.ts";

export function ownersListeners(deps: Parameters<typeof reportForAdmin>[0]): SlackListeners {
  return {
    subcommands: [
      {
        name: "unallocated",
        usage: "unallocated",
        description:
          "What belongs to no team, and which rules would catch it: for admins and finance",
        run: async ({ actor, respond }) => {
          const report =
            actor.email === undefined ? undefined : await reportForAdmin(deps, actor.email);
          await respond(report === undefined ? NOT_ADMIN_ANSWER : unallocatedMessage(report));
        },
      },
    ],
  };
}
