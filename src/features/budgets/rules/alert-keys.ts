/**
 * Keys by which alerts know what was said about a budget. They name all that a budget measures by
 * (scope, calendar): a budget that measures something else says it anew. Pure.
 */
import { usdToDecimal } from "../../../domain/money.ts";
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

/** Once for a period, threshold and limit in force. */
export function thresholdFactKey(
  budget: Pick<Budget, "budgetId" | "coverage">,
  alert: Pick<BudgetAlert, "memberKey" | "period" | "thresholdPercent" | "limit">,
): string {
  const limit = usdToDecimal(alert.limit).replace(/\.?0+$/, "");
  return `${budgetThreadKey(budget, alert)}:threshold:${String(alert.thresholdPercent)}:${limit}`;
}
