/** The shape of an approval policy in a governance document. What its words mean is `approvals`. */
import { z } from "zod";
import { parseEmail } from "../../../domain/email.ts";
import { parseScope } from "../../../domain/scope.ts";
import { PERIOD_KINDS } from "../../../domain/time.ts";
import { ADMINS, formatBudgetScope, SLACK_GROUP_PREFIX, TEAM_OWNERS } from "../rules.ts";
import { amount, duration, email, parseKnownScope, text } from "./schema.ts";
import { leaf, listOf, mapping, notEmpty, oneOf, wholeUpTo } from "./shapes.ts";

const QUORUM_MAX = 20;
/** A request for more than ten times a budget is about another budget. */
const SHARE_PERCENT_MAX = 1000;
/** A longer chain is a committee, and nobody waits for it. */
const STEPS_MAX = 5;

const quorum = leaf(`a whole number from 1 to ${String(QUORUM_MAX)}`, wholeUpTo(QUORUM_MAX));
const approver = leaf("team_owners, admins, an e-mail address or slack_group:NAME", (value) => {
  if (typeof value !== "string") return undefined;
  if (value === TEAM_OWNERS || value === ADMINS || /^slack_group:[^\s@,]{1,80}$/.test(value))
    return value;
  return value.startsWith(SLACK_GROUP_PREFIX) ? undefined : parseEmail(value);
});
const scopePattern = leaf(
  'a scope such as team:search, or all of a kind such as "team:*"',
  (value) => {
    if (typeof value !== "string") return undefined;
    const kind = /^(team|project|user|api_key|workspace|model|tag):\*$/.exec(value);
    const parsed = kind === null ? parseKnownScope(value) : undefined;
    return kind === null ? parsed && formatBudgetScope(parsed) : value;
  },
);
const requesterPattern = leaf(
  'an e-mail address, "*@domain", team:KEY, team_owners or admins',
  (value) => {
    if (typeof value !== "string") return undefined;
    if (value === TEAM_OWNERS || value === ADMINS) return value;
    if (/^\*@[^\s@*]+$/.test(value)) return value.toLowerCase();
    return value.startsWith("team:") && parseScope(value) !== undefined ? value : parseEmail(value);
  },
);
const approvers = listOf(approver).refine(
  (list) => list.length > 0,
  "expected at least one approver",
);

/** One value or a list of them. */
function oneOrMore<Value>(value: z.ZodType<Value>) {
  return z
    .preprocess((given): unknown => (Array.isArray(given) ? given : [given]), z.array(value))
    .refine((list) => list.length > 0, "expected at least one");
}

export const policySchema = mapping({
  name: text.optional(),
  up_to: amount.optional(),
  match: notEmpty(
    mapping({
      scope: oneOrMore(scopePattern).optional(),
      requester: oneOrMore(requesterPattern).optional(),
      up_to_percent: leaf(
        `a whole percentage from 1 to ${String(SHARE_PERCENT_MAX)}`,
        wholeUpTo(SHARE_PERCENT_MAX),
      ).optional(),
    }),
    "expected scope, requester or up_to_percent",
  ).optional(),
  approvers: approvers.optional(),
  quorum: quorum.optional(),
  steps: listOf(mapping({ approvers, quorum: quorum.optional() }))
    .refine((list) => list.length > 1, "expected at least two steps; one is approvers and quorum")
    .refine((list) => list.length <= STEPS_MAX, `expected at most ${String(STEPS_MAX)} steps`)
    .optional(),
  expires_in: duration.optional(),
  remind_after: oneOrMore(duration).optional(),
  escalate_to: listOf(email).optional(),
  escalate_after: duration.optional(),
  auto_approve: mapping({
    up_to: amount,
    per_period: amount,
    period: oneOf(PERIOD_KINDS),
  }).optional(),
}).superRefine((policy, ctx) => {
  const issue = (path: string, message: string): void => {
    ctx.addIssue({ code: "custom", path: [path], message });
  };
  if (policy.steps === undefined && policy.approvers === undefined) {
    issue("approvers", "expected approvers, or steps with approvers each; both are missing");
  }
  if (policy.steps !== undefined) {
    for (const name of ["approvers", "quorum"] as const) {
      if (policy[name] !== undefined) issue(name, "expected either steps, or approvers and quorum");
    }
  }
});
