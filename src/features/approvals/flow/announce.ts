/**
 * Puts what people read about a request into the outbox, in the transaction that changes it. Each
 * message has a key by request, person and state, so that it is said once.
 */
import type { Email } from "../../../domain/email.ts";
import type { Instant } from "../../../domain/time.ts";
import type { SlackMessage } from "../../../slack/blocks.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import type { Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
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

/** With Slack's ids of everybody whom its messages name: looked up once, for all of them. */
export type Addressed = Announcement & { readonly slackIds: SlackIds };

export async function addressed(sql: Sql, announcement: Announcement): Promise<Addressed> {
  return { ...announcement, slackIds: await slackIdsOf(sql, [announcement]) };
}

/** A request as one person has it in their messages: the requester their copy, others a card. */
export function shownTo(viewer: Email, announcement: Addressed): SlackMessage {
  return viewer === announcement.request.requester
    ? askedNotice(announcement)
    : approvalCardMessage({ ...announcement, viewer });
}

/** A card in the direct messages of each of these people; a second time it does nothing. */
export async function enqueueCards(
  sql: Sql,
  announcement: Addressed,
  people: readonly Email[],
): Promise<void> {
  const { request, now } = announcement;
  await enqueueAll(
    sql,
    people.map((viewer) => ({
      to: viewer,
      key: cardKey(request, viewer),
      message: approvalCardMessage({ ...announcement, viewer }),
    })),
    now,
  );
}

/** Tells the requester who was asked, with a button to withdraw. */
export async function enqueueAskedNotice(sql: Sql, announcement: Addressed): Promise<void> {
  const { request, now } = announcement;
  const message = askedNotice(announcement);
  await enqueueAll(sql, [{ to: request.requester, key: requesterKey(request), message }], now);
}

/**
 * Brings every card and the requester's own copy up to date, in place. `state` names what has
 * changed ("votes-1", "decided") and makes the update happen once.
 */
export async function enqueueUpdates(
  sql: Sql,
  announcement: Addressed,
  { state, people }: { readonly state: string; readonly people?: readonly Email[] },
): Promise<void> {
  const { request, now } = announcement;
  const update = (to: Email, updates: string, message: SlackMessage): Notice => ({
    to,
    key: `${updates}:${state}`,
    updates,
    message,
  });
  const cards = (people ?? request.asked).map((viewer) =>
    update(viewer, cardKey(request, viewer), approvalCardMessage({ ...announcement, viewer })),
  );
  // Of what was approved automatically nobody was asked, so there is no copy of the question.
  const copies = request.isAutomatic
    ? []
    : [update(request.requester, requesterKey(request), askedNotice(announcement))];
  await enqueueAll(sql, [...cards, ...copies], now);
}

/** Tells the requester, and for whom they asked, what came of it: an update in place notifies nobody. */
export async function enqueueOutcomeNotice(sql: Sql, announcement: Addressed): Promise<void> {
  const { request, now } = announcement;
  const state = request.revocation === undefined ? "outcome" : "revoked";
  const key = `approval:${request.requestId}:${state}`;
  const message = outcomeNotice(announcement);
  const { beneficiary, requester } = request;
  const isNews = request.status === "applied" && beneficiary !== requester;
  const others = isNews ? [{ to: beneficiary, key: `${key}:beneficiary`, message }] : [];
  await enqueueAll(sql, [{ to: requester, key, message }, ...others], now);
}

/** The question, in the thread of the requester's copy, with a button to answer. */
export async function enqueueQuestion(
  sql: Sql,
  announcement: Addressed,
  question: Question,
): Promise<void> {
  const { request, slackIds, now } = announcement;
  const asked: Notice = {
    to: request.requester,
    key: `approval-question:${question.questionId}`,
    repliesTo: requesterKey(request),
    message: questionMessage({ request, question, slackIds }),
  };
  await enqueueAll(sql, [asked], now);
}

/** The answer, in the thread of the card of whoever asked. */
export async function enqueueAnswer(
  sql: Sql,
  announcement: Addressed,
  question: Question,
): Promise<void> {
  const { request, slackIds, now } = announcement;
  const answered: Notice = {
    to: question.askedBy,
    key: `approval-answered:${question.questionId}`,
    repliesTo: cardKey(request, question.askedBy),
    message: answerMessage({ request, question, slackIds }),
  };
  await enqueueAll(sql, [answered], now);
}

/** In the thread of the card of everybody whose voice is wanted. `state` makes it happen once. */
export async function enqueueReminders(
  sql: Sql,
  announcement: Addressed,
  state: string,
): Promise<void> {
  const { request, slackIds, now } = announcement;
  const reminders = request.waitingFor.map((person) => ({
    to: person,
    key: `${cardKey(request, person)}:reminder-${state}`,
    repliesTo: cardKey(request, person),
    message: reminderMessage({ request, person, slackIds }),
    validUntil: request.expiresAt,
  }));
  await enqueueAll(sql, reminders, now);
}

interface Notice {
  readonly to: Email;
  readonly key: string;
  readonly message: SlackMessage;
  readonly updates?: string;
  readonly repliesTo?: string;
  readonly validUntil?: Instant;
}

/** In their order, sent to the database together. */
async function enqueueAll(sql: Sql, notices: readonly Notice[], now: Instant): Promise<void> {
  await together(
    notices.map(async ({ to, key: dedupeKey, ...entry }) => {
      const destination = { person: to };
      await enqueueMessage(sql, { ...entry, dedupeKey, kind: "approval", destination }, now);
    }),
  );
}

function cardKey(request: ApprovalRequest, viewer: Email): string {
  return `approval:${request.requestId}:card:${viewer}`;
}

function requesterKey(request: ApprovalRequest): string {
  return `approval:${request.requestId}:requester`;
}
