/**
 * An open request follows who may decide it: whoever lost that is not asked any more, whoever got
 * it is. The policy stays as it was frozen; the people behind its entries are those of now. A click
 * is judged by itself, whether or not this has come by.
 */
import type { Email } from "../../../domain/email.ts";
import { formatScope } from "../../../domain/scope.ts";
import type { Clock } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { authorityOver, type Directory, peopleToAskAnew } from "../rules/mandate.ts";
import { progressOf } from "../rules/progress.ts";
import type { ApprovalRequest } from "../rules.ts";
import { listQuestions } from "../store/questions.ts";
import { findRequestForUpdate, listRequests } from "../store/requests.ts";
import { listVotes, listVotesOf } from "../store/votes.ts";
import type { Announcement } from "./announce.ts";
import { entriesOf, type GroupMembers, loadDirectory } from "./approvers.ts";
import { askAlso } from "./save-decision.ts";

/** More open requests than an organization has; what is left over follows when it is reminded of. */
const REQUESTS_MAX = 500;

/**
 * Looks at every open request; returns how many were changed. Owners, admins and delegations are
 * those of now. Slack is not asked every minute: of a group everybody counts who was asked, until
 * the next reminder or click asks Slack.
 */
export async function followAuthority({
  database,
  clock,
  onChanged,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly onChanged?: ((people: readonly Email[]) => void) | undefined;
}): Promise<number> {
  const requests = await listRequests(database, { status: "requested", limit: REQUESTS_MAX });
  const votes = await listVotesOf(
    database,
    requests.map(({ requestId }) => requestId),
  );
  const directories = new Map<string, Omit<Directory, "groups">>();
  let count = 0;
  /* oxlint-disable no-await-in-loop -- each in a transaction of its own */
  for (const request of requests) {
    const { requestId, scope } = request;
    const key = formatScope(scope);
    const now = clock();
    const people =
      directories.get(key) ?? (await loadDirectory(database, scope, { groups: new Map(), now }));
    directories.set(key, people);
    const seen = { request, votes: votes.get(requestId) ?? [], questions: [], now };
    if (peopleNow(seen, { ...people, groups: groupsAsAsked(request) }) === undefined) continue;
    const changed = await inTransaction(database, async (sql) => {
      const locked = await findRequestForUpdate(sql, requestId);
      return locked === undefined ? undefined : await followOne(sql, locked, clock);
    });
    if (changed === undefined) continue;
    count += 1;
    onChanged?.([changed.requester, ...changed.asked]);
  }
  /* oxlint-enable no-await-in-loop */
  return count;
}

async function followOne(
  sql: Sql,
  request: ApprovalRequest,
  clock: Clock,
): Promise<ApprovalRequest | undefined> {
  const now = clock();
  if (request.status !== "requested" || request.expiresAt <= now) return undefined;
  const [votes, questions] = await together([
    listVotes(sql, request.requestId),
    listQuestions(sql, request.requestId),
  ]);
  const announcement = { request, votes, questions, now };
  const after = await askThoseOfNow(sql, announcement, groupsAsAsked(request));
  return after === request ? undefined : after;
}

/**
 * In the caller's transaction, which has locked the request: cards for whoever may decide now and
 * has none, and for those who may not any more a card that says so. The same request when nothing
 * has changed.
 */
export async function askThoseOfNow(
  sql: Sql,
  announcement: Announcement,
  groups: GroupMembers,
): Promise<ApprovalRequest> {
  const { request, now } = announcement;
  const directory = await loadDirectory(sql, request.scope, { groups, now });
  const waitingFor = peopleNow(announcement, directory);
  if (waitingFor === undefined) return request;
  await recordAudit(sql, {
    occurredAt: now,
    actor: "system",
    action: "approval.approvers_changed",
    subject: `approval:${request.requestId}`,
    before: { waiting_for: request.waitingFor },
    after: { waiting_for: waitingFor },
  });
  const state = `approvers-${now.toISOString()}`;
  return (await askAlso(sql, announcement, { waitingFor, state })).request;
}

/** Undefined: it waits for the right people. */
function peopleNow(
  { request, votes, now }: Announcement,
  directory: Directory,
): readonly Email[] | undefined {
  const { open } = progressOf(request.policy, votes);
  const authority = authorityOver(request, directory, now);
  return peopleToAskAnew(request, authority, { open, spoken: votes });
}

/** As long as Slack was not asked: whoever was asked may have been asked as a member. */
export function groupsAsAsked({ policy, asked }: ApprovalRequest): GroupMembers {
  return new Map(
    entriesOf(policy).flatMap((entry) =>
      entry.kind === "slack_group" ? [[entry.handle, asked] as const] : [],
    ),
  );
}
