/**
 * A click on a request: approve, deny, withdraw. Of any number of simultaneous clicks each waits
 * for the one before it and is judged by what that one left behind.
 */
import { validate as isUuid } from "uuid";
import { assert } from "../../../domain/assert.ts";
import type { Email } from "../../../domain/email.ts";
import { type Usd, usdToDecimal } from "../../../domain/money.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import type { SlackIds } from "../messages/wording.ts";
import {
  type ApprovalAction,
  type ApprovalKind,
  type ApprovalRequest,
  type Decision,
  decide,
  type Vote,
} from "../rules.ts";
import { findRequest, findRequestForUpdate, updateDecision } from "../store/requests.ts";
import { insertVote, listVotes } from "../store/votes.ts";
import { enqueueOutcomeNotice, enqueueUpdates, slackIdsOf } from "./announce.ts";
import { type ApproverGroups, type GroupMembers, loadApprovers, loadGroups } from "./approvers.ts";

/** What an applier gets: the request as it was approved. */
export interface ApprovedRequest {
  readonly requestId: string;
  readonly kind: ApprovalKind;
  readonly scope: Scope;
  readonly subject: Readonly<Record<string, string>>;
  /** What was approved: at most what was asked for. */
  readonly amount: Usd;
  readonly endsAt: Instant;
  readonly requester: Email;
  /** Everybody whose voice it took, in the order in which they gave it. */
  readonly approvers: readonly Email[];
  /** Whose voice completed the quorum. */
  readonly decidedBy: Email;
  readonly decidedAt: Instant;
}

/** Does what was approved, in the transaction of the decision; when it throws nothing happened. */
export type ApprovalApplier = (sql: Sql, approval: ApprovedRequest) => Promise<void>;

export interface DecisionDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly appliers: Readonly<Record<ApprovalKind, ApprovalApplier>>;
  readonly approverGroups?: ApproverGroups | undefined;
}

export interface Click {
  readonly requestId: string;
  readonly actorEmail: Email;
}

export type ClickOutcome =
  | { readonly kind: "unknown-request" }
  /** `request` as it is after the click. */
  | { readonly kind: "answered"; readonly request: ApprovalRequest; readonly decision: Decision };

/** With what a form about the request shows. */
export type Preview =
  | Extract<ClickOutcome, { kind: "unknown-request" }>
  | (Extract<ClickOutcome, { kind: "answered" }> & { readonly slackIds: SlackIds });

/** Counts the actor's consent, by default to all of the amount, and applies it at the quorum. */
export async function approve(
  deps: DecisionDeps,
  click: Click & { readonly amount?: Usd | undefined; readonly note?: string | undefined },
): Promise<ClickOutcome> {
  const { amount, note } = click;
  return await answerClick(
    deps,
    click,
    { kind: "approve", ...(amount === undefined ? {} : { amount }) },
    note,
  );
}

/** One denial is enough, whatever the quorum. */
export async function deny(
  deps: DecisionDeps,
  click: Click & { readonly reason?: string | undefined },
): Promise<ClickOutcome> {
  return await answerClick(deps, click, { kind: "deny" }, click.reason);
}

/** Takes a request back; only its requester can. */
export async function withdraw(deps: DecisionDeps, click: Click): Promise<ClickOutcome> {
  return await answerClick(deps, click, { kind: "withdraw" }, undefined);
}

/** What a click would lead to, changing nothing: asked before a form is shown. */
export async function previewDecision(
  deps: DecisionDeps,
  click: Click,
  action: ApprovalAction,
): Promise<Preview> {
  const found = await findWithGroups(deps, click.requestId, action);
  if (found === undefined) return { kind: "unknown-request" };
  const { request, groups } = found;
  const { decision } = await judge(deps.database, request, {
    actor: click.actorEmail,
    action,
    groups,
    now: deps.clock(),
  });
  const slackIds = await slackIdsOf(deps.database, [{ request, votes: [] }]);
  return { kind: "answered", request, decision, slackIds };
}

/**
 * 1. Slack's groups, before the transaction.
 * 2. The request, locked; its votes; who may decide now.
 * 3. The decision; unless refused, everything that follows from it.
 */
async function answerClick(
  deps: DecisionDeps,
  { requestId, actorEmail: actor }: Click,
  action: ApprovalAction,
  reason: string | undefined,
): Promise<ClickOutcome> {
  const found = await findWithGroups(deps, requestId, action);
  if (found === undefined) return { kind: "unknown-request" };
  return await inTransaction(deps.database, async (sql): Promise<ClickOutcome> => {
    const request = await findRequestForUpdate(sql, requestId);
    assert(request !== undefined, "a request is never deleted");
    const now = deps.clock();
    const { decision, votes } = await judge(sql, request, {
      actor,
      action,
      groups: found.groups,
      now,
    });
    if (decision.kind === "refused") return { kind: "answered", request, decision };
    const note = reason === undefined || reason.trim() === "" ? undefined : reason.trim();
    const saved = await save(sql, deps, { request, votes, decision, actor, now, note });
    return { kind: "answered", request: saved, decision };
  });
}

