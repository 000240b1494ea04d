/** Whether pushes to limits elsewhere fit the budgets that they name. Pure. */
import { formatLimitTarget, type LimitSystem } from "../../../domain/limit.ts";
import type { PeriodKind } from "../../../domain/time.ts";
import type { BudgetScope, GovernedLimitPush } from "../rules.ts";
import type { Finding, Located } from "./check-governance.ts";

interface PushesAndBudgets {
  readonly limitPushes: readonly Located<GovernedLimitPush>[];
  readonly budgets: readonly Located<{
    readonly key: string;
    readonly scope: BudgetScope;
    readonly period: PeriodKind;
  }>[];
}

/** Which periods a system's limits have; LiteLLM keeps its own beside the amount. */
const PERIODS: Readonly<Record<LimitSystem, readonly PeriodKind[] | undefined>> = {
  anthropic: ["monthly"],
  gateway: ["daily", "weekly", "monthly"],
  litellm: undefined,
};

export function checkLimitPushes({ limitPushes, budgets }: PushesAndBudgets): Finding[] {
  const known = new Map(budgets.map(({ value }) => [value.key, value]));
  const seen = new Set<string>();
  return limitPushes.flatMap(({ path, value: { budgetKey, target } }): Finding[] => {
    const text = formatLimitTarget(target);
    const pair = `${budgetKey} ${text}`;
    if (seen.has(pair)) return [{ path, message: `expected each push once; ${pair} is repeated` }];
    seen.add(pair);
    const budget = known.get(budgetKey);
    if (budget === undefined) {
      const unknown = { name: budgetKey, known: new Set(known.keys()) };
      return [
        {
          path: [...path, "budget"],
          message: `expected a budget of this document, there is no ${budgetKey}`,
          unknown,
        },
      ];
    }
    const periods = PERIODS[target.system];
    if (periods !== undefined && !periods.includes(budget.period)) {
      return [
        {
          path: [...path, "to"],
          message: `expected a budget that is ${periods.join(" or ")}, as the limits of ${target.system} are; ${budgetKey} is ${budget.period}`,
        },
      ];
    }
    const isPersons =
      budget.scope.kind === "user" || (budget.scope.kind === "each" && budget.scope.key === "user");
    return target.kind === "user" && target.id === "" && !isPersons
      ? [
          {
            path: [...path, "to"],
            message: `expected ${text}:ID, since ${budgetKey} is not one person's`,
          },
        ]
      : [];
  });
}
