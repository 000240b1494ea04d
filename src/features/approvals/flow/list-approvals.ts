/** Requests as they stand, for App Home, the read API and whoever asks about the same again. */
import type { Email } from "../../../domain/email.ts";
import type { Sql } from "../../../store/database.ts";
import type { SlackIds } from "../messages/wording.ts";
import type { Question } from "../rules/questions.ts";
import type { ApprovalKind, ApprovalRequest, ApprovalStatus, Vote } from "../rules.ts";
import { listQuestionsOf } from "../store/questions.ts";
import { listRequests, listRequestsAbout } from "../store/requests.ts";
import { listVotesOf } from "../store/votes.ts";
import { slackIdsOf } from "./announce.ts";

export interface ApprovalWithVotes {
  readonly request: ApprovalRequest;
  readonly votes: readonly Vote[];
  readonly questions: readonly Question[];
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

/** Open requests; with `approver` those that wait for this person's voice. */
export async function listOpenApprovals(
  sql: Sql,
  filter: { readonly approver?: Email | undefined } = {},
): Promise<readonly OpenApproval[]> {
  const approvals = await withVotes(
    sql,
    await listRequests(sql, {
      status: "requested",
      waitingFor: filter.approver,
      limit: APPROVALS_LISTED_MAX,
    }),
  );
  const slackIds = await slackIdsOf(sql, approvals);
  return approvals.map((approval) => ({ ...approval, slackIds }));
}

/** What was asked for about the same thing before and is no longer open, the latest first. */
export async function listEarlierApprovals(
  sql: Sql,
  about: {
    readonly kind: ApprovalKind;
    readonly subject: Readonly<Record<string, string>>;
    readonly limit: number;
  },
): Promise<readonly ApprovalRequest[]> {
  return await listRequestsAbout(sql, about);
}

async function withVotes(
  sql: Sql,
  requests: readonly ApprovalRequest[],
): Promise<readonly ApprovalWithVotes[]> {
  const ids = requests.map((request) => request.requestId);
  const votes = await listVotesOf(sql, ids);
  const questions = await listQuestionsOf(sql, ids);
  return requests.map((request) => ({
    request,
    votes: votes.get(request.requestId) ?? [],
    questions: questions.get(request.requestId) ?? [],
  }));
}
