/** Edits of the budgets in a governance document, as values of the document. Pure. */
import { parseUsd } from "../../../domain/money.ts";
import { formatScope, parseScope } from "../../../domain/scope.ts";
import { done, type EditResult } from "./edit-result.ts";
import { budgetKeyFor } from "./key-for.ts";
import { entries, filled, replaced, texts, type Values, withChanges } from "./values.ts";

export type BudgetEdit =
  | {
      readonly kind: "put-budget";
      readonly key: string;
      readonly isNew: boolean;
      readonly scope: string;
      readonly limit: string;
      readonly period: string;
      readonly thresholds: readonly number[];
      readonly forecastThresholds: readonly number[];
    }
  | { readonly kind: "remove-budget"; readonly key: string }
  /** The limit of whichever budget a scope has for a period; a new budget where it has none. */
  | {
      readonly kind: "set-limit";
      /** As `formatScope` writes it. */
      readonly scope: string;
      readonly period: string;
      readonly limit: string;
      /** What a new one is called; undefined: after its scope and period. */
      readonly newKey: string | undefined;
    };

export function editBudgets(values: Values, edit: BudgetEdit): EditResult {
  switch (edit.kind) {
    case "put-budget":
      return putBudget(values, edit);
    case "remove-budget":
      return removeBudget(values, edit.key);
    case "set-limit":
      return setLimit(values, edit);
  }
}

/** The budget that an edit is about, as it stands in these values. */
export function touchedBudget(values: Values, edit: BudgetEdit): Values | undefined {
  const budgets = entries(values["budgets"]);
  return edit.kind === "set-limit"
    ? budgets[indexOfScope(budgets, edit)]
    : budgets.find((budget) => budget["key"] === edit.key);
}

function putBudget(
  values: Values,
  edit: Extract<BudgetEdit, { readonly kind: "put-budget" }>,
): EditResult {
  const budgets = entries(values["budgets"]);
  const index = budgets.findIndex((budget) => budget["key"] === edit.key);
  const what = `budget ${edit.key}`;
  if (index !== -1 && edit.isNew) return { kind: "refused", reason: "taken", what };
  if (index === -1 && !edit.isNew) return { kind: "refused", reason: "gone", what };
  const { key, scope, limit, period, thresholds, forecastThresholds } = edit;
  const budget = withChanges(budgets[index] ?? {}, {
    key,
    scope,
    limit,
    period,
    thresholds,
    forecast_thresholds: filled(forecastThresholds),
  });
  return done({ ...values, budgets: replaced(budgets, index, budget) });
}

function removeBudget(values: Values, key: string): EditResult {
  const budgets = entries(values["budgets"]);
  const kept = budgets.filter((budget) => budget["key"] !== key);
  return kept.length === budgets.length
    ? { kind: "refused", reason: "gone", what: `budget ${key}` }
    : done(withChanges(values, { budgets: filled(kept) }));
}

function setLimit(
  values: Values,
  edit: Extract<BudgetEdit, { readonly kind: "set-limit" }>,
): EditResult {
  const { scope, period, limit } = edit;
  const budgets = entries(values["budgets"]);
  const index = indexOfScope(budgets, edit);
  const before = budgets[index];
  if (before !== undefined) {
    const inForce = before["limit"];
    // "500" and "500.00" are one limit: nobody changed anything.
    const isSame = typeof inForce === "string" && parseUsd(inForce) === parseUsd(limit);
    return done(
      isSame
        ? values
        : { ...values, budgets: replaced(budgets, index, withChanges(before, { limit })) },
    );
  }
  const taken = texts(budgets.map((budget) => budget["key"]));
  const key = edit.newKey ?? budgetKeyFor({ scope, period }, taken);
  if (taken.includes(key)) return { kind: "refused", reason: "taken", what: `budget ${key}` };
  return done({ ...values, budgets: [...budgets, { key, scope, limit, period }] });
}

function indexOfScope(
  budgets: readonly Values[],
  of: { readonly scope: string; readonly period: string },
): number {
  return budgets.findIndex((budget) => {
    const scope = parseScope(String(budget["scope"]));
    return scope !== undefined && formatScope(scope) === of.scope && budget["period"] === of.period;
  });
}
