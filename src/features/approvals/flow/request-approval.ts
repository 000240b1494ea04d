/** Asking for consent: chooses the policy, freezes it into the request and tells its approvers. */
import { v7 as uuidV7 } from "uuid";
import type { Email } from "../../../domain/email.ts";
import { usdToDecimal } from "../../../domain/money.ts";
import { type Clock, type Instant, periodOf } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import type { Sql } from "../../../store/database.ts";
import { nextReminderAfter, peopleToAsk } from "../rules/mandate.ts";
import { type ApprovalPolicy, autoCounterKey, DEFAULT_POLICY, policyFor } from "../rules/policy.ts";
import {
  type ApprovalProposal,
  type ApprovalRequest,
  expiryOf,
  type RequestRefusal,
  refusalOfProposal,
  refusalOfSteps,
} from "../rules.ts";
import { type AutoCounter, takeAutoSpend } from "../store/auto-spend.ts";
import { listApprovalPolicies, loadCalendar, loadRequester } from "../store/policies.ts";
import { policyToJson } from "../store/policy-json.ts";
import {
  countOpenRequests,
  findRequestByKey,
  insertRequest,
  updateDecision,
} from "../store/requests.ts";
import { addressed, enqueueAskedNotice, enqueueCards, enqueueOutcomeNotice } from "./announce.ts";
import { type ApprovalApplier, proposedPart } from "./applier.ts";
import { type ApproverGroups, entriesOf, loadAuthority, loadGroups } from "./approvers.ts";

export type ApprovalRequestOutcome =
  | {
      readonly kind: "requested";
      readonly requestId: string;
      readonly approvers: readonly Email[];
      readonly expiresAt: Instant;
    }
  /** Under the ceiling of its policy: applied already, by nobody. */
  | { readonly kind: "applied"; readonly requestId: string }
  | { readonly kind: "refused"; readonly reason: RequestRefusal };

export interface RequestDeps {
  readonly clock: Clock;
  readonly approverGroups?: ApproverGroups | undefined;
  /** Does what is approved automatically; without one nothing is. */
  readonly apply?: ApprovalApplier | undefined;
}

/**
 * Stores a request and its cards in the caller's transaction. `approverGroups` must answer without
 * waiting for Slack: give it what `withApproverGroups` gives.
 *
 * 1. What the same form made before is answered as it was.
 * 2. The policy that covers the request. 3. Applied, where its ceiling has room for it: what needs
 * nobody's consent does not need anybody who could give it, nor Slack to say who that is.
 * 4. Else refused when nobody who may decide now ever could.
 * 5. Request and audit entry. 6. A card for each approver of the first step, and the requester's
 * own copy.
 */
export async function requestApproval(
  sql: Sql,
  deps: RequestDeps,
  proposal: ApprovalProposal,
): Promise<ApprovalRequestOutcome> {
  const now = deps.clock();
  // Also the lock under which a second submission of the same form waits for the first.
  const openRequests = await countOpenRequests(sql, proposal);
  const { idempotencyKey } = proposal;
  const repeated =
    idempotencyKey === undefined ? undefined : await findRequestByKey(sql, idempotencyKey);
  if (repeated !== undefined) return outcomeOf(repeated);

  const requester = await loadRequester(sql, proposal.requester, proposal.scope);
  const { scope, amount, baseAmount } = proposal;
  const question = { scope, amount, baseAmount, requester };
  const covering = policyFor(await listApprovalPolicies(sql), question);
  const draft = newRequest(proposal, covering ?? DEFAULT_POLICY, now);
  const refusal = refusalOfProposal(proposal, { policy: covering, openRequests, now });
  if (refusal !== undefined) return { kind: "refused", reason: refusal };
  const { apply } = deps;
  if (apply !== undefined && (await takesFromCeiling(sql, draft, now))) {
    await saveRequest(sql, draft, idempotencyKey);
    return await applyAutomatically(sql, apply, draft);
  }

  const groups = await loadGroups(entriesOf(draft.policy), deps.approverGroups);
  const authority = await loadAuthority(sql, draft, { groups, now });
  const nobody = refusalOfSteps(draft.policy, authority.steps);
  if (nobody !== undefined) return { kind: "refused", reason: nobody };
  const asked = peopleToAsk(authority, { open: [0], spoken: [] });
  const request: ApprovalRequest = { ...draft, asked, waitingFor: asked };
  await saveRequest(sql, request, idempotencyKey);
  const announcement = await addressed(sql, { request, votes: [], questions: [], now });
  await enqueueCards(sql, announcement, asked);
  await enqueueAskedNotice(sql, announcement);
  return outcomeOf(request);
}

