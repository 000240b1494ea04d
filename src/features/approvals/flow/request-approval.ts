/** Asking for consent: chooses the policy, freezes it into the request and tells its approvers. */
import { v7 as uuidV7 } from "uuid";
import type { Email } from "../../../domain/email.ts";
import { usdToDecimal } from "../../../domain/money.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import type { Sql } from "../../../store/database.ts";
import { DEFAULT_POLICY, tierFor } from "../rules/policy.ts";
import {
  type ApprovalProposal,
  type ApprovalRequest,
  expiryOf,
  type RequestRefusal,
  refusalOfProposal,
} from "../rules.ts";
import { listApprovalPolicies } from "../store/policies.ts";
import { countOpenRequests, insertRequest } from "../store/requests.ts";
import { enqueueAskedNotice, enqueueCards } from "./announce.ts";
import { type ApproverGroups, loadApprovers, loadGroups } from "./approvers.ts";

export type ApprovalRequestOutcome =
  | {
      readonly kind: "requested";
      readonly requestId: string;
      readonly approvers: readonly Email[];
      readonly expiresAt: Instant;
    }
  | { readonly kind: "refused"; readonly reason: RequestRefusal };

/**
 * Stores a request and its cards in the caller's transaction. `approverGroups` must answer without
 * waiting for Slack: give it what `prefetchApproverGroups` returned.
 *
 * 1. The policy that covers the amount, and who may decide under it now.
 * 2. Refused when nobody could ever decide it, or when the requester has too many open ones.
 * 3. Request, audit entry, a card for each approver and the requester's own copy.
 */
export async function requestApproval(
  sql: Sql,
  {
    clock,
    approverGroups,
  }: { readonly clock: Clock; readonly approverGroups?: ApproverGroups | undefined },
  proposal: ApprovalProposal,
): Promise<ApprovalRequestOutcome> {
  const now = clock();
  const covering = tierFor(await listApprovalPolicies(sql), proposal.amount);
  const request = newRequest(proposal, covering ?? DEFAULT_POLICY, now);
  const groups = await loadGroups(request.policy.approvers, approverGroups);
  const approvers = await loadApprovers(sql, request, { groups, now });

  const refusal = refusalOfProposal(proposal, {
    policy: covering,
    approvers,
    openRequests: await countOpenRequests(sql, proposal),
    now,
  });
  if (refusal !== undefined) return { kind: "refused", reason: refusal };

  const asking: ApprovalRequest = { ...request, asked: approvers };
  await insertRequest(sql, asking);
  await recordAudit(sql, {
    occurredAt: now,
    actor: asking.requester,
    action: "approval.requested",
    subject: `approval:${asking.requestId}`,
    after: {
      kind: asking.kind,
      subject: asking.subject,
      amount: usdToDecimal(asking.requestedAmount),
      ends_at: asking.endsAt,
      reason: asking.reason,
      asked: asking.asked,
      expires_at: asking.expiresAt,
    },
  });
  await enqueueCards(sql, { request: asking, votes: [], now }, approvers);
  await enqueueAskedNotice(sql, { request: asking, votes: [], now });
  return { kind: "requested", requestId: asking.requestId, approvers, expiresAt: asking.expiresAt };
}

function newRequest(
  proposal: ApprovalProposal,
  policy: ApprovalRequest["policy"],
  now: Instant,
): ApprovalRequest {
  const { amount, ...asked } = proposal;
  return {
    ...asked,
    requestId: uuidV7(),
    requestedAmount: amount,
    policy,
    asked: [],
    status: "requested",
    approvedAmount: undefined,
    decidedBy: undefined,
    decidedAt: undefined,
    decisionReason: undefined,
    requestedAt: now,
    expiresAt: expiryOf(proposal, policy, now),
  };
}
