/**
 * Writes what a click decided: vote or status, what follows from it, audit entry, cards and
 * notices, all in the caller's transaction.
 */
import { v7 as uuidV7 } from "uuid";
import { assert } from "../../../domain/assert.ts";
import type { Email } from "../../../domain/email.ts";
import { usdToDecimal } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import type { Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import type { Decision } from "../rules/decide.ts";
import { type Authority, peopleToAsk } from "../rules/mandate.ts";
import { progressOf } from "../rules/progress.ts";
import type { Question } from "../rules/questions.ts";
import type { ApprovalRequest, Vote } from "../rules.ts";
import { policyToJson } from "../store/policy-json.ts";
import { insertQuestion } from "../store/questions.ts";
import { updateAsked, updateDecision, updateRevocation } from "../store/requests.ts";
import { insertVote } from "../store/votes.ts";
import {
  type Addressed,
  type Announcement,
  addressed,
  enqueueCards,
  enqueueOutcomeNotice,
  enqueueQuestion,
  enqueueUpdates,
} from "./announce.ts";
import { type ApprovalAppliers, proposedPart } from "./applier.ts";

type Effective = Exclude<Decision, { kind: "refused" }>;

export interface Saving {
  readonly request: ApprovalRequest;
  readonly votes: readonly Vote[];
  readonly questions: readonly Question[];
  readonly authority: Authority;
  readonly decision: Effective;
  readonly actor: Email;
  readonly now: Instant;
  /** What was typed with it: a note, a reason, a question. */
  readonly text: string | undefined;
}

/**
 * Everything that a decision changes, or nothing; returns the request as its messages show it then.
 * What does not wait for each other goes to the database together: under load each wait counts.
 */
export async function saveDecision(
  sql: Sql,
  appliers: ApprovalAppliers,
  saving: Saving,
): Promise<Addressed> {
  const [, announcement] = await together([
    recordDecision(sql, saving),
    saveEffect(sql, appliers, saving),
  ]);
  return announcement;
}

async function saveEffect(
  sql: Sql,
  appliers: ApprovalAppliers,
  saving: Saving,
): Promise<Addressed> {
  switch (saving.decision.kind) {
    case "voted":
      return await saveVote(sql, saving, saving.decision);
    case "asked":
      return await saveQuestion(sql, saving);
    case "revoked":
      return await saveRevocation(sql, appliers, saving);
    case "applied":
    case "denied":
    case "cancelled":
      return await saveOutcome(sql, appliers, { ...saving, decision: saving.decision });
  }
}

/** A voice after which others are wanted: those who are not asked yet get a card. */
async function saveVote(
  sql: Sql,
  saving: Saving,
  decision: Extract<Decision, { kind: "voted" }>,
): Promise<Addressed> {
  const votes = await addVote(sql, saving, decision.vote);
  const { open } = progressOf(saving.request.policy, votes);
  const waitingFor = peopleToAsk(saving.authority, { open, spoken: votes });
  return await askAlso(
    sql,
    { ...saving, votes },
    { waitingFor, state: `votes-${String(votes.length)}` },
  );
}

/** Cards for whoever has none, updates for everybody else. `state` names what has changed. */
export async function askAlso(
  sql: Sql,
  { now, ...whole }: Pick<Saving, "request" | "votes" | "questions" | "now">,
  { waitingFor, state }: { readonly waitingFor: readonly Email[]; readonly state: string },
): Promise<Addressed> {
  const before = whole.request.asked;
  const added = waitingFor.filter((person) => !before.includes(person));
  const request = { ...whole.request, asked: [...before, ...added], waitingFor };
  const [, announcement] = await together([
    updateAsked(sql, request),
    addressed(sql, { ...whole, request, now }),
  ]);
  await together([
    enqueueUpdates(sql, announcement, { state, people: before }),
    enqueueCards(sql, announcement, added),
  ]);
  return announcement;
}

async function saveQuestion(sql: Sql, saving: Saving): Promise<Addressed> {
  const { request, actor, now, text } = saving;
  assert(text !== undefined, "a question has words");
  const question: Question = {
    questionId: uuidV7(),
    askedBy: actor,
    text,
    askedAt: now,
    answer: undefined,
  };
  const [, announcement] = await together([
    insertQuestion(sql, request.requestId, question),
    addressed(sql, announcementOf(saving, { questions: [...saving.questions, question] })),
  ]);
  await together([
    enqueueUpdates(sql, announcement, { state: `question-${question.questionId}` }),
    enqueueQuestion(sql, announcement, question),
  ]);
  return announcement;
}

async function saveRevocation(
  sql: Sql,
  appliers: ApprovalAppliers,
  saving: Saving,
): Promise<Addressed> {
  const { request, actor, now } = saving;
  const reason = saving.text ?? "";
  const revoked = { ...request, revocation: { by: actor, at: now, reason } };
  const isFirst = await updateRevocation(sql, revoked);
  assert(isFirst, "a locked request is revoked once");
  const { requestId, scope, subject } = request;
  const what = { requestId, scope, subject, revokedBy: actor, revokedAt: now, reason };
  await appliers[request.kind].revoke(sql, what);
  const announcement = await addressed(sql, announcementOf(saving, { request: revoked }));
  await together([
    enqueueUpdates(sql, announcement, { state: "revoked" }),
    enqueueOutcomeNotice(sql, announcement),
  ]);
  return announcement;
}

async function saveOutcome(
  sql: Sql,
  appliers: ApprovalAppliers,
  saving: Saving & {
    readonly decision: Extract<Effective, { kind: "applied" | "denied" | "cancelled" }>;
  },
): Promise<Addressed> {
  const { decision, actor, now } = saving;
  const decided = decidedRequest(saving);
  const [votes, isFirst] = await together([
    decision.kind === "applied" ? addVote(sql, saving, decision.vote) : saving.votes,
    updateDecision(sql, decided),
  ]);
  assert(isFirst, "a locked open request is decided once");
  if (decision.kind === "applied") {
    const { amount, endsAt } = decision;
    const approvers = votes.map(({ approver }) => approver);
    const approved = { amount, endsAt, approvers, decidedBy: actor, decidedAt: now };
    await appliers[decided.kind].apply(sql, { ...proposedPart(decided), ...approved });
  }
  const announcement = await addressed(sql, announcementOf(saving, { request: decided, votes }));
  await together([
    enqueueUpdates(sql, announcement, { state: "decided" }),
    // Who withdrew knows it.
    ...(decision.kind === "cancelled" ? [] : [enqueueOutcomeNotice(sql, announcement)]),
  ]);
  return announcement;
}

function announcementOf(
  { request, votes, questions, now }: Saving,
  changed: Partial<Announcement>,
): Announcement {
  return { request, votes, questions, now, ...changed };
}

async function addVote(
  sql: Sql,
  { request, votes, actor, now, text }: Saving,
  vote: Extract<Decision, { kind: "voted" }>["vote"],
): Promise<readonly Vote[]> {
  const given: Vote = { ...vote, approver: actor, votedAt: now, note: text };
  await insertVote(sql, request.requestId, given);
  return [...votes, given];
}

function decidedRequest({ request, decision, actor, now, text }: Saving): ApprovalRequest {
  assert(decision.kind !== "voted" && decision.kind !== "asked", "an outcome decides");
  assert(decision.kind !== "revoked", "a revocation is no outcome");
  return {
    ...request,
    status: decision.kind,
    approvedAmount: decision.kind === "applied" ? decision.amount : undefined,
    approvedEndsAt: decision.kind === "applied" ? decision.endsAt : undefined,
    decidedBy: decision.kind === "cancelled" ? undefined : actor,
    decidedAt: now,
    decisionReason: text,
    waitingFor: [],
  };
}

async function recordDecision(
  sql: Sql,
  { request, decision, actor, now, text }: Saving,
): Promise<void> {
  const isOpen = decision.kind === "voted" || decision.kind === "asked";
  const status = isOpen || decision.kind === "revoked" ? request.status : decision.kind;
  await recordAudit(sql, {
    occurredAt: now,
    actor,
    action: `approval.${decision.kind}`,
    subject: `approval:${request.requestId}`,
    before: { status: request.status, requested_amount: usdToDecimal(request.requestedAmount) },
    after: {
      status,
      ...voiceSnapshot(decision),
      ...(text === undefined ? {} : { note: text }),
    },
    rule: { ...policyToJson(request.policy) },
  });
}

function voiceSnapshot(decision: Effective): Readonly<Record<string, unknown>> {
  if (decision.kind !== "voted" && decision.kind !== "applied") return {};
  const { vote } = decision;
  return {
    amount: usdToDecimal(decision.kind === "applied" ? decision.amount : vote.amount),
    ...(decision.kind === "applied"
      ? { vote_amount: usdToDecimal(vote.amount), ends_at: decision.endsAt }
      : {}),
    steps: vote.steps.map((step) => step + 1),
    ...(vote.for === undefined ? {} : { for: vote.for }),
    ...(vote.endsAt === undefined ? {} : { vote_ends_at: vote.endsAt }),
  };
}
