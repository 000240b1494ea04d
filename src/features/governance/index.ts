/** What the rest of the program may use from governance. */
export { applyGovernanceFile } from "./flow/apply-file.ts";
export { type EditOutcome, editGovernance } from "./flow/edit-governance.ts";
export { followDates } from "./flow/follow-dates.ts";
export {
  diffGovernance,
  findGovernance,
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
export type { GovernanceEdit } from "./rules/edits.ts";
export { budgetKeyFor, keyFor } from "./rules/key-for.ts";
export type { VersionFacts } from "./rules/versions.ts";
export type {
  BudgetScope,
  Governance,
  GovernanceProblem,
  GovernedBudget,
  GovernedDigest,
  GovernedPolicy,
} from "./rules.ts";
export { formatBudgetScope as scopeText } from "./rules.ts";
export { governanceListeners } from "./slack.ts";