async function saveRequest(
  sql: Sql,
  request: ApprovalRequest,
  idempotencyKey: string | undefined,
): Promise<void> {
  const nextReminderAt = nextReminderAfter(request, request.requestedAt);
  await insertRequest(sql, request, { idempotencyKey, nextReminderAt });
  await recordRequest(sql, request);
}

function outcomeOf(request: ApprovalRequest): ApprovalRequestOutcome {
  const { requestId, asked: approvers, expiresAt } = request;
  return request.isAutomatic
    ? { kind: "applied", requestId }
    : { kind: "requested", requestId, approvers, expiresAt };
}

async function takesFromCeiling(
  sql: Sql,
  { policy, requestedAmount: amount }: ApprovalRequest,
  now: Instant,
): Promise<boolean> {
  const { autoApprove } = policy;
  if (autoApprove === undefined || amount > autoApprove.upTo) return false;
  const counter = await autoCounterOf(sql, policy, autoApprove.periodKind, now);
  return await takeAutoSpend(sql, counter, { amount, ceiling: autoApprove.perPeriod });
}

/** Which count the automatic approvals of a policy go to at `now`: of the organization's calendar. */
export async function autoCounterOf(
  sql: Sql,
  policy: ApprovalPolicy,
  periodKind: AutoCounter["periodKind"],
  now: Instant,
): Promise<AutoCounter> {
  const { start } = periodOf(now, { kind: periodKind, ...(await loadCalendar(sql)) });
  return { counterKey: autoCounterKey(policy), periodKind, periodStart: start };
}

async function applyAutomatically(
  sql: Sql,
  apply: ApprovalApplier,
  request: ApprovalRequest,
): Promise<ApprovalRequestOutcome> {
  const { requestedAt: now, requestedAmount: amount, endsAt } = request;
  const applied: ApprovalRequest = {
    ...request,
    status: "applied",
    approvedAmount: amount,
    approvedEndsAt: endsAt,
    isAutomatic: true,
    decidedAt: now,
  };
  await updateDecision(sql, applied);
  const { requestId } = request;
  await apply(sql, {
    ...proposedPart(request),
    amount,
    endsAt,
    approvers: [],
    decidedBy: undefined,
    decidedAt: now,
  });
  await recordAudit(sql, {
    occurredAt: now,
    actor: "system",
    action: "approval.applied",
    subject: `approval:${requestId}`,
    before: { status: request.status },
    after: {
      status: applied.status,
      amount: usdToDecimal(amount),
      ends_at: endsAt,
      automatic: true,
      counted_under: autoCounterKey(request.policy),
    },
    rule: { ...policyToJson(request.policy) },
  });
  const announcement = { request: applied, votes: [], questions: [], now };
  await enqueueOutcomeNotice(sql, await addressed(sql, announcement));
  return outcomeOf(applied);
}

async function recordRequest(sql: Sql, request: ApprovalRequest): Promise<void> {
  const { requester, beneficiary } = request;
  await recordAudit(sql, {
    occurredAt: request.requestedAt,
    actor: requester,
    action: "approval.requested",
    subject: `approval:${request.requestId}`,
    after: {
      kind: request.kind,
      subject: request.subject,
      amount: usdToDecimal(request.requestedAmount),
      ends_at: request.endsAt,
      reason: request.reason,
      asked: request.asked,
      expires_at: request.expiresAt,
      ...(beneficiary === requester ? {} : { beneficiary }),
    },
    rule: { ...policyToJson(request.policy) },
  });
}

function newRequest(
  proposal: ApprovalProposal,
  policy: ApprovalRequest["policy"],
  now: Instant,
): ApprovalRequest {
  const { kind, scope, subject, title, details, requester, beneficiary } = proposal;
  return {
    kind,
    scope,
    subject,
    title,
    details,
    requester,
    beneficiary,
    requestId: uuidV7(),
    requestedAmount: proposal.amount,
    endsAt: proposal.endsAt,
    timeZone: proposal.timeZone,
    reason: proposal.reason,
    policy,
    asked: [],
    waitingFor: [],
    status: "requested",
    approvedAmount: undefined,
    approvedEndsAt: undefined,
    decidedBy: undefined,
    isAutomatic: false,
    decidedAt: undefined,
    decisionReason: undefined,
    revocation: undefined,
    requestedAt: now,
    expiresAt: expiryOf(proposal, policy, now),
  };
}
