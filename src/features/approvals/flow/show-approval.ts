/** A request as one person has it in their messages: the requester their copy, others a card. */
import type { Email } from "../../../domain/email.ts";
import type { SlackMessage } from "../../../slack/blocks.ts";
import type { Database } from "../../../store/database.ts";
import { approvalCardMessage } from "../messages/card.ts";
import { askedNotice } from "../messages/notices.ts";
import type { ApprovalRequest } from "../rules.ts";
import { listQuestions } from "../store/questions.ts";
import { listVotes } from "../store/votes.ts";
import { slackIdsOf } from "./announce.ts";

export async function loadShown(
  { database }: { readonly database: Database },
  { request, viewer }: { readonly request: ApprovalRequest; readonly viewer: Email },
): Promise<SlackMessage> {
  const [votes, questions] = await Promise.all([
    listVotes(database, request.requestId),
    listQuestions(database, request.requestId),
  ]);
  const slackIds = await slackIdsOf(database, [{ request, votes, questions }]);
  return viewer === request.requester
    ? askedNotice({ request, votes, slackIds })
    : approvalCardMessage({ request, votes, questions, viewer, slackIds });
}
