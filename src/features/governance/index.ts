/** What the rest of the program may use from governance. */
export { applyGovernanceFile } from "./flow/apply-file.ts";
export { type EditOutcome, editGovernance } from "./flow/edit-governance.ts";
export {
  diffGovernance,
  findGovernanceDocument,
  listGovernanceVersions,
} from "./flow/history.ts";
export {
  type ApplyContext,
  type ApplyOutcome,
  applyGovernance,
  type GovernanceAppliers,
  type GovernanceDeps,
} from "./flow.ts";
export { governanceRoutes } from "./http.ts";
export { formatProblems, REFRESH_FILE, versionText } from "./messages.ts";
export { type ParsedGovernance, parseGovernance } from "./parse/parse-governance.ts";
export type {
  BudgetScope,
  Governance,
  GovernanceProblem,
  GovernedBudget,
  GovernedDigest,
  GovernedPolicy,
} from "./rules.ts";