async function findWithGroups(
  { database, approverGroups }: DecisionDeps,
  requestId: string,
  action: ApprovalAction,
): Promise<{ readonly request: ApprovalRequest; readonly groups: GroupMembers } | undefined> {
  // A forged id may be any text, also one that Postgres would not take.
  const request = isUuid(requestId) ? await findRequest(database, requestId) : undefined;
  if (request === undefined) return undefined;
  const entries = action.kind === "withdraw" ? [] : request.policy.approvers;
  return { request, groups: await loadGroups(entries, approverGroups) };
}

async function judge(
  sql: Sql,
  request: ApprovalRequest,
  by: {
    readonly actor: Email;
    readonly action: ApprovalAction;
    readonly groups: GroupMembers;
    readonly now: Instant;
  },
): Promise<{ readonly decision: Decision; readonly votes: readonly Vote[] }> {
  const { actor, now } = by;
  const votes = await listVotes(sql, request.requestId);
  const isApprover = (await loadApprovers(sql, request, by)).includes(actor);
  return { votes, decision: decide(request, by.action, { actor, isApprover, votes, now }) };
}

interface Saving {
  readonly request: ApprovalRequest;
  readonly votes: readonly Vote[];
  readonly decision: Exclude<Decision, { kind: "refused" }>;
  readonly actor: Email;
  readonly now: Instant;
  readonly note: string | undefined;
}

/** Vote, request, applier, audit entry and messages: all of it or nothing. */
async function save(sql: Sql, deps: DecisionDeps, saving: Saving): Promise<ApprovalRequest> {
  const { request, decision, actor, now } = saving;
  const vote = voteOf(saving);
  if (vote !== undefined) await insertVote(sql, request.requestId, vote);
  const votes = vote === undefined ? saving.votes : [...saving.votes, vote];
  const decided = decidedRequest(saving);
  if (decision.kind !== "voted") {
    const isFirst = await updateDecision(sql, decided);
    assert(isFirst, "a locked open request is decided once");
  }
  if (decision.kind === "applied") {
    const approvers = votes.map(({ approver }) => approver);
    const approved = { amount: decision.amount, approvers, decidedBy: actor, decidedAt: now };
    await deps.appliers[request.kind](sql, { ...proposedPart(request), ...approved });
  }
  await recordDecision(sql, saving);

  const announcement = { request: decided, votes, now };
  const state = decision.kind === "voted" ? `votes-${String(votes.length)}` : "decided";
  await enqueueUpdates(sql, announcement, state);
  if (decision.kind === "applied" || decision.kind === "denied") {
    await enqueueOutcomeNotice(sql, announcement);
  }
  return decided;
}

/** What was asked for, without how it was decided. */
function proposedPart({
  requestId,
  kind,
  scope,
  subject,
  endsAt,
  requester,
}: ApprovalRequest): Omit<ApprovedRequest, "amount" | "approvers" | "decidedBy" | "decidedAt"> {
  return { requestId, kind, scope, subject, endsAt, requester };
}

function voteOf({ decision, actor, now, note }: Saving): Vote | undefined {
  const voice = { approver: actor, votedAt: now, note };
  if (decision.kind === "voted") return { ...voice, amount: decision.amount };
  if (decision.kind === "applied") return { ...voice, amount: decision.voteAmount };
  return undefined;
}

function decidedRequest({ request, decision, actor, now, note }: Saving): ApprovalRequest {
  if (decision.kind === "voted") return request;
  return {
    ...request,
    status: decision.kind,
    approvedAmount: decision.kind === "applied" ? decision.amount : undefined,
    decidedBy: decision.kind === "cancelled" ? undefined : actor,
    decidedAt: now,
    decisionReason: note,
  };
}

async function recordDecision(
  sql: Sql,
  { request, decision, actor, now, note }: Saving,
): Promise<void> {
  const amount =
    decision.kind === "voted" || decision.kind === "applied"
      ? { amount: usdToDecimal(decision.amount) }
      : {};
  const vote =
    decision.kind === "applied" ? { vote_amount: usdToDecimal(decision.voteAmount) } : {};
  await recordAudit(sql, {
    occurredAt: now,
    actor,
    action: `approval.${decision.kind}`,
    subject: `approval:${request.requestId}`,
    before: { status: request.status, requested_amount: usdToDecimal(request.requestedAmount) },
    after: {
      status: decision.kind === "voted" ? request.status : decision.kind,
      ...amount,
      ...vote,
      ...(note === undefined ? {} : { note }),
    },
  });
}
