/** Requests as they stand, for App Home and the read API. */
import type { Email } from "../../../domain/email.ts";
import type { Sql } from "../../../store/database.ts";
import type { SlackIds } from "../messages/wording.ts";
import type { ApprovalRequest, ApprovalStatus, Vote } from "../rules.ts";
import { listRequests } from "../store/requests.ts";
import { listVotesOf } from "../store/votes.ts";
import { slackIdsOf } from "./announce.ts";

export interface ApprovalWithVotes {
  readonly request: ApprovalRequest;
  readonly votes: readonly Vote[];
}

/** With what a card about it shows. */
export interface OpenApproval extends ApprovalWithVotes {
  readonly slackIds: SlackIds;
}

/** A page that answers in time however long the history has become. */
const APPROVALS_LISTED_MAX = 500;

/** The newest first; of every status unless one is named. */
export async function listApprovals(
  sql: Sql,
  filter: { readonly status?: ApprovalStatus | undefined } = {},
): Promise<readonly ApprovalWithVotes[]> {
  return await withVotes(
    sql,
    await listRequests(sql, { status: filter.status, limit: APPROVALS_LISTED_MAX }),
  );
}

/** Open requests; with `approver` those that wait for this person's decision. */
export async function listOpenApprovals(
  sql: Sql,
  filter: { readonly approver?: Email | undefined } = {},
): Promise<readonly OpenApproval[]> {
  const approvals = await withVotes(
    sql,
    await listRequests(sql, {
      status: "requested",
      asked: filter.approver,
      limit: APPROVALS_LISTED_MAX,
    }),
  );
  const slackIds = await slackIdsOf(sql, approvals);
  return approvals.map((approval) => ({ ...approval, slackIds }));
}

async function withVotes(
  sql: Sql,
  requests: readonly ApprovalRequest[],
): Promise<readonly ApprovalWithVotes[]> {
  const votes = await listVotesOf(
    sql,
    requests.map((request) => request.requestId),
  );
  return requests.map((request) => ({ request, votes: votes.get(request.requestId) ?? [] }));
}
