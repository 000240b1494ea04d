/** A policy as JSON, in the table of policies and frozen into each request, and back. */
import { assert } from "../../../domain/assert.ts";
import { emailFrom } from "../../../domain/email.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { PERIOD_KINDS } from "../../../domain/time.ts";
import {
  type ApprovalPolicy,
  approverEntryFrom,
  formatApproverEntry,
  type PolicyMatch,
} from "../rules/policy.ts";

export interface PolicyJson {
  readonly name?: string;
  readonly up_to: string | null;
  readonly match?: {
    readonly scopes?: readonly string[];
    readonly requesters?: readonly string[];
    readonly up_to_percent?: number;
  };
  readonly steps: readonly { readonly approvers: readonly string[]; readonly quorum: number }[];
  readonly expires_in_ms: number;
  readonly remind_after_ms?: readonly number[];
  readonly escalate_to: readonly string[];
  readonly escalate_after_ms?: number;
  readonly auto_approve?: {
    readonly up_to: string;
    readonly per_period: string;
    readonly period: string;
  };
}

/** Of requests from before there were steps. */
export interface OldPolicyJson extends Omit<PolicyJson, "steps"> {
  readonly approvers: readonly string[];
  readonly quorum: number;
}

export function policyToJson(policy: ApprovalPolicy): PolicyJson {
  const { name, upTo, match, autoApprove, remindAfterMs, escalateAfterMs } = policy;
  return {
    ...(name === undefined ? {} : { name }),
    up_to: upTo === undefined ? null : usdToDecimal(upTo),
    match: {
      ...(match.scopes === undefined ? {} : { scopes: match.scopes }),
      ...(match.requesters === undefined ? {} : { requesters: match.requesters }),
      ...(match.upToPercent === undefined ? {} : { up_to_percent: match.upToPercent }),
    },
    steps: policy.steps.map(({ approvers, quorum }) => ({
      approvers: approvers.map(formatApproverEntry),
      quorum,
    })),
    expires_in_ms: policy.expiresInMs,
    ...(remindAfterMs === undefined ? {} : { remind_after_ms: remindAfterMs }),
    escalate_to: policy.escalateTo,
    ...(escalateAfterMs === undefined ? {} : { escalate_after_ms: escalateAfterMs }),
    ...(autoApprove === undefined
      ? {}
      : {
          auto_approve: {
            up_to: usdToDecimal(autoApprove.upTo),
            per_period: usdToDecimal(autoApprove.perPeriod),
            period: autoApprove.periodKind,
          },
        }),
  };
}

export function policyFromJson(json: PolicyJson | OldPolicyJson): ApprovalPolicy {
  const steps = "steps" in json ? json.steps : [json];
  const { name, remind_after_ms: remindAfterMs, escalate_after_ms: escalateAfterMs } = json;
  return {
    ...(name === undefined ? {} : { name }),
    upTo: json.up_to === null ? undefined : usdFromDecimal(json.up_to),
    match: matchFrom(json.match),
    steps: steps.map(({ approvers, quorum }) => ({
      approvers: approvers.map(approverEntryFrom),
      quorum,
    })),
    expiresInMs: json.expires_in_ms,
    ...(remindAfterMs === undefined ? {} : { remindAfterMs }),
    escalateTo: json.escalate_to.map(emailFrom),
    ...(escalateAfterMs === undefined ? {} : { escalateAfterMs }),
    ...autoApproveFrom(json.auto_approve),
  };
}

function matchFrom(json: PolicyJson["match"]): PolicyMatch {
  const { scopes, requesters, up_to_percent: upToPercent } = json ?? {};
  return {
    ...(scopes === undefined ? {} : { scopes }),
    ...(requesters === undefined ? {} : { requesters }),
    ...(upToPercent === undefined ? {} : { upToPercent }),
  };
}

function autoApproveFrom(json: PolicyJson["auto_approve"]): Pick<ApprovalPolicy, "autoApprove"> {
  if (json === undefined) return {};
  const periodKind = PERIOD_KINDS.find((kind) => kind === json.period);
  assert(periodKind !== undefined, `a stored period is one: ${json.period}`);
  const { up_to: upTo, per_period: perPeriod } = json;
  return {
    autoApprove: { upTo: usdFromDecimal(upTo), perPeriod: usdFromDecimal(perPeriod), periodKind },
  };
}
