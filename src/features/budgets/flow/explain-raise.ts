/** Who would decide about a raise, and why: the question of an operator, asked before anybody asks. */
import { type Email, parseEmail } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";
import type { Clock } from "../../../domain/time.ts";
import type { Database } from "../../../store/database.ts";
import { type ApproverGroups, type Explanation, explainApproval } from "../../approvals/index.ts";
import { amountOf, type RaiseAmount } from "../rules/raise-amount.ts";
import { longestFirst } from "./request-raise.ts";
import { listBudgetStatus } from "./status.ts";

export type RaiseExplanation =
  | { readonly kind: "no-budget" }
  | { readonly kind: "too-small" | "too-large" }
  | {
      readonly kind: "explained";
      readonly budgetId: string;
      readonly scope: string;
      readonly amount: Usd;
      readonly baseLimit: Usd;
      readonly beneficiary: Email;
      readonly explanation: Explanation;
    };

/** Of several budgets of the scope the one of the longest period, like `raise`. */
export async function explainRaise(
  deps: {
    readonly database: Database;
    readonly clock: Clock;
    readonly approverGroups?: ApproverGroups | undefined;
  },
  raise: { readonly scope: Scope; readonly amount: RaiseAmount; readonly requester: Email },
): Promise<RaiseExplanation> {
  const { scope, requester } = raise;
  const statuses = await listBudgetStatus(deps.database, { scope, now: deps.clock() });
  const [status] = longestFirst(statuses);
  if (status === undefined) return { kind: "no-budget" };
  const { baseLimit, budgetId } = status;
  const amount = amountOf(raise.amount, baseLimit);
  if (amount.kind === "refused") return { kind: amount.reason };
  const beneficiary = (scope.kind === "user" ? parseEmail(scope.key) : undefined) ?? requester;
  const explanation = await explainApproval(deps, {
    scope,
    amount: amount.amount,
    baseAmount: baseLimit,
    requester,
    beneficiary,
  });
  return {
    kind: "explained",
    budgetId,
    scope: formatScope(scope),
    amount: amount.amount,
    baseLimit,
    beneficiary,
    explanation,
  };
}
