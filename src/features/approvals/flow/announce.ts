/**
 * Puts what people read about a request into the outbox, in the transaction that changes it. Each
 * message has a key by request, person and state, so that it is said once.
 */
import type { Email } from "../../../domain/email.ts";
import type { Instant } from "../../../domain/time.ts";
import type { SlackMessage } from "../../../slack/blocks.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import type { Sql } from "../../../store/database.ts";
import { approvalCardMessage } from "../messages/card.ts";
import { askedNotice, outcomeNotice } from "../messages/notices.ts";
import { answerMessage, questionMessage } from "../messages/questions.ts";
import { reminderMessage } from "../messages/reminder.ts";
import type { SlackIds } from "../messages/wording.ts";
import type { Question } from "../rules/questions.ts";
import type { ApprovalRequest, Vote } from "../rules.ts";
import { loadSlackIds } from "../store/people.ts";

/** A request with all that its messages show. */
export interface Announcement {
  readonly request: ApprovalRequest;
  readonly votes: readonly Vote[];
  readonly questions: readonly Question[];
  readonly now: Instant;
  /** What was approved is over: nobody can end it early any more. */
  readonly isEnded?: boolean;
}

/** Of everybody whom messages about these requests name. */
export async function slackIdsOf(
  sql: Sql,
  requests: readonly Omit<Announcement, "now">[],
): Promise<SlackIds> {
  const people = requests.flatMap(({ request, votes, questions }) => [
    request.requester,
    request.beneficiary,
    ...request.asked,
    ...(request.decidedBy === undefined ? [] : [request.decidedBy]),
    ...(request.revocation === undefined ? [] : [request.revocation.by]),
    ...votes.flatMap((vote) => [vote.approver, vote.for ?? vote.approver]),
    ...questions.map(({ askedBy }) => askedBy),
  ]);
  return await loadSlackIds(sql, [...new Set(people)]);
}

/** A card in the direct messages of each of these people; a second time it does nothing. */
export async function enqueueCards(
  sql: Sql,
  announcement: Announcement,
  people: readonly Email[],
): Promise<void> {
  if (people.length === 0) return;
  const { request, now } = announcement;
  const slackIds = await slackIdsOf(sql, [announcement]);
  for (const viewer of people) {
    const message = approvalCardMessage({ ...announcement, viewer, slackIds });
    await enqueueTo(sql, viewer, { key: cardKey(request, viewer), message, now });
  }
}

/** Tells the requester who was asked, with a button to withdraw. */
export async function enqueueAskedNotice(sql: Sql, announcement: Announcement): Promise<void> {
  const { request, now } = announcement;
  const slackIds = await slackIdsOf(sql, [announcement]);
  const message = askedNotice({ ...announcement, slackIds });
  await enqueueTo(sql, request.requester, { key: requesterKey(request), message, now });
}

/**
 * Brings every card and the requester's own copy up to date, in place. `state` names what has
 * changed ("votes-1", "decided") and makes the update happen once.
 */
export async function enqueueUpdates(
  sql: Sql,
  announcement: Announcement,
  { state, people }: { readonly state: string; readonly people?: readonly Email[] },
): Promise<void> {
  const { request, now } = announcement;
  const slackIds = await slackIdsOf(sql, [announcement]);
  const update = async (person: Email, updates: string, message: SlackMessage): Promise<void> => {
    await enqueueTo(sql, person, { key: `${updates}:${state}`, updates, message, now });
  };
  for (const viewer of people ?? request.asked) {
    const card = approvalCardMessage({ ...announcement, viewer, slackIds });
    await update(viewer, cardKey(request, viewer), card);
  }
  if (request.isAutomatic) return; // Nobody was asked, so there is no copy of the question.
  const notice = askedNotice({ ...announcement, slackIds });
  await update(request.requester, requesterKey(request), notice);
}

/** Tells the requester, and for whom they asked, what came of it: an update in place notifies nobody. */
export async function enqueueOutcomeNotice(sql: Sql, announcement: Announcement): Promise<void> {
  const { request, now } = announcement;
  const slackIds = await slackIdsOf(sql, [announcement]);
  const state = request.revocation === undefined ? "outcome" : "revoked";
  const key = `approval:${request.requestId}:${state}`;
  const message = outcomeNotice({ ...announcement, slackIds });
  await enqueueTo(sql, request.requester, { key, message, now });
  const { beneficiary } = request;
  const isNews = request.status === "applied" && beneficiary !== request.requester;
  if (isNews) await enqueueTo(sql, beneficiary, { key: `${key}:beneficiary`, message, now });
}

/** The question, in the thread of the requester's copy, with a button to answer. */
export async function enqueueQuestion(
  sql: Sql,
  announcement: Announcement,
  question: Question,
): Promise<void> {
  const { request, now } = announcement;
  const slackIds = await slackIdsOf(sql, [announcement]);
  await enqueueTo(sql, request.requester, {
    key: `approval-question:${question.questionId}`,
    repliesTo: requesterKey(request),
    message: questionMessage({ request, question, slackIds }),
    now,
  });
}

/** The answer, in the thread of the card of whoever asked. */
export async function enqueueAnswer(
  sql: Sql,
  announcement: Announcement,
  question: Question,
): Promise<void> {
  const { request, now } = announcement;
  const slackIds = await slackIdsOf(sql, [announcement]);
  await enqueueTo(sql, question.askedBy, {
    key: `approval-answered:${question.questionId}`,
    repliesTo: cardKey(request, question.askedBy),
    message: answerMessage({ request, question, slackIds }),
    now,
  });
}

/** In the thread of the card of everybody whose voice is wanted. `state` makes it happen once. */
export async function enqueueReminders(
  sql: Sql,
  announcement: Announcement,
  state: string,
): Promise<void> {
  const { request, now } = announcement;
  const slackIds = await slackIdsOf(sql, [announcement]);
  for (const person of request.waitingFor) {
    await enqueueTo(sql, person, {
      key: `${cardKey(request, person)}:reminder-${state}`,
      repliesTo: cardKey(request, person),
      message: reminderMessage({ request, person, slackIds }),
      validUntil: request.expiresAt,
      now,
    });
  }
}

async function enqueueTo(
  sql: Sql,
  person: Email,
  what: {
    readonly key: string;
    readonly message: SlackMessage;
    readonly now: Instant;
    readonly updates?: string;
    readonly repliesTo?: string;
    readonly validUntil?: Instant;
  },
): Promise<void> {
  const { key: dedupeKey, now, ...entry } = what;
  const destination = { person };
  await enqueueMessage(sql, { ...entry, dedupeKey, kind: "approval", destination }, now);
}

function cardKey(request: ApprovalRequest, viewer: Email): string {
  return `approval:${request.requestId}:card:${viewer}`;
}

function requesterKey(request: ApprovalRequest): string {
  return `approval:${request.requestId}:requester`;
}
