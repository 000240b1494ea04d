/** What the buttons of a digest show, to whoever clicks: as much as that person may see. */
import type { Email } from "../../../domain/email.ts";
import { addMs, type Clock, DAY_MS } from "../../../domain/time.ts";
import type { SlackMessage } from "../../../slack/blocks.ts";
import type { Database } from "../../../store/database.ts";
import { approvalCardBlocks, listOpenApprovals } from "../../approvals/index.ts";
import { listRecentRejected, rejectedBlocks } from "../../ingest/index.ts";
import { findPerson, seesEverything } from "../../organization/index.ts";
import { loadReconciliation } from "../../reconciliation/index.ts";
import {
  differencesMessage,
  NOT_FOR_YOU_ANSWER,
  rejectedMessage,
  requestsMessage,
} from "../messages/look.ts";

export interface LookDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** The cards that wait for this person's voice. */
export async function lookAtRequests({ database }: LookDeps, viewer: Email): Promise<SlackMessage> {
  const open = await listOpenApprovals(database, { approver: viewer });
  return requestsMessage(open.map((approval) => approvalCardBlocks({ ...approval, viewer })));
}

/** What could not be recorded, for who sees everything. */
export async function lookAtRejected(deps: LookDeps, viewer: Email): Promise<SlackMessage> {
  if (!(await maySeeTrouble(deps, viewer))) return NOT_FOR_YOU_ANSWER;
  return rejectedMessage(rejectedBlocks(await listRecentRejected(deps)));
}

/** As far back as the longest digest tells. */
const DIFFERENCES_DAYS = 62;

/** Days whose bill differs from our total, for who sees everything. */
export async function lookAtDifferences(deps: LookDeps, viewer: Email): Promise<SlackMessage> {
  if (!(await maySeeTrouble(deps, viewer))) return NOT_FOR_YOU_ANSWER;
  const end = deps.clock();
  const period = { start: addMs(end, -DIFFERENCES_DAYS * DAY_MS), end };
  const { days, standing } = await loadReconciliation(deps, period);
  const drifting = new Set(standing.driftingDays);
  return differencesMessage(
    days
      .filter(({ day }) => drifting.has(day.day))
      .map(({ day: { day, anthropicBilled, charged } }) => ({ day, anthropicBilled, charged })),
  );
}

async function maySeeTrouble({ database }: LookDeps, viewer: Email): Promise<boolean> {
  return seesEverything(await findPerson({ database }, viewer));
}
