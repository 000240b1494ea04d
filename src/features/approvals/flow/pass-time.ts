/**
 * What becomes of open requests as time passes: approvers are reminded, others asked as well, and
 * in the end the request expires. Each request in a transaction of its own; replicas may run it
 * together, and each request is dealt with by one of them.
 */
import type { Email } from "../../../domain/email.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { nextReminderAfter } from "../rules/mandate.ts";
import type { ApprovalRequest } from "../rules.ts";
import { listQuestions } from "../store/questions.ts";
import {
  claimExpiredRequest,
  claimRequestToEscalate,
  claimRequestToRemind,
  updateDecision,
  updateNextReminder,
} from "../store/requests.ts";
import { listVotes } from "../store/votes.ts";
import {
  type Announcement,
  addressed,
  enqueueOutcomeNotice,
  enqueueReminders,
  enqueueUpdates,
} from "./announce.ts";
import {
  type ApproverGroups,
  entriesOf,
  type GroupMembers,
  loadGroups,
  withApproverGroups,
} from "./approvers.ts";
import { askThoseOfNow, groupsAsAsked } from "./follow-authority.ts";
import { askAlso } from "./save-decision.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  readonly onChanged?: ((people: readonly Email[]) => void) | undefined;
  readonly approverGroups?: ApproverGroups | undefined;
}

/** Expires every request whose time is over; returns how many. */
export async function expireApprovals(deps: Deps): Promise<number> {
  return await untilNone(deps, expireOne);
}

/**
 * Asks those to whom the policy escalates, when it is time and nobody has decided. From then on
 * they may decide. Returns the number of requests that were escalated.
 */
export async function escalateApprovals(deps: Deps): Promise<number> {
  return await untilNone(deps, escalateOne);
}

/**
 * Reminds those whose voice is wanted, once for each time that has come; returns how many requests.
 * Who that is, also in Slack's groups, is looked up now; a group that Slack can't tell about stays
 * as it was asked.
 */
export async function remindApprovers(deps: Deps): Promise<number> {
  const silent = new Set<string>();
  const { approverGroups: slack } = deps;
  const approverGroups =
    slack === undefined
      ? undefined
      : async (handle: string): ReturnType<ApproverGroups> => {
          try {
            return await slack(handle);
          } catch {
            silent.add(handle);
            return [];
          }
        };
  return await untilNone({ ...deps, approverGroups }, async (sql, now, known) => {
    const isTold = (handle: string): boolean => known !== undefined && !silent.has(handle);
    return await remindOne(sql, now, async (request) => {
      const groups = await loadGroups(entriesOf(request.policy), known);
      const told = [...groups].filter(([handle]) => isTold(handle));
      return new Map([...groupsAsAsked(request), ...told]);
    });
  });
}

/** Undefined: none is left. "unchanged": it was due, and there was nothing to do. */
type One = (
  sql: Sql,
  now: Instant,
  approverGroups: ApproverGroups | undefined,
) => Promise<ApprovalRequest | "unchanged" | undefined>;

async function untilNone(
  { database, clock, onChanged, approverGroups }: Deps,
  one: One,
): Promise<number> {
  let count = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each in a transaction of its own
    const request = await withApproverGroups(
      approverGroups,
      async (known) => await inTransaction(database, async (sql) => await one(sql, clock(), known)),
    );
    if (request === undefined) return count;
    if (request === "unchanged") continue;
    count += 1;
    onChanged?.([request.requester, ...request.asked]);
  }
}

const expireOne: One = async (sql, now) => {
  const request = await claimExpiredRequest(sql, now);
  if (request === undefined) return undefined;
  const expired: ApprovalRequest = {
    ...request,
    status: "expired",
    decidedAt: now,
    waitingFor: [],
  };
  await updateDecision(sql, expired);
  await recordAudit(sql, {
    occurredAt: now,
    actor: "system",
    action: "approval.expired",
    subject: `approval:${request.requestId}`,
    before: { status: request.status },
    after: { status: expired.status },
  });
  const announcement = await addressed(sql, await whole(sql, expired, now));
  await enqueueUpdates(sql, announcement, { state: "decided" });
  await enqueueOutcomeNotice(sql, announcement);
  return expired;
};

const escalateOne: One = async (sql, now) => {
  const request = await claimRequestToEscalate(sql, now);
  if (request === undefined) return undefined;
  const { requestId, policy, requester, beneficiary, asked } = request;
  const announcement = await whole(sql, request, now);
  const spoken = announcement.votes.map(({ approver }) => approver);
  const added = policy.escalateTo.filter(
    (person) =>
      person !== requester &&
      person !== beneficiary &&
      !spoken.includes(person) &&
      !request.waitingFor.includes(person),
  );
  if (added.length === 0) return "unchanged";
  await recordAudit(sql, {
    occurredAt: now,
    actor: "system",
    action: "approval.escalated",
    subject: `approval:${requestId}`,
    before: { asked },
    after: { asked: [...new Set([...asked, ...added])] },
  });
  const waitingFor = [...request.waitingFor, ...added];
  const { request: escalated } = await askAlso(sql, announcement, {
    waitingFor,
    state: "escalated",
  });
  return escalated;
};

async function remindOne(
  sql: Sql,
  now: Instant,
  groupsOf: (request: ApprovalRequest) => Promise<GroupMembers>,
): Promise<ApprovalRequest | undefined> {
  const claimed = await claimRequestToRemind(sql, now);
  if (claimed === undefined) return undefined;
  await updateNextReminder(sql, claimed.requestId, nextReminderAfter(claimed, now));
  const groups = await groupsOf(claimed);
  const before = await whole(sql, claimed, now);
  const request = await askThoseOfNow(sql, before, groups);
  // Who has got their card only now reads that first.
  const waitingFor = request.waitingFor.filter((person) => claimed.asked.includes(person));
  const announcement = await addressed(sql, { ...before, request: { ...request, waitingFor } });
  await enqueueReminders(sql, announcement, now.toISOString());
  return request;
}

async function whole(sql: Sql, request: ApprovalRequest, now: Instant): Promise<Announcement> {
  const [votes, questions] = await together([
    listVotes(sql, request.requestId),
    listQuestions(sql, request.requestId),
  ]);
  return { request, votes, questions, now };
}
