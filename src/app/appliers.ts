/** How decisions and governance documents take effect in the features that they are about. */
import { assert } from "../domain/assert.ts";
import { formatLimitTarget } from "../domain/limit.ts";
import { type ApprovalAppliers, replaceApprovalPolicies } from "../features/approvals/index.ts";
import { raiseEffects, replaceGovernedBudgets } from "../features/budgets/index.ts";
import { replaceGovernedCosts } from "../features/chargeback/index.ts";
import { type DigestRule, replaceGovernedDigests } from "../features/digests/index.ts";
import { type GovernanceAppliers, type GovernedDigest } from "../features/governance/index.ts";
import { applyIncrease, replacePushRules } from "../features/limits/index.ts";
import { replaceDriftPercent } from "../features/reconciliation/index.ts";

/** What an approval of each kind leads to. Grants that end early are found by whoever pushed them. */
export const approvalEffects: ApprovalAppliers = {
  budget_raise: raiseEffects,
  anthropic_limit_increase: {
    apply: applyIncrease,
    revoke: async () => await Promise.resolve(),
  },
};

/** How each feature takes over its part of a governance document, inside its transaction. */
export const governanceAppliers: GovernanceAppliers = {
  budgets: async (sql, budgets, { appliedAt, appliedBy }) => {
    await replaceGovernedBudgets(sql, budgets, appliedAt, appliedBy);
  },
  digests: async (sql, digests, { appliedAt }) => {
    await replaceGovernedDigests(
      sql,
      digests.map((digest) => ({
        ruleKey: digest.key,
        target: digestTarget(digest),
        every: digest.every,
        onWeekday: digest.onWeekday,
        onDay: digest.onDay,
        atLocalTime: digest.atLocalTime,
        zone: digest.timeZone,
      })),
      appliedAt,
    );
  },
  approvalPolicies: async (sql, policies) => {
    await replaceApprovalPolicies(sql, policies);
  },
  driftPercent: replaceDriftPercent,
  limitPushes: async (sql, pushes) => {
    await replacePushRules(
      sql,
      pushes.map(({ budgetKey, target }) => ({
        budgetId: budgetKey,
        target: formatLimitTarget(target),
      })),
    );
  },
  chargeback: async (sql, { sharedCosts, commitments, credits }) => {
    await replaceGovernedCosts(sql, { sharedCosts, commitments, credits });
  },
};

function digestTarget({ scope, channel }: GovernedDigest): DigestRule["target"] {
  if (scope.kind === "each") return { kind: "each", of: scope.key };
  assert(channel !== undefined, "a digest of one scope has a channel");
  return { kind: "one", scope, destination: { channel } };
}
