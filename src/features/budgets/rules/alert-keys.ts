/**
 * Keys by which alerts know what was said about a budget. They name all that a budget measures by
 * (scope, calendar): a budget that measures something else says it anew. Pure.
 */
import { type Usd, usdToDecimal } from "../../../domain/money.ts";
import type { Period } from "../../../domain/time.ts";
import { type Budget, formatCoverage } from "../rules.ts";
import type { BudgetAlert } from "./evaluate.ts";

/** One living message for a member's budget and period. migrations/0007 writes the same. */
export function budgetThreadKey(
  budget: Pick<Budget, "budgetId" | "coverage">,
  { memberKey, period }: { readonly memberKey: string; readonly period: Period },
): string {
  const coverage = formatCoverage(budget.coverage);
  const span = `${period.start.toISOString()}/${period.end.toISOString()}`;
  return `budget:${budget.budgetId}:${memberKey}:${coverage}:${span}`;
}

/** Once for a period, threshold and the limit that people decided on. */
export function thresholdFactKey(
  budget: Pick<Budget, "budgetId" | "coverage">,
  alert: Pick<BudgetAlert, "memberKey" | "period" | "thresholdPercent" | "decided">,
): string {
  const { thresholdPercent, decided } = alert;
  return outlookFactKey(budgetThreadKey(budget, alert), {
    what: "threshold",
    value: thresholdPercent,
    decided,
  });
}

/** What else is said once for a period and limit: "…:forecast:100:500", "…:pace:3:500". */
export function outlookFactKey(
  threadKey: string,
  fact: {
    readonly what: "threshold" | "forecast" | "pace" | "recovery:forecast" | "recovery:pace";
    readonly value: number;
    readonly decided: Usd;
  },
): string {
  const limit = usdToDecimal(fact.decided).replace(/\.?0+$/, "");
  return `${threadKey}:${fact.what}:${String(fact.value)}:${limit}`;
}

/** Once for a period. */
export function resetFactKey(threadKey: string): string {
  return `${threadKey}:reset`;
}
