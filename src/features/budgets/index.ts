/** What the rest of the program may use from budgets. */
export type { BudgetStatus, GovernedBudget } from "./rules.ts";
export { enqueueBudgetChecks } from "./store/checks.ts";
