/**
 * Puts what people read about a request into the outbox, in the transaction that changes it. Each
 * message has a key by request, person and state, so that it is said once.
 */
import type { Email } from "../../../domain/email.ts";
import type { Instant } from "../../../domain/time.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import type { Sql } from "../../../store/database.ts";
import { approvalCardMessage } from "../messages/card.ts";
import { askedNotice, outcomeNotice } from "../messages/notices.ts";
import type { SlackIds } from "../messages/wording.ts";
import type { ApprovalRequest, Vote } from "../rules.ts";
import { loadSlackIds } from "../store/people.ts";

interface Announcement {
  readonly request: ApprovalRequest;
  readonly votes: readonly Vote[];
  readonly now: Instant;
}

/** Of everybody whom messages about these requests name. */
export async function slackIdsOf(
  sql: Sql,
  requests: readonly Pick<Announcement, "request" | "votes">[],
): Promise<SlackIds> {
  const people = requests.flatMap(({ request, votes }) => [
    request.requester,
    ...request.asked,
    ...(request.decidedBy === undefined ? [] : [request.decidedBy]),
    ...votes.map(({ approver }) => approver),
  ]);
  return await loadSlackIds(sql, people);
}

/** A card in the direct messages of each of these people; a second time it does nothing. */
export async function enqueueCards(
  sql: Sql,
  { request, votes, now }: Announcement,
  people: readonly Email[],
): Promise<void> {
  const slackIds = await slackIdsOf(sql, [{ request, votes }]);
  for (const viewer of people) {
    await enqueueMessage(
      sql,
      {
        dedupeKey: cardKey(request, viewer),
        kind: "approval",
        destination: { person: viewer },
        message: approvalCardMessage({ request, votes, viewer, slackIds }),
      },
      now,
    );
  }
}

/** Tells the requester who was asked, with a button to withdraw. */
export async function enqueueAskedNotice(
  sql: Sql,
  { request, votes, now }: Announcement,
): Promise<void> {
  const slackIds = await slackIdsOf(sql, [{ request, votes }]);
  await enqueueMessage(
    sql,
    {
      dedupeKey: requesterKey(request),
      kind: "approval",
      destination: { person: request.requester },
      message: askedNotice({ request, votes, slackIds }),
    },
    now,
  );
}

/**
 * Brings every card and the requester's own copy up to date, in place. `state` names what has
 * changed ("votes-1", "decided") and makes the update happen once.
 */
export async function enqueueUpdates(
  sql: Sql,
  { request, votes, now }: Announcement,
  state: string,
): Promise<void> {
  const slackIds = await slackIdsOf(sql, [{ request, votes }]);
  const update = async (key: string, person: Email, message: ReturnType<typeof askedNotice>) =>
    await enqueueMessage(
      sql,
      {
        dedupeKey: `${key}:${state}`,
        kind: "approval",
        destination: { person },
        message,
        updates: key,
      },
      now,
    );
  for (const viewer of request.asked) {
    const card = approvalCardMessage({ request, votes, viewer, slackIds });
    await update(cardKey(request, viewer), viewer, card);
  }
  const notice = askedNotice({ request, votes, slackIds });
  await update(requesterKey(request), request.requester, notice);
}

/** Tells the requester what came of it: an update in place notifies nobody. */
export async function enqueueOutcomeNotice(
  sql: Sql,
  { request, votes, now }: Announcement,
): Promise<void> {
  const slackIds = await slackIdsOf(sql, [{ request, votes }]);
  await enqueueMessage(
    sql,
    {
      dedupeKey: `approval:${request.requestId}:outcome`,
      kind: "approval",
      destination: { person: request.requester },
      message: outcomeNotice({ request, votes, slackIds }),
    },
    now,
  );
}

function cardKey(request: ApprovalRequest, viewer: Email): string {
  return `approval:${request.requestId}:card:${viewer}`;
}

function requesterKey(request: ApprovalRequest): string {
  return `approval:${request.requestId}:requester`;
}
