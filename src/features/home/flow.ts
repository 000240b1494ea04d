/** What one person's Home shows, when it is opened and when something on it has changed. */
import type { Logger } from "pino";
import type { Email } from "../../domain/email.ts";
import { addMs, type Clock, HOUR_MS } from "../../domain/time.ts";
import { actions, button } from "../../slack/blocks.ts";
import type { SlackWeb } from "../../slack/web.ts";
import type { Database } from "../../store/database.ts";
import { approvalCardBlocks, listOpenApprovals } from "../approvals/index.ts";
import { listRecentRejected, rejectedBlocks } from "../ingest/index.ts";
import { findPerson } from "../organization/index.ts";
import { PREFERENCES_ACTION } from "../preferences/index.ts";
import { loadOwnSpend, ownSpendBlocks } from "../showback/index.ts";
import { homeView } from "./messages.ts";
import { listVisitors, upsertVisit } from "./store.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Shows a Home that was opened, and remembers that it may be open from now on. */
export async function showHome(deps: Deps, home: OpenHome): Promise<void> {
  const { slackUserId, email } = home;
  await upsertVisit(deps.database, { slackUserId, email, at: deps.clock() });
  await publish(deps, home);
}

interface OpenHome {
  readonly web: Pick<SlackWeb, "publishHome">;
  readonly email: Email;
  readonly slackUserId: string;
}

/** Whoever opened Home longer ago has other things on the screen. */
const OPEN_MS_MAX = 8 * HOUR_MS;

/**
 * Brings the Homes of these people up to date where they may be open. In the background, one at a
 * time, each person once however many changes come meanwhile; a Home that can't be reached now is
 * up to date when it is opened again.
 */
export function createHomeRefresher(
  deps: Deps & { readonly web: Pick<SlackWeb, "publishHome">; readonly log: Logger },
): (people: readonly Email[]) => void {
  const waiting = new Set<Email>();
  let isRunning = false;
  const run = async (): Promise<void> => {
    for (let [email] = waiting; email !== undefined; [email] = waiting) {
      waiting.delete(email);
      try {
        const since = addMs(deps.clock(), -OPEN_MS_MAX);
        // oxlint-disable no-await-in-loop -- one at a time, so that clicks come first
        for (const slackUserId of await listVisitors(deps.database, { email, since })) {
          await publish(deps, { web: deps.web, email, slackUserId });
        }
        // oxlint-enable no-await-in-loop
      } catch (err) {
        deps.log.warn({ work: "home refresh", outcome: "failed", err }, "home not refreshed");
      }
    }
    isRunning = false;
  };
  return (people) => {
    for (const email of people) waiting.add(email);
    if (isRunning) return;
    isRunning = true;
    void run();
  };
}

async function publish(deps: Deps, { web, email, slackUserId }: OpenHome): Promise<void> {
  const [own, requests, rejected] = await Promise.all([
    loadOwnSpend(deps, email),
    listOpenApprovals(deps.database, { approver: email }),
    loadRejected(deps, email),
  ]);
  await web.publishHome(
    slackUserId,
    homeView({
      requests: requests.map((approval) => approvalCardBlocks({ ...approval, viewer: email })),
      rejected: rejectedBlocks(rejected),
      ownSpend: ownSpendBlocks(own),
      settings: [
        actions([button({ actionId: PREFERENCES_ACTION, text: "Preferences", value: "home" })]),
      ],
    }),
  );
}

/** What could not be recorded concerns everybody's money: for admins. */
async function loadRejected(
  deps: Deps,
  email: Email,
): Promise<Awaited<ReturnType<typeof listRecentRejected>>> {
  const { isAdmin } = await findPerson(deps, email);
  return isAdmin ? await listRecentRejected(deps) : [];
}
