/** What the rest of the program may use from budgets. */
export { raiseEffects } from "./flow/apply-raise.ts";
export { replaceGovernedBudgets } from "./flow/change-budgets.ts";
export { checkDueBudgets } from "./flow/check-due-budgets.ts";
export { checkDueWatches } from "./flow/check-due-watches.ts";
export { endRaises } from "./flow/end-raises.ts";
export { explainRaise } from "./flow/explain-raise.ts";
export { listBudgetStatus, loadBudgetStatus } from "./flow/status.ts";
export { budgetRoutes } from "./http.ts";
export { parseRaiseAmount } from "./rules/raise-amount.ts";
export { formatBudgetRef as raiseButtonValue } from "./rules.ts";
export { budgetListeners } from "./slack.ts";
export {
  checkArrays,
  checkValues,
  countWaitingChecks,
  enqueueBudgetChecks,
  enqueueChecksFrom,
} from "./store/checks.ts";
