/** App Home: what waits for this person's decision, then their own spend and their teams'. */
import type { Clock } from "../../domain/time.ts";
import type { SlackListeners } from "../../slack/listener.ts";
import type { Database } from "../../store/database.ts";
import { approvalCardBlocks, listOpenApprovals } from "../approvals/index.ts";
import { loadOwnSpend, ownSpendBlocks } from "../showback/index.ts";
import { homeView, unknownPersonHome } from "./messages.ts";

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
        const [own, requests] = await Promise.all([
          loadOwnSpend(deps, email),
          listOpenApprovals(deps.database, { approver: email }),
        ]);
        await web.publishHome(
          slackUserId,
          homeView({
            requests: requests.map((approval) =>
              approvalCardBlocks({ ...approval, viewer: email }),
            ),
            ownSpend: ownSpendBlocks(own),
          }),
        );
      },
    },
  };
}
