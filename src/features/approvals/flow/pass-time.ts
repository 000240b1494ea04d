/** What becomes of open requests as time passes: half of it over they escalate, then they expire. */
import type { Clock } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction } from "../../../store/database.ts";
import type { ApprovalRequest } from "../rules.ts";
import {
  claimExpiredRequest,
  claimRequestToEscalate,
  updateAsked,
  updateDecision,
} from "../store/requests.ts";
import { listVotes } from "../store/votes.ts";
import { enqueueCards, enqueueOutcomeNotice, enqueueUpdates } from "./announce.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/**
 * Expires every request whose time is over, each in a transaction of its own, and returns how many.
 * Replicas may call it together: each request is expired by one of them.
 */
export async function expireApprovals(deps: Deps): Promise<number> {
  let expired = 0;
  while (await expireOne(deps)) expired += 1;
  return expired;
}

async function expireOne({ database, clock }: Deps): Promise<boolean> {
  return await inTransaction(database, async (sql) => {
    const now = clock();
    const request = await claimExpiredRequest(sql, now);
    if (request === undefined) return false;
    const expired: ApprovalRequest = { ...request, status: "expired", decidedAt: now };
    await updateDecision(sql, expired);
    await recordAudit(sql, {
      occurredAt: now,
      actor: "system",
      action: "approval.expired",
      subject: `approval:${request.requestId}`,
      before: { status: request.status },
      after: { status: expired.status },
    });
    const votes = await listVotes(sql, request.requestId);
    await enqueueUpdates(sql, { request: expired, votes, now }, "decided");
    await enqueueOutcomeNotice(sql, { request: expired, votes, now });
    return true;
  });
}

/**
 * Asks those to whom the policy escalates, when half of the time has passed without a decision.
 * From then on they may decide. Returns the number of requests that were escalated.
 */
export async function escalateApprovals(deps: Deps): Promise<number> {
  let escalated = 0;
  while (await escalateOne(deps)) escalated += 1;
  return escalated;
}

async function escalateOne({ database, clock }: Deps): Promise<boolean> {
  return await inTransaction(database, async (sql) => {
    const now = clock();
    const request = await claimRequestToEscalate(sql, now);
    if (request === undefined) return false;
    const { requestId, policy, requester, asked: before } = request;
    const added = policy.escalateTo.filter(
      (person) => person !== requester && !before.includes(person),
    );
    const asked = [...before, ...added];
    await updateAsked(sql, requestId, asked);
    await recordAudit(sql, {
      occurredAt: now,
      actor: "system",
      action: "approval.escalated",
      subject: `approval:${requestId}`,
      before: { asked: before },
      after: { asked },
    });
    const votes = await listVotes(sql, requestId);
    await enqueueCards(sql, { request: { ...request, asked }, votes, now }, added);
    return true;
  });
}
