/**
 * Why a request would go to whom: which policy covers it and why, whom each step asks, who is left
 * out and why, what the ceiling of automatic approvals has left. Changes nothing.
 */
import type { Email } from "../../../domain/email.ts";
import { type Usd, usd } from "../../../domain/money.ts";
import type { Scope } from "../../../domain/scope.ts";
import { addMs, type Clock, type Instant } from "../../../domain/time.ts";
import type { Database } from "../../../store/database.ts";
import { authorityOver, type Directory, isExcluded, peopleOf } from "../rules/mandate.ts";
import {
  type ApprovalPolicy,
  DEFAULT_POLICY,
  formatApproverEntry,
  mismatchOf,
  type PolicyMismatch,
  policyFor,
} from "../rules/policy.ts";
import { type RequestRefusal, refusalOfSteps } from "../rules.ts";
import { loadAutoSpend } from "../store/auto-spend.ts";
import { listApprovalPolicies, loadRequester } from "../store/policies.ts";
import { type ApproverGroups, entriesOf, loadDirectory, loadGroups } from "./approvers.ts";
import { autoCounterOf } from "./request-approval.ts";

export interface ApprovalQuestion {
  readonly scope: Scope;
  readonly amount: Usd;
  readonly baseAmount: Usd | undefined;
  readonly requester: Email;
  readonly beneficiary: Email;
}

export interface Exclusion {
  readonly person: Email;
  readonly because: "requester" | "beneficiary";
}

export interface ExplainedStep {
  /** As the policy says it. */
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly asked: readonly Email[];
  readonly excluded: readonly Exclusion[];
  /** Who may decide in whose place. */
  readonly delegates: readonly { readonly from: Email; readonly to: Email }[];
}

export interface Explanation {
  /** In order; `position` from 1. The first without a mismatch covers the request. */
  readonly policies: readonly {
    readonly position: number;
    readonly name: string | undefined;
    readonly mismatch: PolicyMismatch | undefined;
    readonly isChosen: boolean;
  }[];
  /** Undefined: none covers it. Without any policy the built-in one holds. */
  readonly policy: ApprovalPolicy | undefined;
  readonly isDefault: boolean;
  readonly steps: readonly ExplainedStep[];
  readonly escalateTo: readonly Email[];
  readonly automatic: { readonly isApplied: boolean; readonly left: Usd } | undefined;
  readonly refusal: RequestRefusal | undefined;
  /** Groups whose members nobody could be asked for. */
  readonly unknownGroups: readonly string[];
}

export async function explainApproval(
  deps: {
    readonly database: Database;
    readonly clock: Clock;
    readonly approverGroups?: ApproverGroups | undefined;
  },
  question: ApprovalQuestion,
): Promise<Explanation> {
  const { database } = deps;
  const now = deps.clock();
  const policies = await listApprovalPolicies(database);
  const requester = await loadRequester(database, question.requester, question.scope);
  const asked = { ...question, requester };
  const policy = policyFor(policies, asked);
  const shown = policies.map((one, index) => ({
    position: index + 1,
    name: one.name,
    mismatch: mismatchOf(one, asked),
    isChosen: one === policy,
  }));
  const nothing = { steps: [], escalateTo: [], automatic: undefined, unknownGroups: [] };
  if (policy === undefined) {
    const refusal = "above-every-policy";
    return { policies: shown, policy, isDefault: false, ...nothing, refusal };
  }
  const groups = await loadGroups(entriesOf(policy), deps.approverGroups);
  const directory = await loadDirectory(database, question.scope, { groups, now });
  const steps = stepsOf(question, { policy, directory, now });
  const automatic = await automaticOf(database, { policy, amount: question.amount, now });
  const isApplied = automatic?.isApplied === true;
  return {
    policies: shown,
    policy,
    isDefault: policy === DEFAULT_POLICY,
    steps,
    escalateTo: policy.escalateTo.filter((person) => !isExcluded(question, person)),
    automatic,
    refusal: isApplied
      ? undefined
      : refusalOfSteps(
          policy,
          steps.map(({ asked: people }) => people),
        ),
    unknownGroups: entriesOf(policy).flatMap((entry) =>
      entry.kind === "slack_group" && (groups.get(entry.handle) ?? []).length === 0
        ? [entry.handle]
        : [],
    ),
  };
}

function stepsOf(
  question: ApprovalQuestion,
  of: {
    readonly policy: ApprovalPolicy;
    readonly directory: Directory;
    readonly now: Instant;
  },
): ExplainedStep[] {
  const { policy, directory, now } = of;
  const subject = {
    policy,
    requester: question.requester,
    beneficiary: question.beneficiary,
    requestedAt: now,
    expiresAt: addMs(now, policy.expiresInMs),
  };
  const authority = authorityOver(subject, directory, now);
  return policy.steps.map(({ approvers, quorum }, index) => {
    const asked = authority.steps[index] ?? [];
    const named = new Set(peopleOf(approvers, directory));
    return {
      approvers: approvers.map(formatApproverEntry),
      quorum,
      asked,
      excluded: [...named].flatMap((person): Exclusion[] => {
        if (person === question.requester) return [{ person, because: "requester" }];
        return person === question.beneficiary ? [{ person, because: "beneficiary" }] : [];
      }),
      delegates: authority.delegations.filter(({ from }) => asked.includes(from)),
    };
  });
}

async function automaticOf(
  database: Database,
  of: { readonly policy: ApprovalPolicy; readonly amount: Usd; readonly now: Instant },
): Promise<Explanation["automatic"]> {
  const { policy, amount, now } = of;
  const { autoApprove } = policy;
  if (autoApprove === undefined) return undefined;
  const counter = await autoCounterOf(database, policy, autoApprove.periodKind, now);
  const used = await loadAutoSpend(database, counter);
  const left = usd(autoApprove.perPeriod > used ? autoApprove.perPeriod - used : 0n);
  return { isApplied: amount <= autoApprove.upTo && amount <= left, left };
}
