/** What the rest of the program may use from governance. */
export {
  type ApplyContext,
  type ApplyOutcome,
  applyGovernance,
  findGovernanceDocument,
  type GovernanceAppliers,
} from "./flow.ts";
export { governanceRoutes } from "./http.ts";
export { formatProblems } from "./messages.ts";
export { type ParsedGovernance, parseGovernance } from "./parse/parse-governance.ts";
export type {
  BudgetScope,
  Governance,
  GovernanceProblem,
  GovernedBudget,
  GovernedDigest,
  GovernedPolicy,
} from "./rules.ts";
