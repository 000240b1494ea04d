/** What the rest of the program may use from reconciliation. */
export { loadBillComparison } from "./flow/billed-lines.ts";
export { type ReconcileDeps, type ReconcileOutcome, reconcile } from "./flow/reconcile.ts";
export {
  acceptDifferences,
  basisOf,
  loadBasis,
  loadReconciliation,
  type ReconciliationReport,
} from "./flow/report.ts";
export { parseReconciliationPeriod, reconciliationRoutes } from "./http.ts";
export { reconciliationJson, reconciliationText } from "./messages.ts";
export { causeNames, parseCause } from "./rules/causes.ts";
export type { Basis } from "./rules.ts";
export { startReconciling } from "./schedule.ts";
export { replaceDriftPercent } from "./store/settings.ts";
