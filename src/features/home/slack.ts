/**
 * App Home: what waits for this person's decision, what an admin must see to, then their own spend
 * and their teams'.
 */
import type { Email } from "../../domain/email.ts";
import type { Clock } from "../../domain/time.ts";
import type { SlackListeners } from "../../slack/listener.ts";
import type { Database } from "../../store/database.ts";
import { homeAlertBlocks, listClosedFor } from "../alerts/index.ts";
import { approvalCardBlocks, listOpenApprovals } from "../approvals/index.ts";
import { listRecentRejected, rejectedBlocks } from "../ingest/index.ts";
import { findPerson } from "../organization/index.ts";
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
        const [own, requests, dead, rejected] = await Promise.all([
          loadOwnSpend(deps, email),
          listOpenApprovals(deps.database, { approver: email }),
          listClosedFor(deps.database, email),
          loadRejected(deps, email),
        ]);
        await web.publishHome(
          slackUserId,
          homeView({
            requests: requests.map((approval) =>
              approvalCardBlocks({ ...approval, viewer: email }),
            ),
            rejected: rejectedBlocks(rejected),
            ownSpend: ownSpendBlocks(own),
            settings: homeAlertBlocks({ dead }),
          }),
        );
      },
    },
  };
}

/** What could not be recorded concerns everybody's money: for admins. */
async function loadRejected(
  deps: Deps,
  email: Email,
): Promise<Awaited<ReturnType<typeof listRecentRejected>>> {
  const { isAdmin } = await findPerson(deps, email);
  return isAdmin ? await listRecentRejected(deps) : [];
}
