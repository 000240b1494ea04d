/** App Home as Slack opens it. What it shows is flow.ts. */
import type { Clock } from "../../domain/time.ts";
import type { SlackListeners } from "../../slack/listener.ts";
import type { Database } from "../../store/database.ts";
import { showHome } from "./flow.ts";
import { unknownPersonHome } from "./messages.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

export function homeListeners(deps: Deps): SlackListeners {
  return {
    home: {
      run: async ({ actor, web }) => {
        const { email, slackUserId } = actor;
        if (email === undefined) {
          await web.publishHome(slackUserId, unknownPersonHome());
          return;
        }
        await showHome(deps, { web, email, slackUserId });
      },
    },
  };
}
